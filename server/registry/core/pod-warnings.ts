import type {
  Container,
  NodeSelectorTerm,
  Pod,
  PodAffinityTerm,
  PodSpec,
  PodTemplateSpec,
} from '../../../openapi/generated/types.ts';
import { ipWarnings } from '../validation/address-warnings.ts';
import { dnsLabel, labelValue } from '../validation/names.ts';
import { fractionalBytes } from '../validation/resource-names.ts';
import { visitContainers } from '../validation/windows.ts';
import { portWarnings } from './port-warnings.ts';
import { volumeWarnings } from './volume-warnings.ts';

/** What is accepted of a new pod and yet is probably not what its writer meant. */
export function podWarnings(pod: Pod): readonly string[] {
  const name = pod.metadata?.name ?? '';
  const problems = dnsLabel(name);
  const host =
    "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended";
  return [
    ...(name === '' || problems.length === 0 ? [] : [`${host}: [${problems.join(' ')}]`]),
    ...templateOrPodWarnings('', pod),
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
  return template === undefined ? [] : templateOrPodWarnings(path, template);
}

const oldLabels: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'failure-domain.beta.kubernetes.io/zone':
    'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'failure-domain.beta.kubernetes.io/region':
    'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'beta.kubernetes.io/instance-type':
    'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
};

const oldAnnotations: Readonly<Record<string, string>> = {
  'scheduler.alpha.kubernetes.io/critical-pod':
    'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
};

