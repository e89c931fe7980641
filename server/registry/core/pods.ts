import { isDeepStrictEqual } from 'node:util';
import { pods } from '../../../openapi/generated/resources.ts';
import type { Container, Pod, PodSpec } from '../../../openapi/generated/types.ts';
import { timeText } from '../../../openapi/machinery/clock.ts';
import { type FieldError, forbiddenField, invalidValue } from '../../../openapi/machinery/status.ts';
import { specChanged } from '../spec-changed.ts';
import type { ActionSubresource, Strategy, SyncContext } from '../strategy.ts';
import { podTable } from '../table/pod.ts';
import { ipFaults } from '../validation/addresses.ts';
import { texts, unchanged } from '../validation/field-errors.ts';
import { dnsSubdomain, qualifiedName } from '../validation/names.ts';
import { podAnnotationFaults } from '../validation/pod-annotations.ts';
import { podSpecFaults } from '../validation/pod-spec.ts';
import { ephemeralContainersSubresource, resizeSubresource } from './pod-parts.ts';
import { bindingSubresource } from './pod-binding.ts';
import { type Draft, withPodSpecDefaults } from './pod-defaults.ts';
import { withPodLevelDefaults } from './pod-level-resources.ts';
import { evictionSubresource } from './pod-eviction.ts';
import { qosClassOf } from './pod-qos.ts';
import { withMergedLabelKeys } from './pod-label-keys.ts';
import { podAnnotationUpdateFaults, podUpdateFaults } from './pod-update.ts';
import { podWarnings } from './pod-warnings.ts';

/** All that a resize may change. */
const resizable = ['containers', 'initContainers'].flatMap((list) =>
  ['resources', 'resizePolicy'].map((field) => ['spec', list, '*', field]),
);

export const podStrategy: Strategy<Pod> = {
  resource: pods,
  resetFields: {
    '': [['status']],
    status: [['spec'], ['metadata', 'deletionTimestamp'], ['metadata', 'ownerReferences']],
  },
  onlyFields: { ephemeralcontainers: [['spec', 'ephemeralContainers']], resize: resizable },
  deleteReturnsObject: true,
  defaults: podDefaults,
  defaultsOfSpecOnly: true,
  statusDefaults: withPodAddresses,
  prepareForCreate: (pod, { now }) => initialStatus(withMergedLabelKeys(withPositiveGrace(pod)), now),
  prepareForUpdate: (pod, old) => withKeptPriority(withPositiveGrace(pod), old),
  validate: (pod) => [...podFaults(pod), ...createFaults(pod)],
  validateUpdate: (pod, old) => [
    ...podFaults(pod),
    ...podAnnotationUpdateFaults(pod, old),
    ...podUpdateFaults(pod, old),
  ],
  warnings: (pod, old) => (old === undefined ? podWarnings(pod) : []),
  generationGrows: specChanged,
  gracePeriodSeconds,
  fields: podFields,
  selectableFields: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.podIPs',
    'status.nominatedNodeName',
  ],
  table: podTable,
  subresources: {
    status: {
      form: 'part',
      verbs: ['get', 'patch', 'update'],
      prepareForUpdate: statusPart,
      validateUpdate: statusFaults,
    },
    binding: bindingSubresource as unknown as ActionSubresource,
    eviction: evictionSubresource,
    ephemeralcontainers: ephemeralContainersSubresource,
    resize: resizeSubresource,
  },
};

function podDefaults(pod: Pod): Pod {
  const { spec } = pod;
  if (spec === undefined) return pod;
  const completed: Draft<PodSpec> = withPodSpecDefaults(spec);
  completed.containers = completed.containers.map(withRequests);
  if (completed.initContainers !== undefined) {
    completed.initContainers = completed.initContainers.map(withRequests);
  }
  completed.enableServiceLinks ??= true;
  return { ...pod, spec: withPodLevelDefaults(completed) };
}

