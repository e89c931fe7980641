import type { PodSpec, Toleration } from '../../../openapi/generated/types.ts';
import {
  type FieldError,
  duplicate,
  forbiddenField,
  invalidValue,
  required,
  tooLong,
} from '../../../openapi/machinery/status.ts';
import { labelProblems } from '../generic/metadata.ts';
import { ipFaults } from './addresses.ts';
import { affinityFaults, spreadFaults } from './affinity.ts';
import {
  type PodFacts,
  containerFaults,
  ephemeralContainerFaults,
  initContainerFaults,
  paddedImage,
} from './containers.ts';
import { fileVolumeFaults } from './env.ts';
import { inRange, notSupported, oneOf, texts } from './field-errors.ts';
import { dnsLabel, dnsSubdomain, labelValue, qualifiedName, underscoredSubdomain } from './names.ts';
import { podClaimFaults } from './pod-claims.ts';
import { podResourceFaults } from './pod-resources.ts';
import { quantityNotNegative } from './resource-names.ts';
import { podSecurityFaults } from './security-context.ts';
import { taintEffects } from './taints.ts';
import { checkVolumes } from './volumes.ts';
import { hostProcessFaults, linuxPodFaults, visitContainers, windowsPodFaults } from './windows.ts';

export interface PodSpecRules {
  /** A pod itself, not a template of one. */
  readonly isPod: boolean;
  /** Its name, where it has one. */
  readonly name: string;
}

const int32Max = 2147483647;

export function podSpecFaults(path: string, spec: PodSpec, rules: PodSpecRules): FieldError[] {
  const volumes = checkVolumes(`${path}.volumes`, spec.volumes ?? [], rules.name);
  const { containers, initContainers = [], ephemeralContainers = [] } = spec;
  const facts: PodFacts = {
    volumes: volumes.byName,
    claims: (spec.resourceClaims ?? []).map(({ name }) => name),
    graceSeconds: spec.terminationGracePeriodSeconds ?? 30,
    restartPolicy: spec.restartPolicy ?? 'Always',
    hostUsers: spec.hostUsers ?? true,
  };
  return [
    ...volumes.faults,
    ...podClaimFaults(`${path}.resourceClaims`, spec.resourceClaims),
    ...containerFaults(`${path}.containers`, containers, facts),
    ...initContainerFaults(`${path}.initContainers`, initContainers, containers, facts),
    ...ephemeralContainerFaults(
      `${path}.ephemeralContainers`,
      ephemeralContainers,
      [...containers, ...initContainers],
      facts,
    ),
    ...podResourceFaults(`${path}.resources`, spec, facts.claims),
    ...hostNetworkFaults(path, spec, rules.isPod),
    ...policyFaults(path, spec),
    ...podSecurityFaults(`${path}.securityContext`, spec.securityContext, {
      network: spec.hostNetwork === true,
      pid: spec.hostPID === true,
      ipc: spec.hostIPC === true,
      sharedPid: spec.shareProcessNamespace === true,
    }),
    ...affinityFaults(`${path}.affinity`, spec.affinity),
    ...dnsFaults(path, spec),
    ...(spec.readinessGates ?? []).flatMap(({ conditionType }, i) =>
      texts(`${path}.readinessGates[${i}].conditionType`, conditionType, qualifiedName),
    ),
    ...gateFaults(`${path}.schedulingGates`, spec),
    ...spreadFaults(`${path}.topologySpreadConstraints`, spec.topologySpreadConstraints ?? []),
    ...hostProcessFaults(path, spec),
    ...hostUserFaults(path, spec),
    ...nameFaults(path, spec),
    ...tolerationFaults(`${path}.tolerations`, spec.tolerations ?? []),
    ...aliasFaults(`${path}.hostAliases`, spec),
    ...classFaults(path, spec),
    ...systemFaults(path, spec),
    ...visitContainers(path, spec).flatMap(([at, { env = [] }]) =>
      fileVolumeFaults(`${at}.env`, env, spec.volumes ?? []),
    ),
    ...(rules.isPod ? podOnlyFaults(path, spec) : []),
  ];
}

function hostNetworkFaults(path: string, spec: PodSpec, isPod: boolean): FieldError[] {
  if (spec.hostNetwork !== true) return [];
  return spec.containers.flatMap(({ ports = [] }, i) =>
    ports.flatMap(({ hostPort = 0, containerPort }, j) =>
      (isPod || hostPort !== 0) && hostPort !== containerPort
        ? [
            invalidValue(
              `${path}.containers[${i}].ports[${j}].hostPort`,
              hostPort,
              'must match `containerPort` when `hostNetwork` is true',
            ),
          ]
        : [],
    ),
  );
}

