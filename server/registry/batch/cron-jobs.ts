import { cronJobs } from '../../../openapi/generated/resources.ts';
import type { CronJob, CronJobSpec } from '../../../openapi/generated/types.ts';
import { scheduleProblem } from '../../../openapi/machinery/cron-schedule.ts';
import { type FieldError, invalidValue, required } from '../../../openapi/machinery/status.ts';
import { isTimeZone } from '../../../openapi/machinery/time-zone.ts';
import { specChanged } from '../spec-changed.ts';
import type { Strategy } from '../strategy.ts';
import { cronJobTable } from '../table/workloads.ts';
import { notNegative, notSupported, oneOf } from '../validation/field-errors.ts';
import { nameWarnings } from '../core/pod-warnings.ts';
import { dnsSubdomain } from '../validation/names.ts';
import { jobSpecFaults, withJobDefaults } from './job-spec.ts';

/** The controller appends eleven characters for the names of Jobs, which are labels too. */
const nameBytesMax = 52;

export const cronJobStrategy: Strategy<CronJob> = {
  resource: cronJobs,
  validateName: (name, prefix) => dnsSubdomain(prefix && name.endsWith('-') ? `${name}a` : name),
  defaults: (cronJob) => ({ ...cronJob, spec: withDefaults(cronJob.spec) }),
  validate: (cronJob) => cronJobFaults(cronJob, undefined),
  validateUpdate: (cronJob, old) => cronJobFaults(cronJob, old),
  warnings: ({ metadata }, old) => (old === undefined ? nameWarnings(metadata?.name) : []),
  generationGrows: specChanged,
  table: cronJobTable,
};

function withDefaults(spec: CronJobSpec): CronJobSpec {
  const { jobTemplate } = spec;
  return {
    ...spec,
    concurrencyPolicy: (spec.concurrencyPolicy ?? '') === '' ? 'Allow' : (spec.concurrencyPolicy ?? ''),
    suspend: spec.suspend ?? false,
    successfulJobsHistoryLimit: spec.successfulJobsHistoryLimit ?? 3,
    failedJobsHistoryLimit: spec.failedJobsHistoryLimit ?? 1,
    jobTemplate:
      jobTemplate.spec === undefined
        ? jobTemplate
        : { ...jobTemplate, spec: withJobDefaults(jobTemplate.spec, false) },
  };
}

function cronJobFaults({ metadata, spec }: CronJob, old: CronJob | undefined): FieldError[] {
  const name = metadata?.name ?? '';
  const faults = specFaults(spec, old?.spec);
  return name.length > nameBytesMax && old === undefined
    ? [...faults, invalidValue('metadata.name', name, `must be no more than ${nameBytesMax} characters`)]
    : faults;
}

function specFaults(spec: CronJobSpec | undefined, old: CronJobSpec | undefined): FieldError[] {
  if (spec === undefined) return [required('spec.schedule')];
  const job = spec.jobTemplate.spec;
  const template = 'spec.jobTemplate.spec';
  return [
    ...(spec.schedule === '' ? [required('spec.schedule')] : scheduleFaults(spec.schedule)),
    ...notNegative('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds),
    ...(old !== undefined && old.timeZone === spec.timeZone ? [] : timeZoneFaults(spec.timeZone)),
    ...oneOf('spec.concurrencyPolicy', spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace']),
    ...(job === undefined ? [] : jobSpecFaults(template, job)),
    ...(job?.selector === undefined
      ? []
      : [invalidValue(`${template}.selector`, job.selector, '`selector` will be auto-generated')]),
    ...(job?.manualSelector === true
      ? [notSupported(`${template}.manualSelector`, true, ['nil', 'false'])]
      : []),
    ...notNegative('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit),
    ...notNegative('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit),
  ];
}

function scheduleFaults(schedule: string): FieldError[] {
  const path = 'spec.schedule';
  const problem = scheduleProblem(schedule);
  return [
    ...(problem === undefined ? [] : [invalidValue(path, schedule, problem)]),
    ...(schedule.includes('TZ')
      ? [invalidValue(path, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead')]
      : []),
  ];
}

function timeZoneFaults(zone: string | undefined): FieldError[] {
  const path = 'spec.timeZone';
  if (zone === undefined) return [];
  if (zone === '') return [invalidValue(path, zone, 'timeZone must be nil or non-empty string')];
  const faults: FieldError[] = [];
  if (zone.toLowerCase() === 'local') {
    const text = 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones';
    faults.push(invalidValue(path, zone, text));
  } else if (!isTimeZone(zone)) faults.push(invalidValue(path, zone, `unknown time zone ${zone}`));
  return faults;
}
