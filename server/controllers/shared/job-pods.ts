import type { Container, Job, Pod } from '../../../openapi/generated/types.ts';
import { jobs } from '../../../openapi/generated/resources.ts';
import type { Books } from './job-books.ts';
import { attemptsOf, failureAnnotations } from './job-failures.ts';
import { completionsOf, endedAtMs, indexKey, indexOf, isIndexed, trackingFinalizer } from './job-state.ts';
import { inDeletionOrder } from './pod-ranking.ts';
import { podFromTemplate } from './pods.ts';

export interface PodPlan {
  /** What to create: an index each, or undefined. */
  readonly create: readonly (number | undefined)[];
  readonly remove: readonly Pod[];
  /** When an index may be tried again, while none may now. */
  readonly waitMs?: number;
}

const burstPods = 500;
const failureDelayMsMin = 10_000;
const failureDelayMsMax = 600_000;

/** How many pods should run now, and which are too many. */
export function planPods(job: Job, books: Books, nowMs: number): PodPlan {
  const { active } = books;
  if (job.spec?.suspend === true) return { create: [], remove: active };
  const duplicates = isIndexed(job) ? uselessIndexes(job, books) : [];
  const useful = active.filter((pod) => !duplicates.includes(pod));
  const wanted = wantedActive(job, books, useful.length);
  const surplus = Math.max(0, useful.length - wanted);
  const doomed = surplus === 0 ? [] : inDeletionOrder(useful, useful, nowMs).slice(0, surplus);
  const occupied = useful.length + (replacesOnlyFailed(job) ? books.terminating : 0);
  const missing = Math.min(burstPods, Math.max(0, wanted - occupied));
  const remove = [...duplicates, ...doomed];
  if (!isIndexed(job)) return { create: Array.from({ length: missing }, () => undefined), remove };
  const { now, waitMs } = triable(freeIndexes(job, books, useful, missing), books, nowMs);
  return { create: now, remove, ...(now.length > 0 || waitMs === undefined ? {} : { waitMs }) };
}

/** Where each index has failures of its own, each waits for itself. */
function triable(
  indexes: readonly number[],
  { replaced }: Books,
  nowMs: number,
): { readonly now: readonly number[]; readonly waitMs: number | undefined } {
  const now: number[] = [];
  const waits: number[] = [];
  for (const index of indexes) {
    const pod = replaced.get(index);
    const waitMs = pod === undefined ? 0 : endedAtMs(pod) + failureDelayMs(attemptsOf(pod) + 1) - nowMs;
    if (waitMs > 0) waits.push(waitMs);
    else now.push(index);
  }
  return { now, waitMs: waits.length === 0 ? undefined : Math.min(...waits) };
}

/** How long after so many failures in a row a new pod waits. */
export function failureDelayMs(failures: number): number {
  return Math.min(failureDelayMsMax, failureDelayMsMin * 2 ** Math.min(failures - 1, 10));
}

function replacesOnlyFailed(job: Job): boolean {
  return job.spec?.podReplacementPolicy === 'Failed';
}

/** Without completions one success ends the creation of more; with them never more run than are still needed. */
function wantedActive(job: Job, books: Books, active: number): number {
  const parallelism = job.spec?.parallelism ?? 1;
  const { completions } = job.spec ?? {};
  if (completions === undefined) return books.succeeded > 0 ? active : parallelism;
  return Math.max(0, Math.min(parallelism, completions - books.succeeded));
}

/** Pods of an index that is done, out of range, or had by another pod. */
function uselessIndexes(job: Job, { active, completed }: Books): readonly Pod[] {
  const taken = new Set<number>();
  return active.filter((pod) => {
    const index = indexOf(pod);
    const isUseful = index >= 0 && index < completionsOf(job) && !completed.has(index) && !taken.has(index);
    taken.add(index);
    return !isUseful;
  });
}

function freeIndexes(
  job: Job,
  { completed, failedIndexes, going }: Books,
  active: readonly Pod[],
  count: number,
): readonly number[] {
  const taken = new Set([...active, ...(replacesOnlyFailed(job) ? going : [])].map(indexOf));
  const free: number[] = [];
  for (let index = 0; index < completionsOf(job) && free.length < count; index++)
    if (!completed.has(index) && !taken.has(index) && failedIndexes?.has(index) !== true) free.push(index);
  return free;
}

/**
 * A pod of the Job's template; an indexed one knows its index by annotation, label, environment and host name, and of `replaced`
 * how often its index failed.
 */
export function jobPod(job: Job, index: number | undefined, replaced: Pod | undefined): Pod {
  const pod = podFromTemplate(job.spec?.template, job, jobs);
  const finalizers = [...new Set([...(pod.metadata?.finalizers ?? []), trackingFinalizer])];
  if (index === undefined) return { ...pod, metadata: { ...pod.metadata, finalizers } };
  const { annotations, labels } = pod.metadata ?? {};
  const { name = '' } = job.metadata ?? {};
  const { spec = { containers: [] } } = pod;
  const mark = { [indexKey]: String(index) };
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      generateName: `${name}-${index}-`,
      annotations: { ...annotations, ...mark, ...failureAnnotations(job, replaced) },
      labels: { ...labels, ...mark },
      finalizers,
    },
    spec: {
      ...spec,
      hostname: `${name}-${index}`.slice(0, 63).replace(/[-.]+$/, ''),
      containers: spec.containers.map(withIndex),
      ...(spec.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(withIndex) }),
    },
  };
}

const indexVariable = 'JOB_COMPLETION_INDEX';

function withIndex(container: Container): Container {
  const { env = [] } = container;
  if (env.some((variable) => variable.name === indexVariable)) return container;
  const fieldRef = { fieldPath: `metadata.labels['${indexKey}']` };
  return { ...container, env: [...env, { name: indexVariable, valueFrom: { fieldRef } }] };
}
