import type { LifecycleHandler, Probe } from '../../../openapi/generated/types.ts';
import {
  allContainers,
  containerViolation,
  contextsOf,
  hasOwnUsers,
  named,
  plural,
  quoted,
  settersOf,
  sorted,
  type AnyContainer,
  type Check,
  type CheckPod,
  type PodLike,
  type Violation,
} from './check.ts';

/** What no pod may do that is not trusted with its host. */
export const baselineChecks: readonly Check[] = [
  { id: 'appArmorProfile', level: 'baseline', versions: [{ since: 0, check: appArmor }] },
  { id: 'capabilities_baseline', level: 'baseline', versions: [{ since: 0, check: addedCapabilities }] },
  { id: 'hostNamespaces', level: 'baseline', versions: [{ since: 0, check: hostNamespaces }] },
  { id: 'hostPathVolumes', level: 'baseline', versions: [{ since: 0, check: hostPaths }] },
  { id: 'hostPorts', level: 'baseline', versions: [{ since: 0, check: hostPorts }] },
  { id: 'hostProbesAndHostLifecycle', level: 'baseline', versions: [{ since: 34, check: hostsAsked }] },
  { id: 'privileged', level: 'baseline', versions: [{ since: 0, check: privileged }] },
  {
    id: 'procMount',
    level: 'baseline',
    versions: [
      { since: 0, check: procMount },
      { since: 35, check: (pod) => (hasOwnUsers(pod) ? undefined : procMount(pod)) },
    ],
  },
  {
    id: 'seLinuxOptions',
    level: 'baseline',
    versions: [
      { since: 0, check: seLinux(['container_t', 'container_init_t', 'container_kvm_t']) },
      {
        since: 31,
        check: seLinux(['container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t']),
      },
    ],
  },
  {
    id: 'seccompProfile_baseline',
    level: 'baseline',
    versions: [
      { since: 0, check: seccompAnnotations },
      { since: 19, check: seccompFields },
    ],
  },
  { id: 'sysctls', level: 'baseline', versions: sysctlVersions() },
  { id: 'windowsHostProcess', level: 'baseline', versions: [{ since: 0, check: hostProcess }] },
];

const confined = ['RuntimeDefault', 'Localhost'];
const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';

function appArmor(pod: PodLike): Violation | undefined {
  const isBad = (type: string | undefined): boolean => type !== undefined && !confined.includes(type);
  const setters = settersOf(pod, ({ appArmorProfile }) => isBad(appArmorProfile?.type));
  const annotations = Object.entries(pod.metadata.annotations ?? {})
    .filter(([key, value]) => key.startsWith(appArmorPrefix) && !isAllowedAppArmor(value))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort();
  const types = contextsOf(pod).flatMap(({ appArmorProfile }) => appArmorProfile?.type ?? []);
  const values = [...sorted(types.filter(isBad)), ...annotations];
  if (values.length === 0) return undefined;
  const who = [
    ...(setters === '' ? [] : [setters]),
    ...(annotations.length === 0 ? [] : [plural('annotation', annotations.length)]),
  ].join(' and ');
  return {
    reason: plural('forbidden AppArmor profile', values.length),
    detail: `${who} must not set AppArmor profile type to ${quoted(values)}`,
  };
}

function isAllowedAppArmor(value: string): boolean {
  return value === '' || value === 'runtime/default' || value.startsWith('localhost/');
}

const defaultCapabilities = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);

function addedCapabilities(pod: PodLike): Violation | undefined {
  const added = (container: AnyContainer): readonly string[] =>
    (container.securityContext?.capabilities?.add ?? []).filter((each) => !defaultCapabilities.has(each));
  const all = sorted(allContainers(pod).flatMap(added));
  return containerViolation(
    pod,
    'non-default capabilities',
    (container) => added(container).length > 0,
    (who) => `${who} must not include ${quoted(all)} in securityContext.capabilities.add`,
  );
}

function hostNamespaces({ spec }: PodLike): Violation | undefined {
  const shared = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field] === true);
  if (shared.length === 0) return undefined;
  return { reason: 'host namespaces', detail: shared.map((field) => `${field}=true`).join(', ') };
}

function hostPaths({ spec }: PodLike): Violation | undefined {
  const names = (spec.volumes ?? []).filter((each) => each.hostPath !== undefined).map(({ name }) => name);
  return names.length === 0 ? undefined : { reason: 'hostPath volumes', detail: named('volume', names) };
}

function hostPorts(pod: PodLike): Violation | undefined {
  const portsOf = (container: AnyContainer): readonly string[] =>
    (container.ports ?? []).flatMap(({ hostPort = 0 }) => (hostPort === 0 ? [] : [String(hostPort)]));
  const containers = allContainers(pod).filter((each) => portsOf(each).length > 0);
  if (containers.length === 0) return undefined;
  const ports = sorted(containers.flatMap(portsOf));
  const who = named(
    'container',
    containers.map(({ name }) => name),
  );
  const uses = containers.length === 1 ? 'uses' : 'use';
  return {
    reason: 'hostPort',
    detail: `${who} ${uses} ${plural('hostPort', ports.length)} ${ports.join(', ')}`,
  };
}

/** Probes and hooks run on the node: with a host of the pod's choice they would ask others in the node's name. */
function hostsAsked(pod: PodLike): Violation | undefined {
  const containers = allContainers(pod).filter((each) => hostsOf(each).length > 0);
  if (containers.length === 0) return undefined;
  const names = sorted(containers.map(({ name }) => name));
  const hosts = sorted(containers.flatMap(hostsOf));
  const uses = names.length === 1 ? 'uses' : 'use';
  const what = plural('probe or lifecycle host', hosts.length);
  return {
    reason: 'probe or lifecycle host',
    detail: `${named('container', names)} ${uses} ${what} ${quoted(hosts)}`,
  };
}

