import { isDeepStrictEqual } from 'node:util';
import type { Job, JobStatus } from '../../../openapi/generated/types.ts';
import { type FieldError, duplicate, invalidValue, required } from '../../../openapi/machinery/status.ts';
import { bare, notNegative } from '../validation/field-errors.ts';
import { goValue } from '../validation/go-text.ts';
import { firstCommonIndex, parseIndexes } from './index-ranges.ts';

const path = 'status';

/** A Job's status tells one story: what has ended stays ended, and says when. Only what changes is judged. */
export function jobStatusFaults(job: Job, old: Job): FieldError[] {
  const facts: Facts = { job, old, now: job.status ?? {}, before: old.status ?? {} };
  return [
    ...counterFaults(facts.now),
    ...uncountedFaults(facts.now),
    ...completionFaults(facts),
    ...finishedFaults(facts),
    ...indexFaults(facts),
    ...readyFaults(facts),
    ...criteriaFaults(facts),
    ...transitionFaults(facts),
  ];
}

interface Facts {
  readonly job: Job;
  readonly old: Job;
  readonly now: JobStatus;
  readonly before: JobStatus;
}

function holds(status: JobStatus, type: string): boolean {
  return (status.conditions ?? []).some((each) => each.type === type && each.status === 'True');
}

function isFinished(status: JobStatus): boolean {
  return holds(status, 'Complete') || holds(status, 'Failed');
}

/** Whether any of these conditions or fields is not as it was. */
function changed({ now, before }: Facts, ...names: readonly (keyof JobStatus | `${string}=True`)[]): boolean {
  return names.some((name) => {
    if (name.endsWith('=True')) {
      const type = name.slice(0, -'=True'.length);
      return holds(now, type) !== holds(before, type);
    }
    const field = name as keyof JobStatus;
    return !isDeepStrictEqual(now[field], before[field]);
  });
}

function conditions(text: string): FieldError {
  return bare(`${path}.conditions`, text);
}

function counterFaults(status: JobStatus): FieldError[] {
  return (['active', 'succeeded', 'failed', 'ready', 'terminating'] as const).flatMap((field) =>
    notNegative(`${path}.${field}`, status[field]),
  );
}

function uncountedFaults({ uncountedTerminatedPods: pods }: JobStatus): FieldError[] {
  const seen = new Set<string>();
  return (['succeeded', 'failed'] as const).flatMap((field) =>
    (pods?.[field] ?? []).flatMap((uid, i) => {
      const at = `${path}.uncountedTerminatedPods.${field}[${i}]`;
      if (uid === '') return [invalidValue(at, uid, 'must not be empty')];
      if (seen.has(uid)) return [duplicate(at, uid)];
      seen.add(uid);
      return [];
    }),
  );
}

function completionFaults(facts: Facts): FieldError[] {
  const { now } = facts;
  const complete = holds(now, 'Complete');
  const faults: FieldError[] = [];
  if (changed(facts, 'Complete=True', 'Failed=True') && complete && holds(now, 'Failed')) {
    faults.push(conditions('cannot set Complete=True and Failed=true conditions'));
  }
  if (changed(facts, 'Complete=True', 'FailureTarget=True') && complete && holds(now, 'FailureTarget')) {
    faults.push(conditions('cannot set Complete=True and FailureTarget=true conditions'));
  }
  const at = `${path}.completionTime`;
  const ends = changed(facts, 'Complete=True', 'completionTime');
  if (ends && now.completionTime !== undefined && !complete) {
    const text = 'cannot set completionTime when there is no Complete=True condition';
    faults.push(invalidValue(at, now.completionTime, text));
  }
  if (ends && now.completionTime === undefined && complete) {
    faults.push(required(at, 'completionTime is required for Complete jobs'));
  }
  const [start, end] = [now.startTime, now.completionTime];
  const early = start !== undefined && end !== undefined && Date.parse(end) < Date.parse(start);
  if (changed(facts, 'startTime', 'completionTime') && early) {
    faults.push(invalidValue(at, end, 'must be equal to or after `startTime`'));
  }
  return faults;
}