/** What is limited and not asked for is asked for up to its limit. */
function withRequests(container: Container): Container {
  const { limits = {}, requests = {} } = container.resources ?? {};
  const missing = Object.entries(limits).filter(([name]) => !Object.hasOwn(requests, name));
  if (missing.length === 0) return container;
  return {
    ...container,
    resources: { ...container.resources, requests: { ...requests, ...Object.fromEntries(missing) } },
  };
}

/** Priority is worked out once, at creation: whoever leaves it out means the same one. */
function withKeptPriority(pod: Pod, old: Pod): Pod {
  const { spec } = pod;
  if (spec === undefined) return pod;
  const { priority, preemptionPolicy } = old.spec ?? {};
  return {
    ...pod,
    spec: {
      ...spec,
      ...(spec.priority === undefined && priority !== undefined ? { priority } : {}),
      ...(spec.preemptionPolicy === undefined && preemptionPolicy !== undefined ? { preemptionPolicy } : {}),
    },
  };
}

function withPositiveGrace(pod: Pod): Pod {
  const grace = pod.spec?.terminationGracePeriodSeconds ?? 0;
  if (pod.spec === undefined || grace >= 0) return pod;
  return { ...pod, spec: { ...pod.spec, terminationGracePeriodSeconds: 1 } };
}

function initialStatus(pod: Pod, now: number): Pod {
  const gated = (pod.spec?.schedulingGates ?? []).length > 0;
  const conditions = [
    {
      type: 'PodScheduled',
      status: 'False',
      lastProbeTime: null,
      lastTransitionTime: timeText(now),
      reason: 'SchedulingGated',
      message: 'Scheduling is blocked due to non-empty scheduling gates',
    },
  ] as unknown as NonNullable<NonNullable<Pod['status']>['conditions']>;
  return {
    ...pod,
    status: { phase: 'Pending', ...(gated ? { conditions } : {}), qosClass: qosClassOf(pod) },
  };
}

function podFaults(pod: Pod): FieldError[] {
  const spec: PodSpec = pod.spec ?? { containers: [] };
  return [
    ...podAnnotationFaults('metadata.annotations', pod.metadata?.annotations ?? {}, spec),
    ...podSpecFaults('spec', spec, { isPod: true, name: pod.metadata?.name ?? '' }),
  ];
}

function createFaults({ spec }: Pod): readonly FieldError[] {
  return [
    ...((spec?.ephemeralContainers ?? []).length === 0
      ? []
      : [forbiddenField('spec.ephemeralContainers', 'cannot be set on create')]),
    ...((spec?.nodeName ?? '') !== '' && (spec?.schedulingGates ?? []).length > 0
      ? [forbiddenField('spec.nodeName', 'cannot be set until all schedulingGates have been cleared')]
      : []),
  ];
}

/** What no node runs needs no grace. */
function gracePeriodSeconds(pod: Pod, requested: number | undefined): number {
  const seconds = requested ?? pod.spec?.terminationGracePeriodSeconds ?? 0;
  const ended = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
  if ((pod.spec?.nodeName ?? '') === '' || ended) return 0;
  return seconds < 0 ? 1 : seconds;
}

function specFields(spec: NonNullable<Pod['spec']>): Readonly<Record<string, string>> {
  return {
    'spec.nodeName': spec.nodeName ?? '',
    'spec.restartPolicy': spec.restartPolicy ?? '',
    'spec.schedulerName': spec.schedulerName ?? '',
    'spec.serviceAccountName': spec.serviceAccountName ?? '',
    'spec.hostNetwork': String(spec.hostNetwork ?? false),
  };
}

function podFields({ spec, status }: Pod): Readonly<Record<string, string>> {
  return {
    ...specFields(spec ?? { containers: [] }),
    'status.phase': status?.phase ?? '',
    'status.podIP': status?.podIPs?.[0]?.ip ?? status?.podIP ?? '',
    'status.podIPs': (status?.podIPs ?? []).map(({ ip }) => ip).join(','),
    'status.nominatedNodeName': status?.nominatedNodeName ?? '',
  };
}