function hostsOf(container: AnyContainer): readonly string[] {
  const { livenessProbe, readinessProbe, startupProbe, lifecycle } = container;
  const actions: readonly (Probe | LifecycleHandler | undefined)[] = [
    livenessProbe,
    readinessProbe,
    startupProbe,
    lifecycle?.postStart,
    lifecycle?.preStop,
  ];
  return actions
    .flatMap((action) => [action?.httpGet?.host ?? '', action?.tcpSocket?.host ?? ''])
    .filter((host) => host !== '');
}

function privileged(pod: PodLike): Violation | undefined {
  return containerViolation(
    pod,
    'privileged',
    ({ securityContext }) => securityContext?.privileged === true,
    (who) => `${who} must not set securityContext.privileged=true`,
  );
}

/** Also a rule of the restricted level, where own users excuse nothing. */
export function procMount(pod: PodLike): Violation | undefined {
  const mountOf = ({ securityContext }: AnyContainer): string => securityContext?.procMount ?? 'Default';
  const kinds = sorted(
    allContainers(pod)
      .map(mountOf)
      .filter((each) => each !== 'Default'),
  );
  return containerViolation(
    pod,
    'procMount',
    (container) => mountOf(container) !== 'Default',
    (who) => `${who} must not set securityContext.procMount to ${quoted(kinds)}`,
  );
}

function seLinux(allowedTypes: readonly string[]): CheckPod {
  const isBadType = (type = ''): boolean => type !== '' && !allowedTypes.includes(type);
  return (pod) => {
    const options = contextsOf(pod).map(({ seLinuxOptions }) => seLinuxOptions ?? {});
    const setters = settersOf(pod, ({ seLinuxOptions }) => {
      const { type, user = '', role = '' } = seLinuxOptions ?? {};
      return isBadType(type) || user !== '' || role !== '';
    });
    if (setters === '') return undefined;
    const types = sorted(options.flatMap(({ type }) => (isBadType(type) ? [type ?? ''] : [])));
    const data = [
      ...(types.length === 0 ? [] : [named('type', types)]),
      ...(options.some(({ user = '' }) => user !== '') ? ['user may not be set'] : []),
      ...(options.some(({ role = '' }) => role !== '') ? ['role may not be set'] : []),
    ];
    return {
      reason: 'seLinuxOptions',
      detail: `${setters} set forbidden securityContext.seLinuxOptions: ${data.join('; ')}`,
    };
  };
}

const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompContainer = 'container.seccomp.security.alpha.kubernetes.io/';

/** How it was said before there was a field for it. */
function seccompAnnotations(pod: PodLike): Violation | undefined {
  const keys = [seccompPod, ...allContainers(pod).map(({ name }) => `${seccompContainer}${name}`)];
  const bad = keys.flatMap((key) => {
    const value = pod.metadata.annotations?.[key];
    const isFine =
      value === undefined || /^(runtime|docker)\/default$/.test(value) || value.startsWith('localhost/');
    return isFine ? [] : [`${key}=${JSON.stringify(value)}`];
  });
  if (bad.length === 0) return undefined;
  const list = sorted(bad);
  return {
    reason: 'seccompProfile',
    detail: `forbidden ${plural('annotation', list.length)} ${list.join(', ')}`,
  };
}

/** Also part of the restricted level, which asks for a profile besides. */
export function seccompFields(pod: PodLike): Violation | undefined {
  const isBad = (type: string | undefined): boolean => type !== undefined && !confined.includes(type);
  const setters = settersOf(pod, ({ seccompProfile }) => isBad(seccompProfile?.type));
  if (setters === '') return undefined;
  const types = contextsOf(pod).flatMap(({ seccompProfile }) => seccompProfile?.type ?? []);
  const values = sorted(types.filter(isBad));
  return {
    reason: 'seccompProfile',
    detail: `${setters} must not set securityContext.seccompProfile.type to ${quoted(values)}`,
  };
}

/** Sysctls that concern nobody but the pod, by the version that found them so. */
function sysctlVersions(): Check['versions'] {
  const added: readonly (readonly [since: number, names: readonly string[]])[] = [
    [
      0,
      [
        'kernel.shm_rmid_forced',
        'net.ipv4.ip_local_port_range',
        'net.ipv4.tcp_syncookies',
        'net.ipv4.ping_group_range',
        'net.ipv4.ip_unprivileged_port_start',
      ],
    ],
    [27, ['net.ipv4.ip_local_reserved_ports']],
    [
      29,
      [
        'net.ipv4.tcp_keepalive_time',
        'net.ipv4.tcp_fin_timeout',
        'net.ipv4.tcp_keepalive_intvl',
        'net.ipv4.tcp_keepalive_probes',
      ],
    ],
    [32, ['net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem']],
  ];
  return added.map(([since], index) => {
    const safe = new Set(added.slice(0, index + 1).flatMap(([, names]) => names));
    return { since, check: sysctls(safe) };
  });
}

function sysctls(safe: ReadonlySet<string>): CheckPod {
  return ({ spec }) => {
    const bad = (spec.securityContext?.sysctls ?? []).filter(({ name }) => !safe.has(name));
    if (bad.length === 0) return undefined;
    return { reason: 'forbidden sysctls', detail: bad.map(({ name }) => name).join(', ') };
  };
}

function hostProcess(pod: PodLike): Violation | undefined {
  const setters = settersOf(pod, ({ windowsOptions }) => windowsOptions?.hostProcess === true);
  if (setters === '') return undefined;
  return {
    reason: 'hostProcess',
    detail: `${setters} must not set securityContext.windowsOptions.hostProcess=true`,
  };
}