function policyFaults(path: string, spec: PodSpec): FieldError[] {
  const policies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
  return [
    ...oneOf(`${path}.restartPolicy`, spec.restartPolicy, ['Always', 'OnFailure', 'Never']),
    ...oneOf(`${path}.dnsPolicy`, spec.dnsPolicy, policies),
    ...labelProblems(spec.nodeSelector ?? {}, `${path}.nodeSelector`),
  ];
}

function dnsFaults(path: string, { dnsConfig, dnsPolicy }: PodSpec): FieldError[] {
  const at = `${path}.dnsConfig`;
  const { nameservers = [], searches = [], options = [] } = dnsConfig ?? {};
  if (dnsPolicy === 'None') {
    if (dnsConfig === undefined) return [required(at, 'must provide `dnsConfig` when `dnsPolicy` is None')];
    if (nameservers.length === 0) {
      const text = 'must provide at least one DNS nameserver when `dnsPolicy` is None';
      return [required(`${at}.nameservers`, text)];
    }
  }
  const faults: FieldError[] = [];
  if (nameservers.length > 3) {
    faults.push(invalidValue(`${at}.nameservers`, nameservers, 'must not have more than 3 nameservers'));
  }
  faults.push(...nameservers.flatMap((ip, i) => ipFaults(`${at}.nameservers[${i}]`, ip)));
  if (searches.length > 32) {
    faults.push(invalidValue(`${at}.searches`, searches, 'must not have more than 32 search paths'));
  }
  if (searches.join(' ').length > 2048) {
    const text = 'must not have more than 2048 characters (including spaces) in the search list';
    faults.push(invalidValue(`${at}.searches`, searches, text));
  }
  for (const [i, search] of searches.entries()) {
    const name = search.replace(/\.$/, '');
    if (search !== '.') faults.push(...texts(`${at}.searches[${i}]`, name, underscoredSubdomain));
  }
  options.forEach(({ name = '' }, i) => {
    if (name === '') faults.push(required(`${at}.options[${i}]`, 'must not be empty'));
  });
  return faults;
}

function gateFaults(path: string, { schedulingGates = [] }: PodSpec): FieldError[] {
  const seen = new Set<string>();
  return schedulingGates.flatMap(({ name }, i) => {
    const faults = texts(`${path}[${i}]`, name, qualifiedName);
    if (seen.has(name)) faults.push(duplicate(`${path}[${i}]`, name));
    seen.add(name);
    return faults;
  });
}

function hostUserFaults(path: string, spec: PodSpec): FieldError[] {
  if (spec.hostUsers !== false) return [];
  const text = 'when `hostUsers` is false';
  return [
    ...(spec.hostNetwork === true ? [forbiddenField(`${path}.hostNetwork`, text)] : []),
    ...(spec.hostPID === true ? [forbiddenField(`${path}.HostPID`, text)] : []),
    ...(spec.hostIPC === true ? [forbiddenField(`${path}.HostIPC`, text)] : []),
    ...visitContainers(path, spec).flatMap(([at, { volumeDevices = [] }]) =>
      volumeDevices.length > 0 ? [forbiddenField(`${at}.volumeDevices`, text)] : [],
    ),
  ];
}

function nameFaults(path: string, spec: PodSpec): FieldError[] {
  const {
    serviceAccountName = '',
    nodeName = '',
    activeDeadlineSeconds,
    hostname = '',
    subdomain = '',
  } = spec;
  const faults: FieldError[] = [];
  if (spec.hostnameOverride !== undefined) faults.push(...overrideFaults(path, spec, spec.hostnameOverride));
  if (serviceAccountName !== '') {
    faults.push(...texts(`${path}.serviceAccountName`, serviceAccountName, dnsSubdomain));
  }
  if (nodeName !== '') faults.push(...texts(`${path}.nodeName`, nodeName, dnsSubdomain));
  if (activeDeadlineSeconds !== undefined) {
    faults.push(...inRange(`${path}.activeDeadlineSeconds`, activeDeadlineSeconds, 1, int32Max));
  }
  if (hostname !== '') faults.push(...texts(`${path}.hostname`, hostname, dnsLabel));
  if (subdomain !== '') faults.push(...texts(`${path}.subdomain`, subdomain, dnsLabel));
  return faults;
}

