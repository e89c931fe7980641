import { describe, expect, it } from '@jest/globals';
import type { Job } from '../../../openapi/generated/types.ts';
import { jobStatusFaults } from './job-status.ts';

type Conditions = NonNullable<NonNullable<Job['status']>['conditions']>;

function conditions(...types: string[]): Conditions {
  return types.map((type) => ({ type, status: 'True' }));
}

function job(status: Job['status'] = {}): Job {
  return { metadata: { name: 'j' }, spec: { template: {} }, status };
}

const times = { startTime: '2026-01-01T00:00:00Z', completionTime: '2026-01-01T00:01:00Z' };
const done = { ...times, conditions: conditions('SuccessCriteriaMet', 'Complete') };

describe('jobStatusFaults()', () => {
  const cases: { name: string; status: Job['status']; old?: Job['status']; want: string[] }[] = [
    { name: 'an end that says all', status: done, want: [] },
    {
      name: 'an end without its time and its criteria',
      status: { startTime: times.startTime, conditions: conditions('Complete') },
      want: [
        'status.completionTime: Required value: completionTime is required for Complete jobs',
        'status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
      ],
    },
    {
      name: 'a failure without its target',
      status: { startTime: times.startTime, conditions: conditions('Failed') },
      want: [
        'status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition',
      ],
    },
    {
      name: 'an end that is taken back',
      status: { startTime: times.startTime, conditions: conditions('SuccessCriteriaMet') },
      old: done,
      want: ['status.conditions: Invalid value: cannot disable the terminal Complete=True condition'],
    },
    {
      name: 'counters that fall',
      status: { failed: 1 },
      old: { failed: 2 },
      want: ['status.failed: Invalid value: 1: cannot decrease the failed counter'],
    },
    {
      name: 'more ready pods than there are',
      status: { ready: 2, active: 1 },
      want: ['status.ready: Invalid value: 2: cannot set more ready pods than active'],
    },
    { name: 'what was wrong before and has not changed', status: { ready: 2 }, old: { ready: 2 }, want: [] },
  ];
  for (const { name, status, old, want } of cases) {
    it(`judges ${name}`, () => {
      const faults = jobStatusFaults(job(status), job(old ?? {}));
      expect(faults.map(({ field, message }) => `${field}: ${message}`)).toEqual(want);
    });
  }
});
