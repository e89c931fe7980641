import type {
  EnvFromSource,
  EnvVar,
  FileKeySelector,
  ObjectFieldSelector,
  ResourceFieldSelector,
  Volume,
} from '../../../openapi/generated/types.ts';
import { type FieldError, invalidValue, required } from '../../../openapi/machinery/status.ts';
import { noBacksteps, notFoundValue, notSupported, texts } from './field-errors.ts';
import { configMapKey, dnsLabel, dnsSubdomain, envVarName, qualifiedName } from './names.ts';

const envFieldPaths: readonly string[] = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
/** What fieldRef understands at all; each use takes a part of it. */
const knownFieldPaths: readonly string[] = [
  ...envFieldPaths,
  'metadata.annotations',
  'metadata.labels',
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
];
export const volumeFieldPaths: readonly string[] = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];
const containerResources: readonly string[] = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];

export function envFaults(path: string, env: readonly EnvVar[]): FieldError[] {
  // Most are a name and a value, and pods have many.
  if (env.every(isPlain)) return [];
  return env.flatMap((variable, i) => [
    ...(variable.name === ''
      ? [required(`${path}[${i}].name`)]
      : texts(`${path}[${i}].name`, variable.name, envVarName)),
    ...valueFromFaults(`${path}[${i}].valueFrom`, variable),
  ]);
}

function isPlain({ name, valueFrom }: EnvVar): boolean {
  return name !== '' && valueFrom === undefined && envVarName(name).length === 0;
}

function valueFromFaults(path: string, { value = '', valueFrom }: EnvVar): FieldError[] {
  if (valueFrom === undefined) return [];
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = valueFrom;
  const given = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef].filter(
    (each) => each !== undefined,
  );
  const faults = [
    ...(fieldRef === undefined ? [] : fieldRefFaults(`${path}.fieldRef`, fieldRef, envFieldPaths)),
    ...(resourceFieldRef === undefined
      ? []
      : resourceFieldFaults(`${path}.resourceFieldRef`, resourceFieldRef, false)),
    ...(configMapKeyRef === undefined ? [] : keyRefFaults(`${path}.configMapKeyRef`, configMapKeyRef)),
    ...(secretKeyRef === undefined ? [] : keyRefFaults(`${path}.secretKeyRef`, secretKeyRef)),
    ...(fileKeyRef === undefined ? [] : fileRefFaults(`${path}.fileKeyRef`, fileKeyRef)),
  ];
  const problem = sourceCountProblem(given.length, value);
  return problem === undefined ? faults : [...faults, invalidValue(path, '', problem)];
}

