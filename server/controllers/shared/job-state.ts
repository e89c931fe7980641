import type { Job, JobCondition, JobStatus, Pod } from '../../../openapi/generated/types.ts';
import { timeText } from '../../../openapi/machinery/clock.ts';
import { compact } from './compact.ts';
import { indexesText, parseIndexes } from './job-indexes.ts';
import { isActive, isFinished, isReady, restartsOf } from './pods.ts';

export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';
export const indexKey = 'batch.kubernetes.io/job-completion-index';
/** One run takes at most so many ended pods into its books. */
const uncountedMax = 500;

export function isTracked(pod: Pod): boolean {
  return (pod.metadata?.finalizers ?? []).includes(trackingFinalizer);
}

export function isIndexed(job: Job): boolean {
  return job.spec?.completionMode === 'Indexed';
}

/** -1 for a pod without a usable index. */
export function indexOf(pod: Pod): number {
  const text = pod.metadata?.annotations?.[indexKey] ?? '';
  return /^\d+$/.test(text) ? Number(text) : -1;
}

export function jobCondition(job: Job, type: string): JobCondition | undefined {
  return job.status?.conditions?.find((condition) => condition.type === type && condition.status === 'True');
}

export function isJobFinished(job: Job): boolean {
  return jobCondition(job, 'Complete') !== undefined || jobCondition(job, 'Failed') !== undefined;
}

/** How a Job ends, once that is decided. */
export interface Outcome {
  readonly type: 'Complete' | 'Failed';
  readonly reason: string;
  readonly message: string;
}

