import type { Job, JobCondition, JobStatus } from '../../../openapi/generated/types.ts';
import { timeText } from '../../../openapi/machinery/clock.ts';
import { compact } from './compact.ts';
import type { Books } from './job-books.ts';
import { indexesText } from './job-indexes.ts';
import type { Outcome } from './job-outcome.ts';
import { isJobFinished, jobCondition } from './job-state.ts';

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
    ...(books.failedIndexes === undefined ? {} : { failedIndexes: indexesText(books.failedIndexes) }),
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
