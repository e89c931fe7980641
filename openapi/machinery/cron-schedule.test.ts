import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseSchedule, scheduleProblem } from './cron-schedule.ts';
import { wallTime, zonedTimeText } from './time-zone.ts';

describe('a schedule', () => {
  it.each([
    '* * * * *',
    '*/5 0-23/2 1,15 jan-MAR mon',
    '0 0 1 1 ?',
    '@hourly',
    '@every 1h30m',
    'TZ=Europe/Berlin 0 5 * * *',
  ])('%p is good', (schedule) => {
    expect(scheduleProblem(schedule)).toBeUndefined();
  });

  it.each([
    '',
    '* * * *',
    '* * * * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 7',
    'a * * * *',
    '*/0 * * * *',
    '5-1 * * * *',
    '@sometimes',
    '@every soon',
  ])('%p is not', (schedule) => {
    expect(scheduleProblem(schedule)).toEqual(expect.any(String));
  });
});

function following(schedule: string, after: string, zone = 'UTC', count = 1): readonly string[] {
  const parsed = parseSchedule(schedule);
  if (typeof parsed === 'string') throw new Error(parsed);
  const times: string[] = [];
  for (let ms: number | undefined = Date.parse(after); times.length < count;) {
    ms = parsed.next(ms, zone);
    if (ms === undefined) return [...times, 'never'];
    times.push(zonedTimeText(ms, zone));
  }
  return times;
}

describe('CronSchedule.next()', () => {
  const cases: readonly {
    name: string;
    schedule: string;
    after: string;
    zone?: string;
    want: readonly string[];
  }[] = [
    {
      name: 'is later than a time that is due itself',
      schedule: '*/15 * * * *',
      after: '2026-01-02T03:15:00Z',
      want: ['2026-01-02T03:30:00Z', '2026-01-02T03:45:00Z', '2026-01-02T04:00:00Z'],
    },
    {
      name: 'goes over the end of a year',
      schedule: '@yearly',
      after: '2026-01-01T00:00:00Z',
      want: ['2027-01-01T00:00:00Z'],
    },
    {
      name: 'takes either kind of day when both are restricted',
      schedule: '0 0 13 * fri',
      after: '2026-03-01T00:00:00Z',
      want: ['2026-03-06T00:00:00Z', '2026-03-13T00:00:00Z', '2026-03-20T00:00:00Z'],
    },
    {
      name: 'counts a step of days as a restriction, as its model does',
      schedule: '0 0 */10 * mon',
      after: '2026-03-01T12:00:00Z',
      want: ['2026-03-02T00:00:00Z', '2026-03-09T00:00:00Z', '2026-03-11T00:00:00Z'],
    },
    {
      name: 'waits for a leap day',
      schedule: '0 12 29 2 *',
      after: '2026-03-01T00:00:00Z',
      want: ['2028-02-29T12:00:00Z'],
    },
    {
      name: 'gives up on a day that never comes',
      schedule: '0 0 31 2 *',
      after: '2026-01-01T00:00:00Z',
      want: ['never'],
    },
    {
      name: 'leaves out a time that the clocks leave out',
      schedule: '30 2 * * *',
      after: '2026-03-28T12:00:00Z',
      zone: 'Europe/Berlin',
      want: ['2026-03-30T02:30:00+02:00'],
    },
    {
      name: 'comes twice at a time that the clocks show twice',
      schedule: '30 2 * * *',
      after: '2026-10-24T12:00:00Z',
      zone: 'Europe/Berlin',
      want: ['2026-10-25T02:30:00+02:00', '2026-10-25T02:30:00+01:00', '2026-10-26T02:30:00+01:00'],
    },
    {
      name: 'knows a zone with half an hour',
      schedule: '0 9 * * 1-5',
      after: '2026-01-02T12:00:00Z',
      zone: 'Asia/Kolkata',
      want: ['2026-01-05T09:00:00+05:30'],
    },
    {
      name: 'begins the day at one where midnight is left out',
      schedule: '0 * 6 9 *',
      after: '2026-09-05T12:00:00Z',
      zone: 'America/Santiago',
      want: ['2026-09-06T01:00:00-03:00'],
    },
    {
      name: 'counts from the time before with @every',
      schedule: '@every 90s',
      after: '2026-01-01T00:00:10.5Z',
      want: ['2026-01-01T00:01:40Z', '2026-01-01T00:03:10Z'],
    },
  ];
  for (const { name, schedule, after, zone, want } of cases)
    it(name, () => {
      expect(following(schedule, after, zone, want.length)).toEqual(want);
    });

  it('is the first minute that matches, in any zone', () => {
    const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/Santiago'];
    const field = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max });
    fc.assert(
      fc.property(
        field(59),
        field(23),
        fc.constantFrom(...zones),
        fc.integer({ min: Date.UTC(2025, 0, 1), max: Date.UTC(2027, 0, 1) }),
        (minute, hour, zone, afterMs) => {
          const parsed = parseSchedule(`${minute} ${hour} * * *`);
          if (typeof parsed === 'string') throw new Error(parsed);
          const next = parsed.next(afterMs, zone) ?? 0;
          const isDue = (ms: number): boolean => {
            const wall = wallTime(ms, zone);
            return wall.minute === minute && wall.hour === hour;
          };
          expect(isDue(next)).toBe(true);
          for (let ms = (Math.floor(afterMs / 60_000) + 1) * 60_000; ms < next; ms += 60_000)
            if (isDue(ms)) throw new Error(`${zonedTimeText(ms, zone)} is earlier`);
        },
      ),
      { numRuns: 15 },
    );
  });
});