function finishedFaults(facts: Facts): FieldError[] {
  const { now } = facts;
  const faults: FieldError[] = [];
  const failed = holds(now, 'Failed');
  if (changed(facts, 'Failed=True', 'failedIndexes') && failed && !holds(now, 'FailureTarget')) {
    faults.push(conditions('cannot set Failed=True condition without the FailureTarget=true condition'));
  }
  const met = holds(now, 'SuccessCriteriaMet');
  if (changed(facts, 'Complete=True', 'SuccessCriteriaMet=True') && holds(now, 'Complete') && !met) {
    faults.push(
      conditions('cannot set Complete=True condition without the SuccessCriteriaMet=true condition'),
    );
  }
  return isFinished(now) ? [...faults, ...endedFaults(facts)] : faults;
}

/** What ended has nothing left to run or to count, and has begun once. */
function endedFaults(facts: Facts): FieldError[] {
  const { job, now, before } = facts;
  const ends = !isFinished(before);
  const faults: FieldError[] = [];
  if ((ends || changed(facts, 'active')) && (now.active ?? 0) > 0) {
    faults.push(invalidValue(`${path}.active`, now.active, 'active>0 is invalid for finished job'));
  }
  const empty = job.spec?.suspend === true && job.spec.completions === 0;
  if ((ends || changed(facts, 'startTime')) && !empty && now.startTime === undefined) {
    faults.push(required(`${path}.startTime`, 'startTime is required for finished job'));
  }
  const pods = now.uncountedTerminatedPods;
  const uncounted = (pods?.failed ?? []).length + (pods?.succeeded ?? []).length;
  if ((ends || changed(facts, 'uncountedTerminatedPods')) && uncounted > 0) {
    const value = goValue('batch.UncountedTerminatedPods', pods);
    faults.push(invalidValue(`${path}.uncountedTerminatedPods`, value, 'must be empty for finished job'));
  }
  return faults;
}

function indexFaults(facts: Facts): FieldError[] {
  const { job, now } = facts;
  const { completions, backoffLimitPerIndex, completionMode } = job.spec ?? {};
  const { completedIndexes = '', failedIndexes } = now;
  const [completed, failed] = [changed(facts, 'completedIndexes'), changed(facts, 'failedIndexes')];
  const faults: FieldError[] = [];
  if (completed && completions !== undefined) {
    faults.push(...unreadable('completedIndexes', completedIndexes, completions));
  }
  if (failed && completions !== undefined && backoffLimitPerIndex !== undefined) {
    faults.push(...unreadable('failedIndexes', failedIndexes ?? '', completions));
  }
  if (completed && completedIndexes !== '' && completionMode !== 'Indexed') {
    const text = 'cannot set non-empty completedIndexes when non-indexed completion mode';
    faults.push(invalidValue(`${path}.completedIndexes`, completedIndexes, text));
  }
  if (failed && backoffLimitPerIndex === undefined && failedIndexes !== undefined) {
    const text = 'cannot set non-null failedIndexes when backoffLimitPerIndex is null';
    faults.push(invalidValue(`${path}.failedIndexes`, failedIndexes, text));
  }
  return failed || completed ? [...faults, ...overlapFaults(facts)] : faults;
}

function overlapFaults({ job, now }: Facts): FieldError[] {
  const completions = job.spec?.completions;
  const { completedIndexes = '', failedIndexes } = now;
  if (completions === undefined || failedIndexes === undefined) return [];
  const common = firstCommonIndex(completedIndexes, failedIndexes, completions);
  if (common === undefined) return [];
  const text = `failedIndexes and completedIndexes overlap at index: ${common}`;
  return [invalidValue(`${path}.failedIndexes`, failedIndexes, text)];
}

