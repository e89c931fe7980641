import type { Job, Pod } from '../../../openapi/generated/types.ts';
import { failsItsIndex, judge, podsToReplace } from './job-failures.ts';
import { parseIndexes } from './job-indexes.ts';
import { completionsOf, hasFailed, indexOf, isInRange, isIndexed, isTracked } from './job-state.ts';
import { isActive, isFinished, isReady } from './pods.ts';

/** One run takes at most so many ended pods into its books. */
const uncountedMax = 500;

/** The books of a Job after what its pods did: each ended pod is counted once, by way of uncountedTerminatedPods and its finalizer. */
export interface Books {
  readonly active: readonly Pod[];
  readonly ready: number;
  readonly terminating: number;
  /** Those on their way out, of which an index may be kept until they are gone. */
  readonly going: readonly Pod[];
  /** Totals with what is not yet in the counters. */
  readonly succeeded: number;
  readonly failed: number;
  readonly completed: ReadonlySet<number>;
  /** Indexes that are given up; undefined for a Job that has no limit for each index. */
  readonly failedIndexes: ReadonlySet<number> | undefined;
  /** By index: failed pods that wait for their successor. */
  readonly replaced: ReadonlyMap<number, Pod>;
  readonly uncountedSucceeded: ReadonlySet<string>;
  readonly uncountedFailed: ReadonlySet<string>;
  readonly countedSucceeded: number;
  readonly countedFailed: number;
  /** May lose their finalizer once these books are written. */
  readonly release: readonly Pod[];
  /** Pods that ended since the last run. */
  readonly newlySucceeded: readonly Pod[];
  readonly newlyFailed: readonly Pod[];
}

/** How the Job is about to end. `Failed`: all that still runs counts as failed. `Complete`: it does not count. */
export type Ending = 'Failed' | 'Complete' | undefined;

export function keepBooks(job: Job, pods: readonly Pod[], ending: Ending): Books {
  const tracked = new Map(pods.filter(isTracked).map((pod) => [pod.metadata?.uid ?? '', pod]));
  const known = job.status?.uncountedTerminatedPods;
  const succeeded = settle(known?.succeeded ?? [], tracked);
  const failed = settle(known?.failed ?? [], tracked);
  const before = completedBefore(job);
  const completed = new Set([...before, ...newlyCompleted(job, tracked.values())]);
  const active = pods.filter(isActive);
  const failedIndexes = failedIndexesOf(job, pods);
  const replaced = replacedOf(job, pods, { completed, failedIndexes, active });
  const entries = { succeeded: succeeded.waiting, failed: failed.waiting, noted: new Set<number>() };
  const { release, newlySucceeded, newlyFailed } = enterAll(job, tracked.values(), {
    ...entries,
    before,
    replaced,
    ending,
  });
  const waitingToCount = [...replaced.values()].filter(
    (pod) => !failed.waiting.has(pod.metadata?.uid ?? '') && judge(job, pod).counts,
  ).length;
  const countedSucceeded = isIndexed(job) ? completed.size : (job.status?.succeeded ?? 0) + succeeded.settled;
  const countedFailed = (job.status?.failed ?? 0) + failed.settled;
  const going = pods.filter((pod) => pod.metadata?.deletionTimestamp !== undefined && !isFinished(pod));
  return {
    active,
    ready: active.filter(isReady).length,
    terminating: going.length,
    going,
    succeeded: countedSucceeded + succeeded.waiting.size,
    failed: countedFailed + failed.waiting.size + (ending === undefined ? waitingToCount : 0),
    completed,
    failedIndexes,
    replaced,
    uncountedSucceeded: succeeded.waiting,
    uncountedFailed: failed.waiting,
    countedSucceeded,
    countedFailed,
    release,
    newlySucceeded,
    newlyFailed,
  };
}

function completedBefore(job: Job): ReadonlySet<number> {
  return isIndexed(job) ? parseIndexes(job.status?.completedIndexes, completionsOf(job)) : new Set();
}

function newlyCompleted(job: Job, tracked: Iterable<Pod>): readonly number[] {
  if (!isIndexed(job)) return [];
  return [...tracked].filter((pod) => pod.status?.phase === 'Succeeded' && isInRange(job, pod)).map(indexOf);
}

