import { describe, expect, it } from '@jest/globals';
import { ageText, durationText } from './age.ts';

const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000];

describe('durationText', () => {
  it.each([
    [-5 * second, '<invalid>'],
    [-second, '0s'],
    [0, '0s'],
    [119 * second, '119s'],
    [2 * minute, '2m'],
    [3 * minute + 5 * second, '3m5s'],
    [10 * minute + 5 * second, '10m'],
    [179 * minute, '179m'],
    [3 * hour, '3h'],
    [7 * hour + 59 * minute, '7h59m'],
    [8 * hour + 59 * minute, '8h'],
    [47 * hour, '47h'],
    [2 * day + 2 * hour, '2d2h'],
    [8 * day + 2 * hour, '8d'],
    [729 * day, '729d'],
    [731 * day, '2y1d'],
    [8 * 365 * day, '8y'],
  ])('%d ms is %s', (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });
});

it('says when no time is known', () => {
  expect(ageText(undefined, 0)).toBe('<unknown>');
  expect(ageText('1970-01-01T00:00:00Z', 5000)).toBe('5s');
});
