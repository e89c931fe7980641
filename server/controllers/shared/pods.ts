import type { Pod, PodCondition, PodSpec, PodTemplateSpec } from '../../../openapi/generated/types.ts';
import type { KubeObject, ObjectMeta } from '../../../openapi/machinery/object.ts';
import type { Resource } from '../../../openapi/machinery/resource.ts';
import { controllerReference } from './watches.ts';

export function isFinished(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** Neither ended nor on its way out. */
export function isActive(pod: Pod): boolean {
  return !isFinished(pod) && pod.metadata?.deletionTimestamp === undefined;
}

export function podCondition(pod: Pod, type: string): PodCondition | undefined {
  return pod.status?.conditions?.find((condition) => condition.type === type);
}

export function isReady(pod: Pod): boolean {
  return podCondition(pod, 'Ready')?.status === 'True';
}

/** Ready for at least `minReadySeconds`. */
export function isAvailable(pod: Pod, minReadySeconds: number, nowMs: number): boolean {
  return isReady(pod) && readyForMs(pod, nowMs) >= minReadySeconds * 1000;
}

/** How long until a ready pod counts as available; undefined when it is not ready, or is available already. */
export function availableInMs(pod: Pod, minReadySeconds: number, nowMs: number): number | undefined {
  if (!isReady(pod)) return undefined;
  const waitMs = minReadySeconds * 1000 - readyForMs(pod, nowMs);
  return waitMs > 0 ? waitMs : undefined;
}

function readyForMs(pod: Pod, nowMs: number): number {
  const since = podCondition(pod, 'Ready')?.lastTransitionTime;
  return since === undefined ? 0 : nowMs - Date.parse(since);
}

export function restartsOf(pod: Pod): number {
  return Math.max(0, ...(pod.status?.containerStatuses ?? []).map((status) => status.restartCount));
}

/** The restarts of all containers together, init containers too. */
export function allRestartsOf(pod: Pod): number {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  return [...containerStatuses, ...initContainerStatuses].reduce(
    (sum, { restartCount }) => sum + restartCount,
    0,
  );
}

const templateMetaFields = ['labels', 'annotations', 'finalizers'] as const;

/** The pod that a controller makes of its template: named after the owner, controlled by it. */
export function podFromTemplate(
  template: PodTemplateSpec | undefined,
  owner: KubeObject,
  resource: Resource,
  more: ObjectMeta = {},
): Pod {
  const metadata: Record<string, unknown> = {};
  for (const field of templateMetaFields) {
    const value = template?.metadata?.[field];
    if (value !== undefined) metadata[field] = value;
  }
  const generated = more.name === undefined ? { generateName: `${shortenedName(owner)}-` } : {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...metadata,
      ...generated,
      namespace: owner.metadata?.namespace ?? '',
      ownerReferences: [controllerReference(owner, resource)],
      ...more,
    },
    spec: template?.spec ?? emptySpec,
  };
}

const emptySpec: PodSpec = { containers: [] };

/** A pod's name is a DNS subdomain; the server appends five characters and cuts what is too long. */
function shortenedName(owner: KubeObject): string {
  return (owner.metadata?.name ?? '').slice(0, 252);
}
