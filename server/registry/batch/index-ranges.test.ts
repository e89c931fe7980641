import { describe, expect, it } from '@jest/globals';
import { firstCommonIndex, parseIndexes } from './index-ranges.ts';

describe('parseIndexes()', () => {
  it('reads single indexes and ranges', () => {
    expect(parseIndexes('0,2-4', 5)).toEqual({
      total: 4,
      ranges: [
        [0, 0],
        [2, 4],
      ],
    });
    expect(parseIndexes('', 5)).toEqual({ total: 0, ranges: [] });
  });

  const faults = [
    { name: 'words', text: 'a', want: 'cannot convert string to integer for index: "a"' },
    { name: 'too large indexes', text: '5', want: 'too large index: "5"' },
    { name: 'ranges that go back', text: '3-2', want: 'non-increasing order, previous: 3, current: 2' },
    { name: 'lists that go back', text: '3,1', want: 'non-increasing order, previous: 3, current: 1' },
    {
      name: 'ranges of three',
      text: '1-2-3',
      want: `the fragment "1-2-3" violates the requirement that an index interval can have at most two parts separated by '-'`,
    },
  ];
  for (const { name, text, want } of faults) {
    it(`refuses ${name}`, () => {
      expect(parseIndexes(text, 5)).toEqual({ fault: want });
    });
  }
});

describe('firstCommonIndex()', () => {
  const cases = [
    { name: 'lists that overlap', one: '0-3', other: '2,4', want: 2 },
    { name: 'lists apart', one: '0-1', other: '2-4', want: undefined },
    { name: 'what cannot be read', one: 'x', other: '2', want: undefined },
  ];
  for (const { name, one, other, want } of cases) {
    it(`looks at ${name}`, () => {
      expect(firstCommonIndex(one, other, 9)).toBe(want);
    });
  }
});