/** The address is the first of the addresses: older writers know of one only, so that it counts. */
function withPodAddresses(pod: Pod): Pod {
  const { status } = pod;
  const { podIP = '', podIPs = [] } = status ?? {};
  const first = podIPs[0]?.ip ?? '';
  if (podIP === first) return pod;
  return {
    ...pod,
    status: { ...status, ...(podIP === '' ? { podIP: first } : { podIPs: [{ ip: podIP }] }) },
  };
}

/** The node's agent writes here; owners and spec are not its own. */
function statusPart(pod: Pod, old: Pod, _context?: SyncContext): Pod {
  const { ownerReferences: _owners, ...metadata } = pod.metadata ?? {};
  const owners = old.metadata?.ownerReferences;
  return {
    ...pod,
    metadata: owners === undefined ? metadata : { ...metadata, ownerReferences: owners },
    ...(old.spec === undefined ? {} : { spec: old.spec }),
    status: {
      ...pod.status,
      ...hostAddresses(pod.status),
      ...(old.status?.qosClass === undefined || pod.status?.qosClass !== undefined
        ? {}
        : { qosClass: old.status.qosClass }),
    },
  };
}

/** The address of the host and the first of its addresses are the same; whichever was written fills the other. */
function hostAddresses({ hostIP = '', hostIPs = [] }: NonNullable<Pod['status']> = {}): Pod['status'] {
  const first = hostIPs[0]?.ip ?? '';
  if (hostIP !== '' && hostIPs.length === 0) return { hostIPs: [{ ip: hostIP }] };
  return first !== '' && hostIP === '' ? { hostIP: first } : {};
}

function statusFaults(pod: Pod, old: Pod): readonly FieldError[] {
  const { podIPs = [], nominatedNodeName = '', qosClass, observedGeneration = 0 } = pod.status ?? {};
  return [
    ...(observedGeneration < 0
      ? [invalidValue('status.observedGeneration', observedGeneration, 'must be a non-negative integer')]
      : []),
    ...(pod.status?.conditions ?? []).flatMap(({ type }, i) =>
      texts(`status.conditions[${i}].Type`, type, qualifiedName),
    ),
    ...(nominatedNodeName === '' ? [] : texts('status.nominatedNodeName', nominatedNodeName, dnsSubdomain)),
    ...transitionFaults(pod, old),
    ...unchanged('status.qosClass', qosClass, old.status?.qosClass),
    ...podIPs.flatMap(({ ip = '' }, i) => ipFaults(`status.podIPs[${i}]`, ip)),
    ...familyFaults('status.podIPs', podIPs),
    ...hostFaults(pod.status),
  ];
}

function familyFaults(path: string, ips: readonly { readonly ip?: string }[]): readonly FieldError[] {
  const families = new Set(ips.map(({ ip = '' }) => ip.includes(':')));
  if (ips.length <= families.size) return [];
  const value = ips.map(({ ip }) => ({ IP: ip }));
  return [invalidValue(path, value, 'may specify no more than one IP for each IP family')];
}

function hostFaults(status: Pod['status']): readonly FieldError[] {
  const { hostIP = '', hostIPs = [] } = status ?? {};
  const first = hostIPs[0]?.ip ?? '';
  return first === '' || first === hostIP
    ? []
    : [invalidValue('status.hostIPs[0].ip', first, 'must be equal to `hostIP`')];
}

/** A container that has ended and is not restarted stays ended. */
function transitionFaults(pod: Pod, old: Pod): readonly FieldError[] {
  const policy = pod.spec?.restartPolicy ?? 'Always';
  if (policy === 'Always') return [];
  return (old.status?.containerStatuses ?? []).flatMap((before) => {
    const ended = before.state?.terminated;
    if (ended === undefined || (policy === 'OnFailure' && ended.exitCode !== 0)) return [];
    const statuses = pod.status?.containerStatuses ?? [];
    const index = statuses.findIndex(({ name }) => name === before.name);
    const state = statuses[index]?.state;
    if (index === -1 || state?.terminated !== undefined || isDeepStrictEqual(state, before.state)) return [];
    return [
      forbiddenField(
        `status.containerStatuses[${index}].state`,
        'may not be transitioned to non-terminated state',
      ),
    ];
  });
}
