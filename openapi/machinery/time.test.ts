import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalMicroTime, canonicalTime } from './time.ts';

const layout = '2006-01-02T15:04:05Z07:00';
const microLayout = '2006-01-02T15:04:05.000000Z07:00';

describe('canonicalTime()', () => {
  const good = [
    { text: '2024-01-02T03:04:05Z', want: '2024-01-02T03:04:05Z' },
    { text: '2024-01-02T03:04:05.999Z', want: '2024-01-02T03:04:05Z' },
    { text: '2024-01-02T03:04:05+02:00', want: '2024-01-02T01:04:05Z' },
    { text: '2024-12-31T23:30:00-01:00', want: '2025-01-01T00:30:00Z' },
    { text: '2024-01-02T3:04:05Z', want: '2024-01-02T03:04:05Z' },
    { text: '2024-02-29T00:00:00Z', want: '2024-02-29T00:00:00Z' },
  ];
  for (const { text, want } of good)
    it(`reads ${text}`, () => {
      expect(canonicalTime(text)).toBe(want);
    });

  const bad = [
    { text: 'noon', want: `parsing time "noon" as "${layout}": cannot parse "noon" as "2006"` },
    { text: '', want: `parsing time "" as "${layout}": cannot parse "" as "2006"` },
    { text: '2024-01-02', want: `parsing time "2024-01-02" as "${layout}": cannot parse "" as "T"` },
    { text: '2023-02-29T00:00:00Z', want: 'parsing time "2023-02-29T00:00:00Z": day out of range' },
    { text: '2023-13-01T00:00:00Z', want: 'parsing time "2023-13-01T00:00:00Z": month out of range' },
    { text: '2023-01-01T00:00:00Zx', want: 'parsing time "2023-01-01T00:00:00Zx": extra text: "x"' },
  ];
  for (const { text, want } of bad) {
    it(`refuses "${text}" in Go's words`, () => {
      expect(() => canonicalTime(text)).toThrow(want);
    });
  }

  it('keeps every second of time as it is', () => {
    const second = fc.integer({ min: -62_000_000_000, max: 250_000_000_000 });
    fc.assert(
      fc.property(second, (seconds) => {
        const text = `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
        expect(canonicalTime(text)).toBe(text);
      }),
    );
  });
});

describe('canonicalMicroTime()', () => {
  it('keeps six digits and turns to UTC', () => {
    expect(canonicalMicroTime('2024-01-02T03:04:05.123456+01:00')).toBe('2024-01-02T02:04:05.123456Z');
  });

  const bad = [
    { text: '2024-01-02T03:04:05Z', rest: 'Z' },
    { text: '2024-01-02T03:04:05.123Z', rest: '.123Z' },
  ];
  for (const { text, rest } of bad) {
    it(`refuses ${text}, which has not six digits`, () => {
      const want = `parsing time "${text}" as "${microLayout}": cannot parse "${rest}" as ".000000"`;
      expect(() => canonicalMicroTime(text)).toThrow(want);
    });
  }
});
