import type {
  Container,
  PodSecurityContext,
  PodSpec,
  SecurityContext,
} from '../../../openapi/generated/types.ts';
import { type FieldError, forbiddenField, invalidValue } from '../../../openapi/machinery/status.ts';
import { texts } from './field-errors.ts';
import { dnsSubdomain } from './names.ts';

type WindowsOptions = NonNullable<SecurityContext['windowsOptions']>;

const specBytesMax = 64 * 1024;
const domainBytesMax = 256;
const userBytesMax = 104;

export function windowsOptionFaults(path: string, options: WindowsOptions | undefined): FieldError[] {
  const { gmsaCredentialSpecName: specName, gmsaCredentialSpec: spec, runAsUserName: user } = options ?? {};
  const at = `${path}.gmsaCredentialSpec`;
  return [
    ...(specName === undefined ? [] : texts(`${path}.gmsaCredentialSpecName`, specName, dnsSubdomain)),
    ...(spec === '' ? [invalidValue(at, spec, 'gmsaCredentialSpec cannot be an empty string')] : []),
    ...(spec !== undefined && Buffer.byteLength(spec) > specBytesMax
      ? [invalidValue(at, spec, `gmsaCredentialSpec size must be under ${specBytesMax / 1024} KiB`)]
      : []),
    ...(user === undefined ? [] : texts(`${path}.runAsUserName`, user, userFaults)),
  ];
}

function userFaults(text: string): readonly string[] {
  if (text === '') return ['runAsUserName cannot be an empty string'];
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(text)) return ['runAsUserName cannot contain control characters'];
  const parts = text.split('\\');
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const user = parts.at(-1) ?? '';
  const domain = parts.length === 2 ? (parts[0] ?? '') : undefined;
  return [
    ...(domain === undefined ? [] : domainFaults(domain)),
    ...(user === '' ? ["runAsUserName's User cannot be empty"] : []),
    ...(user.length > userBytesMax
      ? [`runAsUserName's User length must not be longer than ${userBytesMax} characters`]
      : []),
    ...(/^[. ]+$/.test(user) ? ["runAsUserName's User cannot contain only periods or spaces"] : []),
    ...(/["/\\:;|=,+*?<>@[\]]/.test(user)
      ? [`runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`]
      : []),
  ];
}

function domainFaults(domain: string): readonly string[] {
  const netBios = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/.test(domain);
  const dns = /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(domain);
  return [
    ...(domain.length >= domainBytesMax
      ? [`runAsUserName's Domain length must be under ${domainBytesMax} characters`]
      : []),
    ...(netBios || dns ? [] : ["runAsUserName's Domain doesn't match the NetBios nor the DNS format"]),
  ];
}

type Visited = readonly [path: string, container: Container];

/** Every container of a pod with its path, in kube-apiserver's order. */
export function visitContainers(path: string, spec: PodSpec): readonly Visited[] {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
    (spec[list] ?? []).map((each, i): Visited => [`${path}.${list}[${i}]`, each]),
  );
}

/** Either all containers of a pod are processes of the host, or none. */
export function hostProcessFaults(path: string, spec: PodSpec): FieldError[] {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  const containers = visitContainers(path, spec);
  const faults = containers.flatMap(([at, { securityContext }]) => {
    const own = securityContext?.windowsOptions?.hostProcess;
    if (ofPod === undefined || own === undefined || own === ofPod) return [];
    const text = `pod hostProcess value must be identical if both are specified, was ${String(ofPod)}`;
    return [invalidValue(`${at}.securityContext.windowsOptions.hostProcess`, own, text)];
  });
  const count = containers.filter(
    ([, { securityContext }]) => securityContext?.windowsOptions?.hostProcess ?? ofPod ?? false,
  ).length;
  if (count === 0) return faults;
  if (count !== containers.length) {
    const text =
      'If pod contains any hostProcess containers then all containers must be HostProcess containers';
    faults.push(invalidValue(path, '', text));
  }
  if (spec.hostNetwork !== true) {
    const text = 'hostNetwork must be true if pod contains any hostProcess containers';
    faults.push(invalidValue(`${path}.hostNetwork`, false, text));
  }
  return faults;
}

export function linuxPodFaults(path: string, spec: PodSpec): FieldError[] {
  const text = 'windows options cannot be set for a linux pod';
  return [
    ...(spec.securityContext?.windowsOptions === undefined
      ? []
      : [forbiddenField(`${path}.securityContext.windowsOptions`, text)]),
    ...visitContainers(path, spec).flatMap(([at, { securityContext }]) =>
      securityContext?.windowsOptions === undefined
        ? []
        : [forbiddenField(`${at}.securityContext.windowsOptions`, text)],
    ),
  ];
}

const podLinuxFields: readonly (keyof PodSecurityContext | keyof PodSpec)[] = [
  'appArmorProfile',
  'seLinuxOptions',
  'hostUsers',
  'hostPID',
  'hostIPC',
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'shareProcessNamespace',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
  'supplementalGroupsPolicy',
  'seLinuxChangePolicy',
];

const containerLinuxFields: readonly (keyof SecurityContext)[] = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
];

export function windowsPodFaults(path: string, spec: PodSpec): FieldError[] {
  const text = 'cannot be set for a windows pod';
  const inSpec: Readonly<Record<string, unknown>> = { ...spec };
  const inContext: Readonly<Record<string, unknown>> = { ...spec.securityContext };
  const onPod = podLinuxFields.flatMap((field) => {
    const beside = ['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace'].includes(field);
    const value = beside ? inSpec[field] : inContext[field];
    const unset = field === 'hostPID' || field === 'hostIPC' ? value !== true : value === undefined;
    if (unset || (field === 'sysctls' && Array.isArray(value) && value.length === 0)) return [];
    return [forbiddenField(beside ? `${path}.${field}` : `${path}.securityContext.${field}`, text)];
  });
  const onContainers = visitContainers(path, spec).flatMap(([at, { securityContext }]) =>
    containerLinuxFields
      .filter((field) => securityContext?.[field] !== undefined)
      .map((field) => forbiddenField(`${at}.securityContext.${field}`, text)),
  );
  return [...onPod, ...onContainers];
}