/** The books of a Job after what its pods did: each ended pod is counted once, by way of uncountedTerminatedPods and its finalizer. */
export interface Books {
  readonly active: readonly Pod[];
  readonly ready: number;
  readonly terminating: number;
  /** Totals with what is not yet in the counters. */
  readonly succeeded: number;
  readonly failed: number;
  readonly completed: ReadonlySet<number>;
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

/** With `isEnding` all that is still there counts as failed: the Job has its outcome. */
export function keepBooks(job: Job, pods: readonly Pod[], isEnding: boolean): Books {
  const tracked = new Map(pods.filter(isTracked).map((pod) => [pod.metadata?.uid ?? '', pod]));
  const known = job.status?.uncountedTerminatedPods;
  const succeeded = settle(known?.succeeded ?? [], tracked);
  const failed = settle(known?.failed ?? [], tracked);
  const completed = isIndexed(job)
    ? parseIndexes(job.status?.completedIndexes, completionsOf(job))
    : new Set<number>();
  const entries = { succeeded: succeeded.waiting, failed: failed.waiting, completed };
  const release: Pod[] = [];
  const news = { succeeded: [] as Pod[], failed: [] as Pod[] };
  for (const pod of tracked.values()) {
    if (release.length >= uncountedMax) break;
    const entry = enter(pod, job, entries, isEnding);
    if (entry === 'running') continue;
    release.push(pod);
    if (entry !== 'known') news[entry].push(pod);
  }
  const countedSucceeded = isIndexed(job) ? completed.size : (job.status?.succeeded ?? 0) + succeeded.settled;
  const countedFailed = (job.status?.failed ?? 0) + failed.settled;
  const active = pods.filter(isActive);
  return {
    active,
    ready: active.filter(isReady).length,
    terminating: pods.filter((pod) => pod.metadata?.deletionTimestamp !== undefined && !isFinished(pod))
      .length,
    succeeded: countedSucceeded + succeeded.waiting.size,
    failed: countedFailed + failed.waiting.size,
    completed,
    uncountedSucceeded: succeeded.waiting,
    uncountedFailed: failed.waiting,
    countedSucceeded,
    countedFailed,
    release,
    newlySucceeded: news.succeeded,
    newlyFailed: news.failed,
  };
}

interface Entries {
  readonly succeeded: Set<string>;
  readonly failed: Set<string>;
  readonly completed: Set<number>;
}

/** Enters a pod that ended, if it is not entered yet, and says what it was. */
function enter(
  pod: Pod,
  job: Job,
  entries: Entries,
  isEnding: boolean,
): 'running' | 'known' | 'succeeded' | 'failed' {
  const uid = pod.metadata?.uid ?? '';
  if (entries.succeeded.has(uid) || entries.failed.has(uid)) return 'known';
  if (pod.status?.phase !== 'Succeeded') {
    if (!hasFailed(pod, job) && !isEnding) return 'running';
    entries.failed.add(uid);
    return 'failed';
  }
  if (!isIndexed(job)) {
    entries.succeeded.add(uid);
    return 'succeeded';
  }
  const index = indexOf(pod);
  if (index < 0 || index >= completionsOf(job) || entries.completed.has(index)) return 'known';
  entries.completed.add(index);
  return 'succeeded';
}

function completionsOf(job: Job): number {
  return job.spec?.completions ?? 0;
}

/** A pod that lost its finalizer, or is gone, moves from the list into the counter. */
function settle(
  uids: readonly string[],
  tracked: ReadonlyMap<string, Pod>,
): { readonly waiting: Set<string>; readonly settled: number } {
  const waiting = new Set(uids.filter((uid) => tracked.has(uid)));
  return { waiting, settled: uids.length - waiting.size };
}

/** A pod on its way out counts as failed, lest one that never ends is never replaced; unless only failed pods are to be replaced. */
function hasFailed(pod: Pod, job: Job): boolean {
  if (pod.status?.phase === 'Failed') return true;
  if (job.spec?.podReplacementPolicy === 'Failed') return false;
  return pod.metadata?.deletionTimestamp !== undefined && pod.status?.phase !== 'Succeeded';
}

/** The outcome that the books, or an earlier run, decide; undefined while the Job goes on. */
export function outcomeOf(job: Job, books: Books, nowMs: number): Outcome | undefined {
  const target = jobCondition(job, 'FailureTarget') ?? jobCondition(job, 'SuccessCriteriaMet');
  if (target !== undefined) {
    const type = target.type === 'FailureTarget' ? 'Failed' : 'Complete';
    return { type, reason: target.reason ?? '', message: target.message ?? '' };
  }
  const backoffLimit = job.spec?.backoffLimit ?? 6;
  if (books.failed > backoffLimit || restartsExceed(job, books.active, backoffLimit))
    return failed('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  if (deadlineInMs(job, nowMs) === 0)
    return failed('DeadlineExceeded', 'Job was active longer than specified deadline');
  const { completions } = job.spec ?? {};
  const isDone = completions === undefined ? books.succeeded > 0 : books.succeeded >= completions;
  const isEmpty = completions === 0 || books.active.length === 0;
  if (!isDone || !isEmpty || job.spec?.suspend === true) return undefined;
  return {
    type: 'Complete',
    reason: 'CompletionsReached',
    message: 'Reached expected number of succeeded pods',
  };
}

function failed(reason: string, message: string): Outcome {
  return { type: 'Failed', reason, message };
}

/** Pods that restart their containers in place are counted by their restarts. */
function restartsExceed(job: Job, active: readonly Pod[], backoffLimit: number): boolean {
  if (job.spec?.template.spec?.restartPolicy !== 'OnFailure') return false;
  const started = active.filter((pod) => pod.status?.phase === 'Running' || pod.status?.phase === 'Pending');
  const restarts = started.reduce((sum, pod) => sum + restartsOf(pod), 0);
  return backoffLimit === 0 ? restarts > 0 : restarts >= backoffLimit;
}

/** 0: it has passed; undefined: there is none, or it does not run now. */
export function deadlineInMs(job: Job, nowMs: number): number | undefined {
  const { activeDeadlineSeconds, suspend } = job.spec ?? {};
  const { startTime } = job.status ?? {};
  if (activeDeadlineSeconds === undefined || startTime === undefined || suspend === true) return undefined;
  return Math.max(0, Date.parse(startTime) + activeDeadlineSeconds * 1000 - nowMs);
}

export interface StatusInput {
  readonly books: Books;
  readonly outcome: Outcome | undefined;
  /** Pods that were created and deleted since the books were kept. */
  readonly created: number;
  readonly deleted: number;
  readonly nowMs: number;
}

/** The status to write. The last condition comes only when every pod is counted and none is left. */
export function jobStatus(job: Job, input: StatusInput): JobStatus {
  const { books, outcome, created, deleted, nowMs } = input;
  const active = books.active.length + created - deleted;
  const terminating = books.terminating + deleted;
  const isCounted = books.uncountedSucceeded.size + books.uncountedFailed.size === 0;
  const ends =
    outcome !== undefined && active === 0 && terminating === 0 && isCounted && books.release.length === 0;
  const conditions = conditionsAfter(job, outcome, ends, nowMs);
  const startTime = startTimeOf(job, nowMs);
  return {
    ...compact({ active, succeeded: books.countedSucceeded, failed: books.countedFailed }),
    ...(books.completed.size === 0 ? {} : { completedIndexes: indexesText(books.completed) }),
    ...(conditions.length === 0 ? {} : { conditions }),
    ...(startTime === undefined ? {} : { startTime }),
    ...(ends && outcome.type === 'Complete' ? { completionTime: timeText(nowMs) } : {}),
    ready: Math.min(books.ready, active),
    terminating,
    uncountedTerminatedPods: compact({
      succeeded: [...books.uncountedSucceeded],
      failed: [...books.uncountedFailed],
    }),
  };
}

/** A Job starts when it is first seen running; suspending it stops its clock. */
function startTimeOf(job: Job, nowMs: number): string | undefined {
  if (job.spec?.suspend === true) return isJobFinished(job) ? job.status?.startTime : undefined;
  const isResumed = jobCondition(job, 'Suspended') !== undefined;
  return isResumed ? timeText(nowMs) : (job.status?.startTime ?? timeText(nowMs));
}

function conditionsAfter(
  job: Job,
  outcome: Outcome | undefined,
  ends: boolean,
  nowMs: number,
): readonly JobCondition[] {
  const now = timeText(nowMs);
  const conditions = [...(job.status?.conditions ?? [])];
  const say = (type: string, status: string, reason: string, message: string): void => {
    const index = conditions.findIndex((condition) => condition.type === type);
    if (conditions[index]?.status === status) return;
    const condition = { type, status, reason, message, lastProbeTime: now, lastTransitionTime: now };
    if (index === -1) conditions.push(condition);
    else conditions[index] = condition;
  };
  if (outcome === undefined) {
    const isSuspended = job.spec?.suspend === true;
    if (isSuspended) say('Suspended', 'True', 'JobSuspended', 'Job suspended');
    else if (jobCondition(job, 'Suspended') !== undefined)
      say('Suspended', 'False', 'JobResumed', 'Job resumed');
    return conditions;
  }
  const target = outcome.type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget';
  say(target, 'True', outcome.reason, outcome.message);
  if (ends) say(outcome.type, 'True', outcome.reason, outcome.message);
  return conditions;
}
