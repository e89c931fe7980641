import type { Job, Pod, SuccessPolicyRule } from '../../../openapi/generated/types.ts';
import type { Books } from './job-books.ts';
import { judge } from './job-failures.ts';
import { parseIndexes } from './job-indexes.ts';
import { completionsOf, hasFailed, isIndexed, jobCondition } from './job-state.ts';
import { allRestartsOf } from './pods.ts';

/** How a Job ends, once that is decided. */
export interface Outcome {
  readonly type: 'Complete' | 'Failed';
  readonly reason: string;
  readonly message: string;
}

/** The outcome that an earlier run, or the books, decide; undefined while the Job goes on. Failures are looked for before successes. */
export function outcomeOf(job: Job, pods: readonly Pod[], books: Books, nowMs: number): Outcome | undefined {
  const known = decidedBefore(job);
  if (known !== undefined) return known;
  const failure =
    failureByPolicy(job, pods) ?? failureByLimits(job, books, nowMs) ?? failureOfIndexes(job, books);
  if (failure !== undefined) return { type: 'Failed', ...failure };
  const success = successByPolicy(job, books) ?? successOfAll(job, books);
  return success === undefined ? undefined : { type: 'Complete', ...success };
}

type Why = Omit<Outcome, 'type'>;

function decidedBefore(job: Job): Outcome | undefined {
  const met = jobCondition(job, 'SuccessCriteriaMet');
  const target = met ?? jobCondition(job, 'FailureTarget');
  if (target === undefined) return undefined;
  const type = met === undefined ? 'Failed' : 'Complete';
  return { type, reason: target.reason ?? '', message: target.message ?? '' };
}

function failureByPolicy(job: Job, pods: readonly Pod[]): Why | undefined {
  if (job.spec?.podFailurePolicy === undefined) return undefined;
  for (const pod of pods) {
    const message = hasFailed(pod, job) ? judge(job, pod).jobMessage : undefined;
    if (message !== undefined) return { reason: 'PodFailurePolicy', message };
  }
  return undefined;
}

function failureByLimits(job: Job, books: Books, nowMs: number): Why | undefined {
  const backoffLimit = job.spec?.backoffLimit ?? 6;
  if (books.failed > backoffLimit || restartsExceed(job, books.active, backoffLimit))
    return { reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' };
  if (deadlineInMs(job, nowMs) === 0)
    return { reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' };
  return undefined;
}

function failureOfIndexes(job: Job, { failedIndexes, completed }: Books): Why | undefined {
  if (failedIndexes === undefined) return undefined;
  const { maxFailedIndexes } = job.spec ?? {};
  if (maxFailedIndexes !== undefined && failedIndexes.size > maxFailedIndexes)
    return {
      reason: 'MaxFailedIndexesExceeded',
      message: 'Job has exceeded the specified maximal number of failed indexes',
    };
  return failedIndexes.size > 0 && failedIndexes.size + completed.size >= completionsOf(job)
    ? { reason: 'FailedIndexes', message: 'Job has failed indexes' }
    : undefined;
}

function successByPolicy(job: Job, { completed }: Books): Why | undefined {
  if (!isIndexed(job) || completed.size === 0) return undefined;
  const rules = job.spec?.successPolicy?.rules ?? [];
  const met = rules.findIndex((rule) => isMet(rule, completed, completionsOf(job)));
  return met === -1 ? undefined : { reason: 'SuccessPolicy', message: `Matched rules at index ${met}` };
}

function isMet(
  { succeededIndexes, succeededCount }: SuccessPolicyRule,
  completed: ReadonlySet<number>,
  completions: number,
): boolean {
  if (succeededIndexes === undefined) return succeededCount !== undefined && completed.size >= succeededCount;
  const wanted = [...parseIndexes(succeededIndexes, completions)];
  const met = wanted.filter((index) => completed.has(index)).length;
  return (
    wanted.length > 0 && (met === wanted.length || (succeededCount !== undefined && met >= succeededCount))
  );
}

function successOfAll(job: Job, books: Books): Why | undefined {
  const { completions, suspend } = job.spec ?? {};
  const isDone = completions === undefined ? books.succeeded > 0 : books.succeeded >= completions;
  const isEmpty = completions === 0 || books.active.length === 0;
  if (!isDone || !isEmpty || suspend === true) return undefined;
  return { reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' };
}

/** Pods that restart their containers in place are counted by their restarts. */
function restartsExceed(job: Job, active: readonly Pod[], backoffLimit: number): boolean {
  if (job.spec?.template.spec?.restartPolicy !== 'OnFailure') return false;
  const started = active.filter((pod) => pod.status?.phase === 'Running' || pod.status?.phase === 'Pending');
  const restarts = started.reduce((sum, pod) => sum + allRestartsOf(pod), 0);
  return backoffLimit === 0 ? restarts > 0 : restarts >= backoffLimit;
}

/** 0: it has passed; undefined: there is none, or it does not run now. */
export function deadlineInMs(job: Job, nowMs: number): number | undefined {
  const { activeDeadlineSeconds, suspend } = job.spec ?? {};
  const { startTime } = job.status ?? {};
  if (activeDeadlineSeconds === undefined || startTime === undefined || suspend === true) return undefined;
  return Math.max(0, Date.parse(startTime) + activeDeadlineSeconds * 1000 - nowMs);
}
