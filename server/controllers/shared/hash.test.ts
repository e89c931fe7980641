import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalText, fnv32a, hashOf, safeEncode, sameValue } from './hash.ts';

describe('fnv32a()', () => {
  const cases = [
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['foobar', 0xbf9cf968],
  ] as const;
  for (const [text, want] of cases)
    it(`of "${text}" is ${want.toString(16)}`, () => {
      expect(fnv32a(text)).toBe(want);
    });
});

describe('hashOf()', () => {
  it('is the same whatever the order of fields, and another with a collision', () => {
    expect(hashOf({ a: 1, b: [{ c: 2, d: 3 }] }, undefined)).toBe(
      hashOf({ b: [{ d: 3, c: 2 }], a: 1 }, undefined),
    );
    expect(hashOf({ a: 1 }, 1)).not.toBe(hashOf({ a: 1 }, undefined));
  });

  it('is made of safe characters', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(hashOf(value, undefined)).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
      }),
    );
  });

  it('encodes digits as Kubernetes does', () => {
    expect(safeEncode('0123456789')).toBe('456789bcdf');
  });
});

describe('sameValue()', () => {
  it('compares as JSON would after it was written and read', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(sameValue(value, JSON.parse(JSON.stringify(value)))).toBe(true);
        expect(JSON.parse(canonicalText(value as never))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('does not count what is undefined', () => {
    expect(sameValue({ a: 1, b: undefined }, { a: 1 })).toBe(true);
    expect(sameValue({ a: null }, {})).toBe(false);
  });
});
