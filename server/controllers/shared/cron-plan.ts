import { cronJobs } from '../../../openapi/generated/resources.ts';
import type { CronJob, Job } from '../../../openapi/generated/types.ts';
import type { CronSchedule } from '../../../openapi/machinery/cron-schedule.ts';
import { zonedTimeText } from '../../../openapi/machinery/time-zone.ts';
import { jobCondition } from './job-state.ts';
import { controllerReference } from './watches.ts';

const scheduledAnnotation = 'batch.kubernetes.io/cronjob-scheduled-timestamp';
/** So that a clock that is set back a little does not find the time not yet come. */
const paddingMs = 100;
const manyMissed = 100;
const minuteMs = 60_000;

/** When a schedule was due last. */
export interface LastDue {
  /** What is counted from: the last start, or the CronJob's creation. */
  readonly sinceMs: number;
  readonly dueMs: number | undefined;
  readonly missed: 'none' | 'few' | 'many';
  /** Two times of the schedule are the same, or it has none. */
  readonly problem?: string;
}

const neverProblem = 'time difference between two schedules is less than 1 second';

/** The most recent time that the schedule was due and nothing was started, in a number of steps that does not grow with the time passed. */
export function lastDue(
  cronJob: CronJob,
  schedule: CronSchedule,
  { nowMs, zone, heedsDeadline }: { nowMs: number; zone: string; heedsDeadline: boolean },
): LastDue {
  const sinceMs = startOfCount(cronJob, heedsDeadline ? nowMs : undefined);
  const first = schedule.next(sinceMs, zone);
  const second = first === undefined ? undefined : schedule.next(first, zone);
  if (first === undefined) return { sinceMs, dueMs: undefined, missed: 'none', problem: neverProblem };
  if (nowMs < first) return { sinceMs, dueMs: undefined, missed: 'none' };
  if (second === undefined || nowMs < second) return { sinceMs, dueMs: first, missed: 'none' };
  const intervalMs = Math.max(1000, Math.round((second - first) / 1000) * 1000);
  const missed = Math.floor((nowMs - first) / intervalMs) + 1;
  let dueMs: number | undefined;
  for (
    let ms = schedule.next(first + (missed - 2) * intervalMs, zone);
    ms !== undefined && ms <= nowMs;
    ms = schedule.next(ms, zone)
  )
    dueMs = ms;
  return { sinceMs, dueMs, missed: missed > manyMissed ? 'many' : 'few' };
}

function startOfCount({ metadata, spec, status }: CronJob, nowMs: number | undefined): number {
  const sinceMs = Date.parse(status?.lastScheduleTime ?? metadata?.creationTimestamp ?? '');
  if (nowMs === undefined || spec.startingDeadlineSeconds === undefined) return sinceMs;
  return Math.max(sinceMs, nowMs - spec.startingDeadlineSeconds * 1000);
}

/** How long until the schedule is due next. */
export function dueInMs(
  cronJob: CronJob,
  schedule: CronSchedule,
  { nowMs, zone }: { readonly nowMs: number; readonly zone: string },
): number | undefined {
  const { sinceMs, dueMs, missed, problem } = lastDue(cronJob, schedule, {
    nowMs,
    zone,
    heedsDeadline: false,
  });
  const fromMs = dueMs ?? (problem === undefined && missed === 'none' ? sinceMs : nowMs);
  const next = schedule.next(fromMs, zone);
  return next === undefined ? undefined : next + paddingMs - nowMs;
}

/** One start has one name, however often it is tried. */
export function jobName(cronJob: CronJob, dueMs: number): string {
  return `${cronJob.metadata?.name ?? ''}-${Math.floor(dueMs / minuteMs)}`;
}

export function jobOf(cronJob: CronJob, dueMs: number): Job {
  const { metadata, spec } = cronJob.spec.jobTemplate;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
      annotations: {
        ...metadata?.annotations,
        [scheduledAnnotation]: zonedTimeText(dueMs, cronJob.spec.timeZone ?? 'UTC'),
      },
      name: jobName(cronJob, dueMs),
      namespace: cronJob.metadata?.namespace ?? '',
      ownerReferences: [controllerReference(cronJob, cronJobs)],
    },
    ...(spec === undefined ? {} : { spec }),
  };
}

/** Ended Jobs beyond the limits of the history, the oldest first. */
export function surplusJobs({ spec }: CronJob, jobs: readonly Job[]): readonly Job[] {
  return [
    ...beyond(jobs, 'Complete', spec.successfulJobsHistoryLimit),
    ...beyond(jobs, 'Failed', spec.failedJobsHistoryLimit),
  ];
}

function beyond(jobs: readonly Job[], condition: string, limit: number | undefined): readonly Job[] {
  if (limit === undefined) return [];
  const ended = jobs.filter((job) => jobCondition(job, condition) !== undefined).sort(byStart);
  return ended
    .slice(0, Math.max(0, ended.length - limit))
    .filter((job) => job.metadata?.deletionTimestamp === undefined);
}

/** Those that never started come last. */
function byStart(a: Job, b: Job): number {
  const left = `${a.status?.startTime ?? '~'} ${a.metadata?.name ?? ''}`;
  const right = `${b.status?.startTime ?? '~'} ${b.metadata?.name ?? ''}`;
  return left < right ? -1 : Number(left > right);
}
