import { pods } from '../../openapi/generated/resources.ts';
import type {
  Container,
  Pod,
  PodAffinityTerm,
  ScopedResourceSelectorRequirement,
} from '../../openapi/generated/types.ts';
import type { KubeObject } from '../../openapi/machinery/object.ts';
import { one, quantityOf, readAmounts, sumAmounts, type Amounts } from './amounts.ts';
import { countName, matchesValues, type Evaluator } from './evaluator.ts';
import { chargedAmounts, isStatedByPod } from './pod-amounts.ts';

const computed = ['cpu', 'memory', 'ephemeral-storage'];
const own: ReadonlySet<string> = new Set([
  countName(pods),
  'pods',
  ...computed.flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
]);
const devicePrefix = 'deviceclass.resource.kubernetes.io/';
/** Where a quota is on one of these, every container must state it. */
const demanded = ['cpu', 'limits.cpu', 'limits.memory', 'memory', 'requests.cpu', 'requests.memory'];

/** `pods` and computing resources count while a pod has not ended; `count/pods` as long as it is there. */
export const podEvaluator: Evaluator = {
  handles({ operation, subresource, object, oldObject }) {
    if (subresource === 'resize') return operation === 'UPDATE';
    if (subresource !== '') return false;
    if (operation === 'CREATE') return true;
    return operation === 'UPDATE' && isTerminating(object) !== isTerminating(oldObject as Pod);
  },
  counts: (name) => own.has(name) || /^(requests\.)?hugepages-/.test(name) || isExtended(name),
  matchesScope: (scope, object) => matchesScope(scope, object),
  constraint: (names, object) => missingText(names, object),
  usage: (object, now) => usage(object, now),
};

/** `requests.example.com/gpu`: more than was asked for cannot be had of these, so there is no name for limits. */
function isExtended(name: string): boolean {
  return name.startsWith('requests.') && (!isNative(name) || name.startsWith(`requests.${devicePrefix}`));
}

function usage(object: KubeObject, now: number): Amounts {
  const pod = object as Pod;
  const counted: Amounts = new Map([[countName(pods), one]]);
  if (!isCharged(pod, now)) return counted;
  const { requests, limits } = chargedAmounts(pod);
  return sumAmounts(counted, computeNames(requests, limits));
}

/** Amounts under the names that quotas use. */
function computeNames(requests: Amounts, limits: Amounts): Amounts {
  const names = new Map([['pods', one]]);
  for (const [name, amount] of requests) {
    const isPlain = computed.includes(name) || name.startsWith('hugepages-');
    if (isPlain) names.set(name, amount);
    if (isPlain || isExtendedResource(name)) names.set(`requests.${name}`, amount);
  }
  for (const name of computed) {
    const amount = limits.get(name);
    if (amount !== undefined) names.set(`limits.${name}`, amount);
  }
  return names;
}

function isExtendedResource(name: string): boolean {
  return (!isNative(name) && !name.startsWith('requests.')) || name.startsWith(devicePrefix);
}

/** cpu, memory, hugepages-2Mi, attachable-volumes-csi: without a domain, or in that of Kubernetes. */
function isNative(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/');
}

/** A pod that has ended holds nothing, nor does one that should be gone by now: its node may be lost. */
export function isCharged({ status, metadata }: Pod, now: number): boolean {
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return false;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata ?? {};
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return true;
  return now <= Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
}

function matchesScope(scope: ScopedResourceSelectorRequirement, pod: Pod): boolean {
  switch (scope.scopeName) {
    case 'Terminating':
      return isTerminating(pod);
    case 'NotTerminating':
      return !isTerminating(pod);
    case 'BestEffort':
      return isBestEffort(pod);
    case 'NotBestEffort':
      return !isBestEffort(pod);
    case 'PriorityClass':
      return matchesValues(scope, pod.spec?.priorityClassName ?? '');
    case 'CrossNamespacePodAffinity':
      return looksElsewhere(pod);
    default:
      return false;
  }
}

/** By its deadline; not: being deleted. */
export function isTerminating({ spec }: Pod): boolean {
  return (spec?.activeDeadlineSeconds ?? -1) >= 0;
}

function isBestEffort({ spec, status }: Pod): boolean {
  if (status?.qosClass !== undefined) return status.qosClass === 'BestEffort';
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  const all = spec?.resources === undefined ? containers.map(({ resources }) => resources) : [spec.resources];
  return !all.some((resources) =>
    [resources?.requests, resources?.limits].some((written) =>
      ['cpu', 'memory'].some((name) => quantityOf(written?.[name] ?? '0').digits > 0n),
    ),
  );
}

function looksElsewhere({ spec }: Pod): boolean {
  const { podAffinity, podAntiAffinity } = spec?.affinity ?? {};
  const terms = [podAffinity, podAntiAffinity].flatMap((each): readonly PodAffinityTerm[] => [
    ...(each?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(each?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => term.podAffinityTerm),
  ]);
  return terms.some((term) => (term.namespaces ?? []).length > 0 || term.namespaceSelector !== undefined);
}

/** `must specify cpu for: a,b; memory for: a` */
function missingText(names: readonly string[], { spec }: Pod): string | undefined {
  const ofPod = { ...spec?.resources?.requests, ...spec?.resources?.limits };
  if (Object.keys(ofPod).some(isStatedByPod)) return undefined;
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  const missing = demanded
    .filter((name) => names.includes(name))
    .map((name) => [name, containers.filter((each) => !states(each, name)).map((each) => each.name)] as const)
    .filter(([, without]) => without.length > 0)
    .map(([name, without]) => `${name} for: ${[...new Set(without)].sort().join(',')}`);
  return missing.length === 0 ? undefined : `must specify ${missing.join('; ')}`;
}

function states({ resources }: Container, name: string): boolean {
  return computeNames(readAmounts(resources?.requests), readAmounts(resources?.limits)).has(name);
}
