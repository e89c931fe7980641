import type { Container, EphemeralContainer, Volume } from '../../../openapi/generated/types.ts';
import {
  type FieldError,
  duplicate,
  forbiddenField,
  invalidValue,
  required,
} from '../../../openapi/machinery/status.ts';
import { envFaults, envFromFaults } from './env.ts';
import { descendingPath, notFoundValue, oneOf, portNumber, texts } from './field-errors.ts';
import { dnsLabel, portName } from './names.ts';
import { probeFaults } from './probes.ts';
import { protocols } from './protocols.ts';
import {
  initResizeFaults,
  initRestartFaults,
  resizePolicyFaults,
  restartFaults,
} from './container-policies.ts';
import { containerResourceName } from './resource-names.ts';
import { resourceFaults } from './resources.ts';
import { containerSecurityFaults } from './security-context.ts';

export interface PodFacts {
  readonly volumes: ReadonlyMap<string, Volume>;
  /** Names of the pod's resourceClaims. */
  readonly claims: readonly string[];
  readonly graceSeconds: number;
  readonly restartPolicy: string;
  readonly hostUsers: boolean;
}

export function containerFaults(path: string, containers: readonly Container[], pod: PodFacts): FieldError[] {
  if (containers.length === 0) return [required(path)];
  const names = new Set<string>();
  const faults = containers.flatMap((container, i) => {
    const at = `${path}[${i}]`;
    return [
      ...commonFaults(at, container, pod),
      ...nameTaken(at, container.name, names),
      ...probeFaults(at, container, pod.graceSeconds),
      ...restartFaults(at, container),
    ];
  });
  return [...faults, ...hostPortFaults(path, containers)];
}

export function initContainerFaults(
  path: string,
  containers: readonly Container[],
  regular: readonly Container[],
  pod: PodFacts,
): FieldError[] {
  const names = new Set(regular.map(({ name }) => name));
  return containers.flatMap((container, i) => {
    const at = `${path}[${i}]`;
    return [
      ...commonFaults(at, container, pod),
      ...initRestartFaults(at, container),
      ...(container.name === '' ? [] : nameTaken(at, container.name, names)),
      ...hostPortFaults(path, [container]),
      ...(container.restartPolicy === 'Always'
        ? probeFaults(at, container, pod.graceSeconds)
        : noProbes(at, container)),
      ...initResizeFaults(at, container),
    ];
  });
}

