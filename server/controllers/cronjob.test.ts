import { afterEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../test/fakes/clock.ts';
import { startControlPlane, type ControlPlane } from '../../test/fakes/control-plane.ts';
import { cronJobs, events, jobs } from '../../openapi/generated/resources.ts';
import type { CronJob, CronJobSpec, Job } from '../../openapi/generated/types.ts';
import { parseSchedule } from '../../openapi/machinery/cron-schedule.ts';
import { createCronJobController } from './cronjob.ts';
import { lastDue } from './shared/cron-plan.ts';

let plane: ControlPlane;
afterEach(() => plane.running.stop());
const key = { namespace: 'default', name: 'tick' };
const minuteMs = 60_000;

/** The clock begins at 03:04:05. */
async function start(more: Partial<CronJobSpec> = {}, lastScheduleTime?: string): Promise<void> {
  plane = await startControlPlane([createCronJobController()], (api) =>
    api.client.create(cronJobs, {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: key,
      spec: {
        schedule: '*/5 * * * *',
        timeZone: 'UTC',
        concurrencyPolicy: 'Allow',
        successfulJobsHistoryLimit: 3,
        failedJobsHistoryLimit: 1,
        jobTemplate: { metadata: { labels: { a: 'b' } }, spec: { template: {} } },
        ...more,
      },
      ...(lastScheduleTime === undefined ? {} : { status: { lastScheduleTime } }),
    }),
  );
  await plane.clock.advance(100);
}
const names = (): readonly string[] => plane.api.all(jobs).map((job) => job.metadata?.name ?? '');
const cronJob = (): CronJob => plane.api.all(cronJobs)[0] ?? ({} as CronJob);
const active = (): readonly (string | undefined)[] => (cronJob().status?.active ?? []).map((job) => job.name);
const reasons = (): readonly string[] => plane.api.all(events).map((event) => event.reason ?? '');
const at = (time: string): number => Date.parse(`2026-01-02T${time}:00Z`) / minuteMs;
async function finish(type: 'Complete' | 'Failed', name = names().at(-1) ?? ''): Promise<void> {
  const completionTime = new Date(plane.clock.now()).toISOString().slice(0, 19) + 'Z';
  const status = {
    startTime: completionTime,
    conditions: [{ type, status: 'True' }],
    ...(type === 'Complete' ? { completionTime } : {}),
  };
  await plane.api.client.patch(jobs, { ...key, name }, { status }, { type: 'merge', subresource: 'status' });
  await plane.clock.advance(100);
}

describe('the cronjob controller', () => {
  it('starts a Job at each time of the schedule, named for it', async () => {
    await start();
    expect(names()).toEqual([]);
    await plane.clock.advance(55_000);
    expect(names()).toEqual([`tick-${at('03:05')}`]);
    expect(plane.api.all(jobs)[0]?.metadata).toMatchObject({
      labels: { a: 'b' },
      annotations: { 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-02T03:05:00Z' },
      ownerReferences: [{ kind: 'CronJob', name: 'tick', controller: true, blockOwnerDeletion: true }],
    });
    expect(cronJob().status).toMatchObject({
      lastScheduleTime: '2026-01-02T03:05:00Z',
      active: [{ kind: 'Job', apiVersion: 'batch/v1', name: `tick-${at('03:05')}` }],
    });
    await plane.clock.advance(10 * minuteMs);
    expect(names()).toEqual(['03:05', '03:10', '03:15'].map((time) => `tick-${at(time)}`));
    expect(active()).toEqual(names());
  });

  it('goes by the clocks of its zone', async () => {
    await start({ schedule: '0 9 * * *', timeZone: 'Asia/Kolkata' });
    await plane.clock.advance(60 * minuteMs);
    expect(names()).toEqual([`tick-${at('03:30')}`]);
    const { annotations } = plane.api.all(jobs)[0]?.metadata ?? {};
    expect(Object.values(annotations ?? {})).toEqual(['2026-01-02T09:00:00+05:30']);
  });

  it('with Forbid starts none while one runs', async () => {
    await start({ concurrencyPolicy: 'Forbid' });
    await plane.clock.advance(11 * minuteMs);
    expect(names()).toEqual([`tick-${at('03:05')}`]);
    expect(reasons()).toContain('JobAlreadyActive');
    await finish('Complete');
    await plane.clock.advance(minuteMs);
    // What was due meanwhile is started late, as there is no deadline.
    expect(active()).toEqual([`tick-${at('03:15')}`]);
  });

  it('with Replace ends the one that runs', async () => {
    await start({ concurrencyPolicy: 'Replace' });
    await plane.clock.advance(6 * minuteMs);
    expect(names()).toEqual([`tick-${at('03:10')}`]);
    expect(active()).toEqual(names());
    expect(reasons()).toContain('SuccessfulDelete');
  });

  it('starts none while it is suspended, and one late afterwards', async () => {
    await start({ suspend: true });
    await plane.clock.advance(12 * minuteMs);
    expect(names()).toEqual([]);
    await plane.api.client.patch(cronJobs, key, { spec: { suspend: false } }, { type: 'merge' });
    await plane.clock.advance(1000);
    expect(names()).toEqual([`tick-${at('03:15')}`]);
  });

  it('makes up for the last missed time only, unless its deadline has passed', async () => {
    await start({ schedule: '0 * * * *' }, '2026-01-01T22:00:00Z');
    expect(names()).toEqual([`tick-${at('03:00')}`]);
    await plane.running.stop();
    await start({ schedule: '0 * * * *', startingDeadlineSeconds: 60 }, '2026-01-01T22:00:00Z');
    expect(names()).toEqual([]);
  });

  it('says when far too many times were missed', async () => {
    await start({ schedule: '* * * * *' }, '2026-01-01T00:00:00Z');
    expect(names()).toEqual([`tick-${at('03:04')}`]);
    expect(reasons()).toContain('TooManyMissedTimes');
  });

  it('keeps as many ended Jobs as its limits say', async () => {
    await start({ successfulJobsHistoryLimit: 2, failedJobsHistoryLimit: 1 });
    for (const type of ['Complete', 'Failed', 'Complete', 'Failed', 'Complete'] as const) {
      await plane.clock.advance(5 * minuteMs);
      await finish(type);
    }
    expect(names()).toEqual(['03:15', '03:20', '03:25'].map((time) => `tick-${at(time)}`));
    expect(active()).toEqual([]);
    expect(cronJob().status?.lastSuccessfulTime).toBe('2026-01-02T03:29:05Z');
    expect(reasons()).toContain('SawCompletedJob');
  });

  it('forgets a Job that somebody deleted', async () => {
    await start();
    await plane.clock.advance(minuteMs);
    await plane.api.client.delete(jobs, { ...key, name: names()[0] ?? '' });
    await plane.clock.advance(100);
    expect([active(), reasons()]).toEqual([[], expect.arrayContaining(['MissingJob'])]);
  });

  it('does not start what a new schedule would have started before', async () => {
    await start({ schedule: '0 * * * *' }, '2026-01-02T02:00:00Z');
    await plane.clock.advance(1000);
    const started = names();
    await plane.api.client.patch(cronJobs, key, { spec: { schedule: '2 * * * *' } }, { type: 'merge' });
    await plane.clock.advance(1000);
    expect(names()).toEqual(started);
    await plane.clock.advance(60 * minuteMs);
    expect(names()).toEqual([...started, `tick-${at('04:02')}`]);
  });

  it('takes up a Job that it made and could not note', async () => {
    await start();
    const uid = cronJob().metadata?.uid ?? '';
    const job: Job = {
      metadata: {
        ...key,
        name: `tick-${at('03:05')}`,
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name: 'tick', uid, controller: true }],
      },
      spec: { template: {} },
    };
    await plane.api.client.create(jobs, job);
    await plane.clock.advance(minuteMs);
    expect([names(), active()]).toEqual([[job.metadata?.name], [job.metadata?.name]]);
  });
});

describe('lastDue()', () => {
  it('is quick also after years', () => {
    const schedule = parseSchedule('* * * * *');
    if (typeof schedule === 'string') throw new Error(schedule);
    let calls = 0;
    const counted = {
      next(afterMs: number, zone: string) {
        calls += 1;
        return schedule.next(afterMs, zone);
      },
    };
    const creationTimestamp = '2000-01-01T00:00:00Z';
    const nowMs = new FakeClock().now();
    const due = lastDue({ metadata: { creationTimestamp }, spec: {} } as CronJob, counted, {
      nowMs,
      zone: 'UTC',
      heedsDeadline: true,
    });
    expect([due.dueMs, due.missed]).toEqual([Date.UTC(2026, 0, 2, 3, 4), 'many']);
    expect(calls).toBeLessThan(10);
  });
});