function sourceCountProblem(count: number, value: string): string | undefined {
  if (count === 0) {
    return 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`';
  }
  if (value !== '') return 'may not be specified when `value` is not empty';
  return count > 1 ? 'may not have more than one field specified at a time' : undefined;
}

function keyRefFaults(path: string, ref: { readonly name?: string; readonly key: string }): FieldError[] {
  return [
    ...texts(`${path}.name`, ref.name ?? '', dnsSubdomain),
    ...(ref.key === '' ? [required(`${path}.key`)] : texts(`${path}.key`, ref.key, configMapKey)),
  ];
}

function fileRefFaults(path: string, ref: FileKeySelector): FieldError[] {
  const { key = '', volumeName = '', path: file = '' } = ref as Partial<FileKeySelector>;
  return [
    ...(key === '' ? [required(`${path}.key`)] : texts(`${path}.key`, key, envVarName)),
    ...(volumeName === ''
      ? [required(`${path}.volumeName`)]
      : texts(`${path}.volumeName`, volumeName, dnsLabel)),
    ...(file === '' ? [required(`${path}.path`)] : noBacksteps(`${path}.path`, file)),
  ];
}

/** Files that variables come from are in an emptyDir of the pod. */
export function fileVolumeFaults(
  path: string,
  env: readonly EnvVar[],
  volumes: readonly Volume[],
): FieldError[] {
  return env.flatMap(({ valueFrom }, i) => {
    if (valueFrom?.fileKeyRef === undefined) return [];
    const name = (valueFrom.fileKeyRef.volumeName as string | undefined) ?? '';
    const at = `${path}[${i}].valueFrom.fileKeyRef.volumeName`;
    const volume = volumes.find((each) => each.name === name);
    if (volume === undefined) return [notFoundValue(at, name)];
    return volume.emptyDir === undefined
      ? [invalidValue(at, name, 'referenced volume must be of type emptyDir')]
      : [];
  });
}

export function fieldRefFaults(
  path: string,
  { apiVersion = 'v1', fieldPath }: ObjectFieldSelector,
  allowed: readonly string[],
): FieldError[] {
  if (fieldPath === '') return [required(`${path}.fieldPath`)];
  const subscript = /^(.*)\['(.*)'\]$/.exec(fieldPath);
  if (subscript !== null) return subscriptFaults(path, subscript[1] ?? '', subscript[2] ?? '', fieldPath);
  if (apiVersion !== 'v1') {
    const problem = `error converting fieldPath: unsupported pod version: ${apiVersion}`;
    return [invalidValue(`${path}.fieldPath`, fieldPath, problem)];
  }
  if (!knownFieldPaths.includes(fieldPath)) return [unknownFieldPath(path, fieldPath)];
  return allowed.includes(fieldPath) ? [] : [notSupported(`${path}.fieldPath`, fieldPath, allowed)];
}

function subscriptFaults(path: string, map: string, key: string, fieldPath: string): FieldError[] {
  if (map === 'metadata.annotations') return texts(path, key.toLowerCase(), qualifiedName);
  if (map === 'metadata.labels') return texts(path, key, qualifiedName);
  const problem = `error converting fieldPath: field label does not support subscript: ${fieldPath}`;
  return [invalidValue(`${path}.fieldPath`, fieldPath, problem)];
}

function unknownFieldPath(path: string, fieldPath: string): FieldError {
  const problem = `error converting fieldPath: field label not supported: ${fieldPath}`;
  return invalidValue(`${path}.fieldPath`, fieldPath, problem);
}

export function resourceFieldFaults(
  path: string,
  ref: ResourceFieldSelector,
  inVolume: boolean,
): FieldError[] {
  const { containerName = '', resource } = ref;
  const faults: FieldError[] = [];
  if (inVolume && containerName === '') faults.push(required(`${path}.containerName`));
  else if (resource === '') faults.push(required(`${path}.resource`));
  else if (!containerResources.includes(resource) && !/^(limits|requests)\.hugepages-/.test(resource)) {
    faults.push(notSupported(`${path}.resource`, resource, containerResources));
  }
  return [...faults, ...divisorFaults(path, resource, ref.divisor)];
}

const byteDivisors = '1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei';

function divisorFaults(path: string, resource: string, divisor: string | undefined): FieldError[] {
  if (divisor === undefined || divisor === '0' || divisor === '') return [];
  const kind = /^(?:limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-)/.exec(resource)?.[1];
  if (kind === undefined) return [];
  const allowed = kind === 'cpu' ? ['1m', '1'] : byteDivisors.split(', ');
  if (allowed.includes(divisor)) return [];
  const names: Readonly<Record<string, string>> = {
    'ephemeral-storage': 'local ephemeral storage',
    'hugepages-': 'hugepages',
  };
  const list = kind === 'cpu' ? '1m and 1' : byteDivisors;
  const text = `only divisor's values ${list} are supported with the ${names[kind] ?? kind} resource`;
  return [invalidValue(`${path}.divisor`, resource, text)];
}

export function envFromFaults(path: string, sources: readonly EnvFromSource[]): FieldError[] {
  return sources.flatMap(({ prefix = '', configMapRef, secretRef }, i) => {
    const at = `${path}[${i}]`;
    const faults = prefix === '' ? [] : texts(`${at}.prefix`, prefix, envVarName);
    for (const [name, ref] of [
      ['configMapRef', configMapRef],
      ['secretRef', secretRef],
    ] as const) {
      if (ref === undefined) continue;
      if ((ref.name ?? '') === '') faults.push(required(`${at}.${name}.name`));
      else faults.push(...texts(`${at}.${name}.name`, ref.name ?? '', dnsSubdomain));
    }
    if (configMapRef === undefined && secretRef === undefined) {
      faults.push(invalidValue(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
    } else if (configMapRef !== undefined && secretRef !== undefined) {
      faults.push(invalidValue(path, '', 'may not have more than one field specified at a time'));
    }
    return faults;
  });
}