function noProbes(path: string, container: Container): FieldError[] {
  return (['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const)
    .filter((field) => container[field] !== undefined)
    .map((field) =>
      forbiddenField(`${path}.${field}`, 'may not be set for init containers without restartPolicy=Always'),
    );
}

/** In the order of the type. */
const ephemeralForbidden = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
] as const;

export function ephemeralContainerFaults(
  path: string,
  containers: readonly EphemeralContainer[],
  others: readonly Container[],
  pod: PodFacts,
): FieldError[] {
  const otherNames = new Set(others.map(({ name }) => name));
  const names = new Set(otherNames);
  return containers.flatMap((container, i) => {
    const at = `${path}[${i}]`;
    const target = container.targetContainerName ?? '';
    const faults = [
      ...commonFaults(at, container, pod),
      ...paddedImage(at, container),
      ...nameTaken(at, container.name, names),
    ];
    if (target !== '' && !otherNames.has(target)) {
      faults.push(notFoundValue(`${at}.targetContainerName`, target));
    }
    const cannot = 'cannot be set for an Ephemeral Container';
    for (const field of ephemeralForbidden) {
      if (isGiven(field, (container as Container)[field])) {
        faults.push(forbiddenField(`${at}.${field}`, cannot));
      }
    }
    for (const [j, mount] of (container.volumeMounts ?? []).entries()) {
      for (const field of ['subPath', 'subPathExpr'] as const) {
        if ((mount[field] ?? '') !== '')
          faults.push(forbiddenField(`${at}.volumeMounts[${j}].${field}`, cannot));
      }
    }
    return faults;
  });
}

/** An empty list counts as given; resources are no pointer, so that empty ones do not. */
function isGiven(field: (typeof ephemeralForbidden)[number], value: unknown): boolean {
  if (value === undefined || value === null) return false;
  return field !== 'resources' || Object.keys(value).length > 0;
}

function nameTaken(path: string, name: string, names: Set<string>): FieldError[] {
  if (names.has(name)) return [duplicate(`${path}.name`, name)];
  names.add(name);
  return [];
}

function commonFaults(path: string, container: Container, pod: PodFacts): FieldError[] {
  const { name, image = '', terminationMessagePolicy, imagePullPolicy } = container;
  return [
    ...(name === '' ? [required(`${path}.name`)] : texts(`${path}.name`, name, dnsLabel)),
    ...(image === '' ? [required(`${path}.image`)] : []),
    ...oneOf(`${path}.terminationMessagePolicy`, terminationMessagePolicy, ['File', 'FallbackToLogsOnError']),
    ...portListFaults(`${path}.ports`, container.ports ?? []),
    ...envFaults(`${path}.env`, container.env ?? []),
    ...envFromFaults(`${path}.envFrom`, container.envFrom ?? []),
    ...mountFaults(`${path}.volumeMounts`, container, pod),
    ...deviceFaults(`${path}.volumeDevices`, container, pod),
    ...oneOf(`${path}.imagePullPolicy`, imagePullPolicy, ['Always', 'IfNotPresent', 'Never']),
    ...resourceFaults(`${path}.resources`, container.resources ?? {}, {
      claims: pod.claims,
      name: containerResourceName,
    }),
    ...resizePolicyFaults(`${path}.resizePolicy`, container.resizePolicy, pod.restartPolicy),
    ...containerSecurityFaults(`${path}.securityContext`, container.securityContext, pod.hostUsers),
  ];
}

/** Of pods; templates may have it. */
export function paddedImage(path: string, { image = '' }: Pick<Container, 'image'>): FieldError[] {
  if (image === image.trim()) return [];
  return [invalidValue(`${path}.image`, image, 'must not have leading or trailing whitespace')];
}

type Ports = NonNullable<Container['ports']>;

function portListFaults(path: string, ports: Ports): FieldError[] {
  const names = new Set<string>();
  return ports.flatMap((port, i) => {
    const at = `${path}[${i}]`;
    const name = port.name ?? '';
    const faults = name === '' ? [] : texts(`${at}.name`, name, portName);
    if (name !== '' && faults.length === 0) {
      if (names.has(name)) faults.push(duplicate(`${at}.name`, name));
      names.add(name);
    }
    if (port.containerPort === 0) faults.push(required(`${at}.containerPort`));
    else faults.push(...portNumber(`${at}.containerPort`, port.containerPort));
    if ((port.hostPort ?? 0) !== 0) faults.push(...portNumber(`${at}.hostPort`, port.hostPort ?? 0));
    return [...faults, ...oneOf(`${at}.protocol`, port.protocol, protocols)];
  });
}

function hostPortFaults(path: string, containers: readonly Container[]): FieldError[] {
  const taken = new Set<string>();
  return containers.flatMap(({ ports = [] }, i) =>
    ports.flatMap((port, j) => {
      if ((port.hostPort ?? 0) === 0) return [];
      const id = `${port.protocol ?? ''}/${port.hostIP ?? ''}/${port.hostPort ?? 0}`;
      if (taken.has(id)) return [duplicate(`${path}[${i}].ports[${j}].hostPort`, id)];
      taken.add(id);
      return [];
    }),
  );
}

function mountFaults(path: string, container: Container, pod: PodFacts): FieldError[] {
  const paths = new Set<string>();
  const devices = container.volumeDevices ?? [];
  return (container.volumeMounts ?? []).flatMap((mount, i) => {
    const at = `${path}[${i}]`;
    const { name, mountPath, subPath = '', subPathExpr = '' } = mount;
    const faults: FieldError[] = [];
    if (name === '') faults.push(required(`${at}.name`));
    if (!pod.volumes.has(name)) faults.push(notFoundValue(`${at}.name`, name));
    if (mountPath === '') faults.push(required(`${at}.mountPath`));
    if (paths.has(mountPath)) faults.push(invalidValue(`${at}.mountPath`, mountPath, 'must be unique'));
    paths.add(mountPath);
    if (devices.some((each) => each.name === name)) {
      faults.push(invalidValue(`${at}.name`, name, 'must not already exist in volumeDevices'));
    }
    if (devices.some((each) => each.devicePath === mountPath)) {
      faults.push(
        invalidValue(`${at}.mountPath`, mountPath, 'must not already exist as a path in volumeDevices'),
      );
    }
    // Reported without an index, as kube-apiserver does.
    if (subPath !== '') faults.push(...descendingPath(`${path}.subPath`, subPath));
    if (subPathExpr !== '') {
      if (subPath !== '') {
        const text = 'subPathExpr and subPath are mutually exclusive';
        faults.push(invalidValue(`${at}.subPathExpr`, subPathExpr, text));
      }
      faults.push(...descendingPath(`${path}.subPathExpr`, subPathExpr));
    }
    return [...faults, ...propagationFaults(path, mount, container)];
  });
}

type Mount = NonNullable<Container['volumeMounts']>[number];

function propagationFaults(path: string, mount: Mount, container: Container): FieldError[] {
  const { mountPropagation, recursiveReadOnly, readOnly } = mount;
  const faults = oneOf(`${path}.mountPropagation`, mountPropagation, [
    'Bidirectional',
    'HostToContainer',
    'None',
  ]);
  if (mountPropagation === 'Bidirectional' && container.securityContext?.privileged !== true) {
    const text = 'Bidirectional mount propagation is available only to privileged containers';
    faults.push(forbiddenField(`${path}.mountPropagation`, text));
  }
  const at = `${path}.recursiveReadOnly`;
  faults.push(...oneOf(at, recursiveReadOnly, ['Disabled', 'Enabled', 'IfPossible']));
  if (recursiveReadOnly === 'Enabled' || recursiveReadOnly === 'IfPossible') {
    if (readOnly !== true) faults.push(forbiddenField(at, 'may only be specified when readOnly is true'));
    if (mountPropagation !== undefined && mountPropagation !== 'None') {
      faults.push(forbiddenField(at, 'may only be specified when mountPropagation is None or not specified'));
    }
  }
  return faults;
}

function deviceFaults(path: string, container: Container, pod: PodFacts): FieldError[] {
  const names = new Set<string>();
  const paths = new Set<string>();
  return (container.volumeDevices ?? []).flatMap(({ name, devicePath }, i) => {
    const at = `${path}[${i}]`;
    const volume = pod.volumes.get(name);
    const faults: FieldError[] = [];
    if (name === '') faults.push(required(`${at}.name`));
    if (names.has(name) && name !== '') faults.push(invalidValue(`${at}.name`, name, 'must be unique'));
    if (volume === undefined) faults.push(notFoundValue(`${at}.name`, name));
    else if (volume.persistentVolumeClaim === undefined && volume.ephemeral === undefined) {
      const text = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode';
      faults.push(invalidValue(`${at}.name`, name, text));
    }
    if (devicePath === '') faults.push(required(`${at}.devicePath`));
    if (paths.has(devicePath)) faults.push(invalidValue(`${at}.devicePath`, devicePath, 'must be unique'));
    if (devicePath.split('/').includes('..')) {
      faults.push(invalidValue(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')"));
    }
    names.add(name);
    paths.add(devicePath);
    return [...faults, ...mountedFaults(at, name, devicePath, container)];
  });
}

function mountedFaults(path: string, name: string, devicePath: string, container: Container): FieldError[] {
  const mounts = container.volumeMounts ?? [];
  return [
    ...(mounts.some((each) => each.name === name)
      ? [invalidValue(`${path}.name`, name, 'must not already exist in volumeMounts')]
      : []),
    ...(mounts.some((each) => each.mountPath === devicePath)
      ? [invalidValue(`${path}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts')]
      : []),
  ];
}
