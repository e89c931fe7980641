import type {
  Container,
  Pod,
  PodAffinityTerm,
  PodSpec,
  PodTemplateSpec,
  Volume,
} from '../../../openapi/generated/types.ts';
import { milliValue, parseQuantity } from '../../../openapi/machinery/quantity.ts';
import { dnsLabel } from '../validation/names.ts';

/** What is accepted of a new pod and yet is probably not what its writer meant. */
export function podWarnings(pod: Pod): readonly string[] {
  const name = pod.metadata?.name ?? '';
  const problems = dnsLabel(name);
  const host =
    "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended";
  return [
    ...(name === '' || problems.length === 0 ? [] : [`${host}: [${problems.join(' ')}]`]),
    ...specWarnings('spec', pod.spec),
  ];
}

/** Of a kind that names pods after itself. */
export function nameWarnings(name = ''): readonly string[] {
  const problems = name === '' ? [] : dnsLabel(name);
  const text =
    'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended';
  return problems.length === 0 ? [] : [`${text}: [${problems.join(' ')}]`];
}

export function templateWarnings(path: string, template: PodTemplateSpec | undefined): readonly string[] {
  return specWarnings(`${path}.spec`, template?.spec);
}

const oldLabels: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/os': 'kubernetes.io/os',
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
};
const oldLabelSince: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/os': 'v1.14',
  'beta.kubernetes.io/arch': 'v1.14',
};

function specWarnings(path: string, spec: PodSpec | undefined): readonly string[] {
  if (spec === undefined) return [];
  const containers = [
    ...(spec.initContainers ?? []).map((each, i) => [`${path}.initContainers[${i}]`, each] as const),
    ...spec.containers.map((each, i) => [`${path}.containers[${i}]`, each] as const),
  ];
  return [
    ...Object.keys(spec.nodeSelector ?? {})
      .filter((key) => Object.hasOwn(oldLabels, key))
      .map(
        (key) =>
          `${path}.nodeSelector[${key}]: deprecated since ${oldLabelSince[key] ?? 'v1.17'}; use "${oldLabels[key] ?? ''}" instead`,
      ),
    ...selectorWarnings(path, spec),
    ...repeated(
      `${path}.hostAliases`,
      'ip',
      (spec.hostAliases ?? []).map(({ ip }) => ip),
    ),
    ...(spec.volumes ?? []).flatMap((volume, i) => volumeWarnings(`${path}.volumes[${i}]`, volume)),
    ...repeated(
      `${path}.imagePullSecrets`,
      'name',
      (spec.imagePullSecrets ?? []).map(({ name = '' }) => name),
    ),
    ...containers.flatMap(([at, container]) => containerWarnings(at, container)),
    ...portWarnings(containers),
  ];
}

function repeated(path: string, field: string, values: readonly string[]): readonly string[] {
  return values.flatMap((value, i) => {
    if (value === '') return [`${path}[${i}].${field}: invalid empty ${field} ""`];
    return values.indexOf(value) < i
      ? [`${path}[${i}].${field}: duplicate ${field} ${JSON.stringify(value)}`]
      : [];
  });
}

function selectorWarnings(path: string, spec: PodSpec): readonly string[] {
  const text = 'a null labelSelector results in matching no pod';
  const required = 'requiredDuringSchedulingIgnoredDuringExecution';
  const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
  const unselective = (at: string, term: PodAffinityTerm | undefined): readonly string[] =>
    term !== undefined && term.labelSelector === undefined ? [`${at}.labelSelector: ${text}`] : [];
  return [
    ...(spec.topologySpreadConstraints ?? []).flatMap(({ labelSelector }, i) =>
      labelSelector === undefined ? [`${path}.topologySpreadConstraints[${i}].labelSelector: ${text}`] : [],
    ),
    ...(['podAffinity', 'podAntiAffinity'] as const).flatMap((kind) => {
      const affinity = spec.affinity?.[kind];
      const at = `${path}.affinity.${kind}`;
      return [
        ...(affinity?.[required] ?? []).flatMap((term, i) => unselective(`${at}.${required}[${i}]`, term)),
        ...(affinity?.[preferred] ?? []).flatMap(({ podAffinityTerm }, i) =>
          unselective(`${at}.${preferred}[${i}].podAffinityTerm`, podAffinityTerm),
        ),
      ];
    }),
  ];
}

const oldVolumes: Readonly<Partial<Record<keyof Volume, string>>> = {
  gitRepo: 'deprecated in v1.11, and disabled by default in v1.33+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
};

function volumeWarnings(path: string, volume: Volume): readonly string[] {
  return Object.entries(oldVolumes)
    .filter(([name]) => volume[name as keyof Volume] !== undefined)
    .map(([name, text]) => `${path}.${name}: ${text}`);
}

function containerWarnings(path: string, container: Container): readonly string[] {
  const { env = [], resources } = container;
  const names = env.map(({ name }) => name);
  const bytes = (['limits', 'requests'] as const).flatMap((field) =>
    ['memory', 'ephemeral-storage'].flatMap((name) => {
      const value = resources?.[field]?.[name];
      if (value === undefined || milliValue(parseQuantity(value)) % 1000n === 0n) return [];
      return [
        `${path}.resources.${field}[${name}]: fractional byte value ${JSON.stringify(value)} is invalid, must be an integer`,
      ];
    }),
  );
  return [
    ...names.flatMap((name, i) =>
      names.indexOf(name) < i
        ? [
            `${path}.env[${i}]: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`,
          ]
        : [],
    ),
    ...bytes,
  ];
}

interface SeenPort {
  readonly path: string;
  readonly name: string;
  readonly id: string;
  readonly bare: boolean;
}

/** Ports that say the same twice: within a container by number, in the whole pod by name. */
function portWarnings(containers: readonly (readonly [string, Container])[]): readonly string[] {
  const named = new Map<string, string>();
  const warnings: string[] = [];
  for (const [path, { ports = [] }] of containers) {
    const seen: SeenPort[] = [];
    for (const [i, port] of ports.entries()) {
      const at = `${path}.ports[${i}]`;
      const { hostPort = 0, hostIP = '', protocol = 'TCP', name = '' } = port;
      if (hostIP !== '' && hostPort === 0) {
        const fields = `{Name:${name} HostPort:0 ContainerPort:${port.containerPort} Protocol:${protocol} HostIP:${hostIP}}`;
        warnings.push(`${at}: hostIP set without hostPort: ${fields}`);
      }
      const mine = {
        path: at,
        name,
        id: `${port.containerPort}/${protocol}`,
        bare: hostPort === 0 && hostIP === '',
      };
      const before = seen.find(({ id }) => id === mine.id);
      if (before !== undefined) {
        const word = before.bare === mine.bare && before.name === name ? 'duplicate' : 'overlapping';
        warnings.push(`${at}: ${word} port definition with ${before.path}`);
      }
      seen.push(mine);
      const first = named.get(name);
      if (name !== '' && first !== undefined) {
        warnings.push(
          `${at}: duplicate port name ${JSON.stringify(name)} with ${first}, services and probes that select ports by name will use ${first}`,
        );
      } else if (name !== '') named.set(name, at);
    }
  }
  return warnings;
}