function unreadable(field: string, value: string, completions: number): FieldError[] {
  const parsed = parseIndexes(value, completions);
  return 'fault' in parsed
    ? [invalidValue(`${path}.${field}`, value, `error parsing ${field}: ${parsed.fault}`)]
    : [];
}

function readyFaults(facts: Facts): FieldError[] {
  const { now, before } = facts;
  const ends = isFinished(now) !== isFinished(before);
  const faults: FieldError[] = [];
  if ((ends || changed(facts, 'terminating')) && (now.terminating ?? 0) > 0 && isFinished(now)) {
    const text = 'terminating>0 is invalid for finished job';
    faults.push(invalidValue(`${path}.terminating`, now.terminating, text));
  }
  if (changed(facts, 'ready', 'active') && (now.ready ?? 0) > (now.active ?? 0)) {
    faults.push(invalidValue(`${path}.ready`, now.ready, 'cannot set more ready pods than active'));
  }
  return faults;
}

function criteriaFaults({ job, now }: Facts): FieldError[] {
  const met = holds(now, 'SuccessCriteriaMet');
  const faults: FieldError[] = [];
  if (met && holds(now, 'Failed')) {
    faults.push(conditions('cannot set SuccessCriteriaMet=True and Failed=true conditions'));
  }
  if (met && holds(now, 'FailureTarget')) {
    faults.push(conditions('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions'));
  }
  if (job.spec?.successPolicy !== undefined && !met && holds(now, 'Complete')) {
    const text = 'cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True';
    faults.push(conditions(text));
  }
  return faults;
}

function transitionFaults(facts: Facts): FieldError[] {
  const { now, before } = facts;
  const faults = ['Failed', 'Complete', 'FailureTarget']
    .filter((type) => holds(before, type) && !holds(now, type))
    .map((type) => conditions(`cannot disable the terminal ${type}=True condition`));
  faults.push(...decreaseFaults(facts), ...timeFaults(facts));
  const [met, wasMet] = [holds(now, 'SuccessCriteriaMet'), holds(before, 'SuccessCriteriaMet')];
  if (wasMet && !met) faults.push(conditions('cannot disable the SuccessCriteriaMet=True condition'));
  if (holds(before, 'Complete') && !wasMet && met) {
    const text = 'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions';
    faults.push(conditions(text));
  }
  return faults;
}

/** Indexed Jobs that are as wide as long may shrink, and then fewer of their pods count. */
function decreaseFaults({ job, now, before }: Facts): FieldError[] {
  const { completionMode, completions, parallelism } = job.spec ?? {};
  const shrinks = completionMode === 'Indexed' && completions === parallelism;
  return (['failed', 'succeeded'] as const)
    .filter((field) => (now[field] ?? 0) < (before[field] ?? 0) && !(shrinks && field === 'succeeded'))
    .map((field) =>
      invalidValue(`${path}.${field}`, now[field] ?? 0, `cannot decrease the ${field} counter`),
    );
}

function timeFaults({ job, now, before }: Facts): FieldError[] {
  const faults: FieldError[] = [];
  const [end, oldEnd] = [now.completionTime, before.completionTime];
  if (end !== undefined && oldEnd !== undefined && end !== oldEnd) {
    faults.push(invalidValue(`${path}.completionTime`, end, 'field is immutable'));
  }
  const suspended = (status: JobStatus, value: string): boolean =>
    (status.conditions ?? []).some((each) => each.type === 'Suspended' && each.status === value);
  const resumes = suspended(before, 'True') && suspended(now, 'False');
  const moved = before.startTime !== undefined && before.startTime !== now.startTime;
  if (moved && !resumes && job.spec?.suspend !== true) {
    const text = 'field is immutable for unsuspended job once set';
    faults.push(invalidValue(`${path}.startTime`, now.startTime ?? null, text));
  }
  return faults;
}
