import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SortedKeys } from './sorted-keys.ts';

const keyArbitrary = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b', '/', '-'), maxLength: 5 }),
  fc.string({ unit: 'binary', maxLength: 3 }),
);

/** By the bytes of UTF-8. */
function inOrder(keys: Iterable<string>): string[] {
  return [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function keysOf(
  sorted: SortedKeys<{ key: string }>,
  prefix: string,
  startKey?: string,
  limit = Infinity,
): string[] {
  const keys: string[] = [];
  sorted.forEach(prefix, startKey, ({ key }) => keys.length < limit && keys.push(key) > 0);
  expect([...sorted.iterate(prefix, startKey)].map(({ key }) => key).slice(0, limit)).toEqual(keys);
  return keys;
}

describe('SortedKeys', () => {
  it('holds, counts and gives what a sorted list does', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), keyArbitrary), { maxLength: 200 }),
        keyArbitrary,
        keyArbitrary,
        fc.nat(5),
        (changes, prefix, startKey, limit) => {
          const sorted = new SortedKeys<{ key: string }>();
          const model = new Set<string>();
          for (const [isInsertion, key] of changes) {
            if (!isInsertion) expect(sorted.delete(key)).toBe(model.delete(key));
            else if (!model.has(key)) sorted.insert({ key });
            if (isInsertion) model.add(key);
          }
          const all = inOrder(model);
          expect(sorted.size).toBe(all.length);
          expect(keysOf(sorted, '')).toEqual(all);
          const start = inOrder([prefix, startKey])[1] ?? '';
          const want = all.filter((key) => key.startsWith(prefix) && inOrder([key, start])[0] === start);
          expect(sorted.count(prefix, startKey)).toBe(want.length);
          expect(keysOf(sorted, prefix, startKey, limit)).toEqual(want.slice(0, limit));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('counts in the order of UTF-8 also from a key that UTF-16 would put elsewhere', () => {
    const sorted = new SortedKeys<{ key: string }>();
    sorted.insert({ key: '\ue000' });
    expect(sorted.count('', '\u{10000}')).toBe(0);
    expect(keysOf(sorted, '', '\u{10000}')).toEqual([]);
    expect(sorted.delete('\u{10000}')).toBe(false);
  });

  const orders: { name: string; order: (i: number) => number }[] = [
    { name: 'rising', order: (i) => i },
    { name: 'falling', order: (i) => 9999 - i },
    { name: 'mixed', order: (i) => (i * 7919) % 10_000 },
  ];
  for (const { name, order } of orders) {
    it(`holds many keys that come in ${name} order, and few after most went`, () => {
      const sorted = new SortedKeys<{ key: string }>();
      const keyOf = (i: number): string => `/r/${String(order(i)).padStart(4, '0')}`;
      for (let i = 0; i < 10_000; i++) sorted.insert({ key: keyOf(i) });
      expect(sorted.count('/r/')).toBe(10_000);
      expect(sorted.count('/r/12')).toBe(100);
      expect(keysOf(sorted, '/r/', '/r/4711', 2)).toEqual(['/r/4711', '/r/4712']);
      for (let i = 0; i < 10_000; i++) if (order(i) % 100 !== 0) sorted.delete(keyOf(i));
      expect(keysOf(sorted, '/r/')).toEqual(
        Array.from({ length: 100 }, (_, i) => `/r/${String(i * 100).padStart(4, '0')}`),
      );
    });
  }
});
