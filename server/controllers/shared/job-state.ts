import type { ContainerStatus, Job, JobCondition, Pod } from '../../../openapi/generated/types.ts';
import { podCondition } from './pods.ts';

export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';
export const indexKey = 'batch.kubernetes.io/job-completion-index';
const ownController = 'kubernetes.io/job-controller';

export function isTracked(pod: Pod): boolean {
  return (pod.metadata?.finalizers ?? []).includes(trackingFinalizer);
}

/** True when spec.managedBy gives the Job to somebody else. */
export function isManagedElsewhere(job: Job): boolean {
  const { managedBy } = job.spec ?? {};
  return managedBy !== undefined && managedBy !== ownController;
}

export function isIndexed(job: Job): boolean {
  return job.spec?.completionMode === 'Indexed';
}

/** -1 for a pod without a usable index. */
export function indexOf(pod: Pod): number {
  const text = pod.metadata?.annotations?.[indexKey] ?? '';
  return /^\d+$/.test(text) ? Number(text) : -1;
}

export function completionsOf(job: Job): number {
  return job.spec?.completions ?? 0;
}

/** True for a pod whose index the Job has; of a Job without indexes, for every pod. */
export function isInRange(job: Job, pod: Pod): boolean {
  const index = indexOf(pod);
  return !isIndexed(job) || (index >= 0 && index < completionsOf(job));
}

export function jobCondition(job: Job, type: string): JobCondition | undefined {
  return job.status?.conditions?.find((condition) => condition.type === type && condition.status === 'True');
}

export function isJobFinished(job: Job): boolean {
  return jobCondition(job, 'Complete') !== undefined || jobCondition(job, 'Failed') !== undefined;
}

/** A pod on its way out counts as failed, lest one that never ends is never replaced; unless only failed pods are to be replaced. */
export function hasFailed(pod: Pod, job: Job): boolean {
  if (pod.status?.phase === 'Failed') return true;
  if (job.spec?.podReplacementPolicy === 'Failed') return false;
  return pod.metadata?.deletionTimestamp !== undefined && pod.status?.phase !== 'Succeeded';
}

/** When a pod ended, as well as can be told: by its containers, its condition, its deletion or its creation. */
export function endedAtMs(pod: Pod): number {
  const ofContainers = lastEndMs(pod.status?.containerStatuses ?? []);
  if (ofContainers !== undefined) return ofContainers;
  const ready = podCondition(pod, 'Ready');
  if (ready?.status === 'False' && ready.lastTransitionTime !== undefined)
    return Date.parse(ready.lastTransitionTime);
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, creationTimestamp } = pod.metadata ?? {};
  if (deletionTimestamp !== undefined)
    return Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000;
  return Date.parse(creationTimestamp ?? '');
}

/** Undefined while one of them has no end. */
function lastEndMs(statuses: readonly ContainerStatus[]): number | undefined {
  const ends = statuses.map((status) => Date.parse(status.state?.terminated?.finishedAt ?? ''));
  return ends.length === 0 || ends.some(Number.isNaN) ? undefined : Math.max(...ends);
}
