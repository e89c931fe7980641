import { describe, expect, it } from '@jest/globals';
import { ratio, tableText } from './table.ts';

describe('ratio()', () => {
  const cases = [
    {
      name: 'a rate twice as high is twice as good',
      row: { name: '', value: 200, unit: '/s' },
      other: 100,
      want: 2,
    },
    {
      name: 'a time twice as long is half as good',
      row: { name: '', value: 200, unit: 'ms' },
      other: 100,
      want: 0.5,
    },
    {
      name: 'nothing to compare with',
      row: { name: '', value: 1, unit: 'ms' },
      other: undefined,
      want: undefined,
    },
  ];
  for (const { name, row, other, want } of cases) {
    it(name, () => {
      expect(ratio(row, other)).toBe(want);
    });
  }
});

describe('tableText()', () => {
  it('leaves out columns without values, and lines up the rest', () => {
    const rows = [
      { name: 'create', value: 1234.5, unit: '/s', limit: 2469 },
      { name: 'list of many', value: 12.34, unit: 'ms', note: 'big' },
    ];
    expect(tableText(rows)).toBe(
      [
        'what          measured  limit  of limit  note',
        'create        1,235 /s  2,469  0.50x',
        'list of many  12.34 ms                   big',
        '',
      ].join('\n'),
    );
  });
});