function enterAll(
  job: Job,
  tracked: Iterable<Pod>,
  entries: Entries,
): Pick<Books, 'release' | 'newlySucceeded' | 'newlyFailed'> {
  const release: Pod[] = [];
  const news = { succeeded: [] as Pod[], failed: [] as Pod[] };
  for (const pod of tracked) {
    if (release.length >= uncountedMax) break;
    const { released, ended } = enter(pod, job, entries);
    if (ended !== undefined) news[ended].push(pod);
    if (released) release.push(pod);
  }
  return { release, newlySucceeded: news.succeeded, newlyFailed: news.failed };
}

function failedIndexesOf(job: Job, pods: readonly Pod[]): ReadonlySet<number> | undefined {
  if (!isIndexed(job) || job.spec?.backoffLimitPerIndex === undefined) return undefined;
  const indexes = parseIndexes(job.status?.failedIndexes, completionsOf(job));
  for (const pod of pods) if (failsItsIndex(job, pod)) indexes.add(indexOf(pod));
  return indexes;
}

function replacedOf(
  job: Job,
  pods: readonly Pod[],
  { completed, failedIndexes, active }: Pick<Books, 'completed' | 'failedIndexes' | 'active'>,
): ReadonlyMap<number, Pod> {
  const running = new Set(active.map(indexOf));
  return podsToReplace(
    job,
    pods,
    (index) => completed.has(index) || failedIndexes?.has(index) === true || running.has(index),
  );
}

function isHeld(pod: Pod, job: Job, { replaced, ending }: Entries): boolean {
  const isEnding = ending !== undefined || job.metadata?.deletionTimestamp !== undefined;
  return !isEnding && replaced.get(indexOf(pod)) === pod;
}

interface Entries {
  readonly succeeded: Set<string>;
  readonly failed: Set<string>;
  /** Indexes that were complete before this run. */
  readonly before: ReadonlySet<number>;
  /** Indexes that this run found complete. */
  readonly noted: Set<number>;
  readonly replaced: ReadonlyMap<number, Pod>;
  readonly ending: Ending;
}

interface Entry {
  readonly released: boolean;
  /** What happened to it since the last run. */
  readonly ended?: 'succeeded' | 'failed';
}

/** Enters a pod that ended, if it is not entered yet, and says what it was. */
function enter(pod: Pod, job: Job, entries: Entries): Entry {
  const uid = pod.metadata?.uid ?? '';
  if (entries.succeeded.has(uid) || entries.failed.has(uid)) return { released: true };
  if (pod.status?.phase === 'Succeeded') return enterSuccess(pod, job, entries);
  const isFailure = hasFailed(pod, job);
  if (!isFailure && entries.ending === undefined) return { released: false };
  // One that waits for its successor is news now, and counted when that is there.
  if (isHeld(pod, job, entries)) return { released: false, ended: 'failed' };
  if (!isFailure && entries.ending === 'Complete') return { released: true };
  if (!isInRange(job, pod)) return { released: true };
  if (judge(job, pod).counts) entries.failed.add(uid);
  return { released: true, ended: 'failed' };
}

/** The index of a success is enough to count it once. */
function enterSuccess(pod: Pod, job: Job, entries: Entries): Entry {
  if (!isIndexed(job)) {
    entries.succeeded.add(pod.metadata?.uid ?? '');
    return { released: true, ended: 'succeeded' };
  }
  const index = indexOf(pod);
  if (!isInRange(job, pod) || entries.before.has(index) || entries.noted.has(index))
    return { released: true };
  entries.noted.add(index);
  return { released: true, ended: 'succeeded' };
}

/** A pod that lost its finalizer, or is gone, moves from the list into the counter. */
function settle(
  uids: readonly string[],
  tracked: ReadonlyMap<string, Pod>,
): { readonly waiting: Set<string>; readonly settled: number } {
  const waiting = new Set(uids.filter((uid) => tracked.has(uid)));
  return { waiting, settled: uids.length - waiting.size };
}