function overrideFaults(path: string, spec: PodSpec, name: string): FieldError[] {
  const at = `${path}.hostnameOverride`;
  return [
    ...(spec.setHostnameAsFQDN === true
      ? [forbiddenField(at, 'may not be specified when setHostnameAsFQDN is true')]
      : []),
    ...(spec.hostNetwork === true
      ? [forbiddenField(at, 'may not be specified when hostNetwork is true')]
      : []),
    ...(name.length > 64 ? [tooLong(at, 64)] : []),
    ...texts(at, name, dnsSubdomain),
  ];
}

export function tolerationFaults(path: string, tolerations: readonly Toleration[]): FieldError[] {
  return tolerations.flatMap((toleration, i) => {
    const at = `${path}[${i}]`;
    const { key = '', operator = '', effect = '' } = toleration;
    const faults = key === '' ? [] : texts(`${at}.key`, key, qualifiedName);
    if (key === '' && operator !== 'Exists') {
      const text = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
      faults.push(invalidValue(`${at}.operator`, operator, text));
    }
    if (toleration.tolerationSeconds !== undefined && effect !== 'NoExecute') {
      const text = "effect must be 'NoExecute' when `tolerationSeconds` is set";
      faults.push(invalidValue(`${at}.effect`, effect, text));
    }
    faults.push(...tolerationValueFaults(at, operator, toleration.value ?? ''));
    return effect === '' ? faults : [...faults, ...oneOf(`${at}.effect`, effect, taintEffects)];
  });
}

function tolerationValueFaults(path: string, operator: string, value: string): FieldError[] {
  if (operator === '' || operator === 'Equal') {
    const problems = labelValue(value);
    return problems.length === 0 ? [] : [invalidValue(`${path}.operator`, value, problems.join(';'))];
  }
  if (operator === 'Exists') {
    return value === ''
      ? []
      : [invalidValue(`${path}.operator`, value, "value must be empty when `operator` is 'Exists'")];
  }
  const known =
    operator === 'Lt' || operator === 'Gt' ? ['Equal', 'Exists', 'Lt', 'Gt'] : ['Equal', 'Exists'];
  return [notSupported(`${path}.operator`, operator, known)];
}

function aliasFaults(path: string, { hostAliases = [] }: PodSpec): FieldError[] {
  return hostAliases.flatMap(({ ip, hostnames = [] }, i) => [
    ...ipFaults(`${path}[${i}].ip`, ip),
    ...hostnames.flatMap((name, j) => texts(`${path}[${i}].hostnames[${j}]`, name, dnsSubdomain)),
  ]);
}

function classFaults(path: string, spec: PodSpec): FieldError[] {
  const { priorityClassName = '', runtimeClassName, overhead } = spec;
  return [
    ...(priorityClassName === '' ? [] : texts(`${path}.priorityClassName`, priorityClassName, dnsSubdomain)),
    ...(runtimeClassName === undefined
      ? []
      : texts(`${path}.runtimeClassName`, runtimeClassName, dnsSubdomain)),
    ...(spec.preemptionPolicy === ''
      ? [required(`${path}.preemptionPolicy`)]
      : oneOf(`${path}.preemptionPolicy`, spec.preemptionPolicy, ['PreemptLowerPriority', 'Never'])),
    ...Object.entries(overhead ?? {}).flatMap(([name, value]) =>
      quantityNotNegative(`${path}.overhead[${name}]`, value),
    ),
  ];
}

function systemFaults(path: string, spec: PodSpec): FieldError[] {
  const { os } = spec;
  if (os === undefined) return [];
  if (((os.name as string | undefined) ?? '') === '') return [required(`${path}.os.name`)];
  if (os.name === 'linux') return linuxPodFaults(path, spec);
  return os.name === 'windows'
    ? windowsPodFaults(path, spec)
    : [notSupported(`${path}.os`, os.name, ['linux', 'windows'])];
}

/** What a template may say, and a pod may not. */
function podOnlyFaults(path: string, spec: PodSpec): FieldError[] {
  const tokens =
    (spec.serviceAccountName ?? '') === ''
      ? (spec.volumes ?? []).flatMap(({ projected }, i) =>
          (projected?.sources ?? []).flatMap(({ serviceAccountToken }, j) =>
            serviceAccountToken === undefined
              ? []
              : [
                  forbiddenField(
                    `${path}.volumes[${i}].projected.sources[${j}].serviceAccountToken`,
                    'must not be specified when serviceAccountName is not set',
                  ),
                ],
          ),
        )
      : [];
  return [
    ...tokens,
    ...spec.containers.flatMap((each, i) => paddedImage(`${path}.containers[${i}]`, each)),
    ...(spec.initContainers ?? []).flatMap((each, i) => paddedImage(`${path}.initContainers[${i}]`, each)),
  ];
}
