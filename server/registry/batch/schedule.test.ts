import { describe, expect, it } from '@jest/globals';
import { scheduleProblem } from './schedule.ts';

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