/** `root` is the path of what holds metadata and spec: "" for a pod. */
function templateOrPodWarnings(
  root: string,
  { metadata, spec }: Pick<Pod, 'metadata' | 'spec'>,
): readonly string[] {
  if (spec === undefined) return [];
  const path = root === '' ? 'spec' : `${root}.spec`;
  const annotations = metadata?.annotations ?? {};
  const at = `${root === '' ? '' : `${root}.`}metadata.annotations`;
  const containers = visitContainers(path, spec);
  return [
    ...Object.keys(spec.nodeSelector ?? {}).flatMap((key) => {
      const text = oldLabels[key];
      return text === undefined ? [] : [`${path}.nodeSelector[${key}]: ${text}`];
    }),
    ...nodeAffinityWarnings(`${path}.affinity.nodeAffinity`, spec),
    ...spreadWarnings(`${path}.topologySpreadConstraints`, spec),
    ...Object.entries(oldAnnotations)
      .filter(([key]) => Object.hasOwn(annotations, key))
      .map(([key, text]) => `${at}[${key}]: ${text}`),
    ...volumeWarnings(`${path}.volumes`, spec.volumes ?? []),
    ...repeated(
      `${path}.hostAliases`,
      'ip',
      (spec.hostAliases ?? []).map(({ ip }) => ip),
    ),
    ...pullSecretWarnings(`${path}.imagePullSecrets`, spec),
    ...['memory', 'ephemeral-storage'].flatMap((name) => {
      const value = spec.overhead?.[name];
      return value === undefined ? [] : fractionalBytes(`${path}.overhead[${name}]`, value);
    }),
    ...seccompWarnings(at, annotations, 'pod', spec.securityContext?.seccompProfile),
    ...containers.flatMap(([place, container]) => [
      ...seccompWarnings(at, annotations, container.name, container.securityContext?.seccompProfile),
      ...containerWarnings(place, container),
    ]),
    ...portWarnings(containers),
    ...((spec.terminationGracePeriodSeconds ?? 0) < 0
      ? [
          `${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
        ]
      : []),
    ...podAffinityWarnings(path, spec),
    ...(spec.dnsConfig?.nameservers ?? []).flatMap((ip, i) =>
      ipWarnings(`${path}.dnsConfig.nameservers[${i}]`, ip),
    ),
    ...(spec.hostAliases ?? []).flatMap(({ ip }, i) => ipWarnings(`${path}.hostAliases[${i}].ip`, ip)),
  ];
}

function seccompWarnings(
  path: string,
  annotations: Readonly<Record<string, string>>,
  name: string,
  profile: object | undefined,
): readonly string[] {
  const key =
    name === 'pod'
      ? 'seccomp.security.alpha.kubernetes.io/pod'
      : `container.seccomp.security.alpha.kubernetes.io/${name}`;
  if (profile !== undefined || !Object.hasOwn(annotations, key)) return [];
  return [`${path}[${key}]: non-functional in v1.27+; use the "seccompProfile" field instead`];
}

function nodeAffinityWarnings(path: string, { affinity }: PodSpec): readonly string[] {
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const preferred = affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution;
  return [
    ...(required ?? []).flatMap((term, i) =>
      nodeTermWarnings(
        `${path}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${i}]`,
        term,
        false,
      ),
    ),
    ...(preferred ?? []).flatMap(({ preference }, i) =>
      nodeTermWarnings(
        `${path}.preferredDuringSchedulingIgnoredDuringExecution[${i}].preference`,
        preference,
        true,
      ),
    ),
  ];
}

function nodeTermWarnings(path: string, term: NodeSelectorTerm, withValues: boolean): readonly string[] {
  return (term.matchExpressions ?? []).flatMap(({ key, values = [] }, i) => {
    const at = `${path}.matchExpressions[${i}]`;
    const text = oldLabels[key];
    return [
      ...(text === undefined ? [] : [`${at}.key: ${key} is ${text}`]),
      ...(withValues
        ? values.flatMap((value, j) =>
            labelValue(value).map((fault) => `${at}.values[${j}]: ${value} is invalid, ${fault}`),
          )
        : []),
    ];
  });
}

const matchesNothing = 'a null labelSelector results in matching no pod';

function spreadWarnings(path: string, { topologySpreadConstraints = [] }: PodSpec): readonly string[] {
  return topologySpreadConstraints.flatMap(({ topologyKey, labelSelector }, i) => {
    const text = oldLabels[topologyKey];
    return [
      ...(text === undefined ? [] : [`${path}[${i}].topologyKey: ${topologyKey} is ${text}`]),
      ...(labelSelector === undefined ? [`${path}[${i}].labelSelector: ${matchesNothing}`] : []),
    ];
  });
}

function repeated(path: string, field: string, values: readonly string[]): readonly string[] {
  return values.flatMap((value, i) =>
    values.indexOf(value) < i ? [`${path}[${i}].${field}: duplicate ${field} ${JSON.stringify(value)}`] : [],
  );
}

function pullSecretWarnings(path: string, { imagePullSecrets = [] }: PodSpec): readonly string[] {
  const names = imagePullSecrets.map(({ name = '' }) => name);
  return [
    ...repeated(path, 'name', names),
    ...names.flatMap((name, i) => (name === '' ? [`${path}[${i}].name: invalid empty name ""`] : [])),
  ];
}

function podAffinityWarnings(path: string, { affinity }: PodSpec): readonly string[] {
  const required = 'requiredDuringSchedulingIgnoredDuringExecution';
  const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
  const unselective = (at: string, term: PodAffinityTerm): readonly string[] =>
    term.labelSelector === undefined ? [`${at}.labelSelector: ${matchesNothing}`] : [];
  return (['podAffinity', 'podAntiAffinity'] as const).flatMap((kind) => {
    const at = `${path}.affinity.${kind}`;
    return [
      ...(affinity?.[kind]?.[required] ?? []).flatMap((term, i) =>
        unselective(`${at}.${required}[${i}]`, term),
      ),
      ...(affinity?.[kind]?.[preferred] ?? []).flatMap(({ podAffinityTerm }, i) =>
        unselective(`${at}.${preferred}[${i}].podAffinityTerm`, podAffinityTerm),
      ),
    ];
  });
}

function containerWarnings(path: string, { env = [], resources }: Container): readonly string[] {
  const names = env.map(({ name }) => name);
  return [
    ...['memory', 'ephemeral-storage'].flatMap((name) =>
      (['limits', 'requests'] as const).flatMap((field) => {
        const value = resources?.[field]?.[name];
        return value === undefined ? [] : fractionalBytes(`${path}.resources.${field}[${name}]`, value);
      }),
    ),
    ...env.flatMap(({ name, value = '', valueFrom }, i) => {
      // What is built upon the value before it hides nothing.
      const builds = valueFrom === undefined && value.includes(`$(${name})`) && value !== `$(${name})`;
      if (names.indexOf(name) === i || builds) return [];
      const text = `hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`;
      return [`${path}.env[${i}]: ${text}`];
    }),
  ];
}
