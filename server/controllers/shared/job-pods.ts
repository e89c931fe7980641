import type { Container, Job, Pod } from '../../../openapi/generated/types.ts';
import { jobs } from '../../../openapi/generated/resources.ts';
import { indexKey, indexOf, isIndexed, trackingFinalizer, type Books } from './job-state.ts';
import { inDeletionOrder } from './pod-ranking.ts';
import { podFromTemplate } from './pods.ts';

export interface PodPlan {
  /** What to create: an index each, or undefined. */
  readonly create: readonly (number | undefined)[];
  readonly remove: readonly Pod[];
}

const burstPods = 500;

/** How many pods should run now, and which are too many. */
export function planPods(job: Job, books: Books, nowMs: number): PodPlan {
  const { active } = books;
  if (job.spec?.suspend === true) return { create: [], remove: active };
  const duplicates = isIndexed(job) ? uselessIndexes(job, books) : [];
  const useful = active.filter((pod) => !duplicates.includes(pod));
  const wanted = wantedActive(job, books, useful.length);
  const surplus = Math.max(0, useful.length - wanted);
  const doomed = surplus === 0 ? [] : inDeletionOrder(useful, useful, nowMs).slice(0, surplus);
  const occupied = useful.length + (job.spec?.podReplacementPolicy === 'Failed' ? books.terminating : 0);
  const missing = Math.min(burstPods, Math.max(0, wanted - occupied));
  const create = isIndexed(job)
    ? freeIndexes(job, books, useful, missing)
    : Array.from({ length: missing }, () => undefined);
  return { create, remove: [...duplicates, ...doomed] };
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
    const isUseful =
      index >= 0 && index < (job.spec?.completions ?? 0) && !completed.has(index) && !taken.has(index);
    taken.add(index);
    return !isUseful;
  });
}

function freeIndexes(
  job: Job,
  { completed }: Books,
  active: readonly Pod[],
  count: number,
): readonly number[] {
  const taken = new Set(active.map(indexOf));
  const free: number[] = [];
  for (let index = 0; index < (job.spec?.completions ?? 0) && free.length < count; index++)
    if (!completed.has(index) && !taken.has(index)) free.push(index);
  return free;
}

/** A pod of the Job's template; an indexed one knows its index by annotation, label, environment and host name. */
export function jobPod(job: Job, index: number | undefined): Pod {
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
      annotations: { ...annotations, ...mark },
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
