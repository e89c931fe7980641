import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sameJson } from './same.ts';

describe('sameJson()', () => {
  it('holds for a value and its copy', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => sameJson(value, JSON.parse(JSON.stringify(value)))));
  });

  const cases: readonly { name: string; a: unknown; b: unknown; want: boolean }[] = [
    { name: 'the order of members', a: { x: 1, y: 2 }, b: { y: 2, x: 1 }, want: true },
    { name: 'an undefined member', a: { x: 1, y: undefined }, b: { x: 1 }, want: true },
    { name: 'the order of a list', a: [1, 2], b: [2, 1], want: false },
    { name: 'null beside nothing', a: { x: null }, b: {}, want: false },
    { name: 'a list beside an object', a: [], b: {}, want: false },
    { name: 'another value deep inside', a: { x: { y: [1] } }, b: { x: { y: [2] } }, want: false },
    { name: 'a member that objects have anyway', a: {}, b: { constructor: 1 }, want: false },
  ];
  for (const { name, a, b, want } of cases) {
    it(`${want ? 'ignores' : 'sees'} ${name}`, () => {
      expect([sameJson(a, b), sameJson(b, a)]).toEqual([want, want]);
    });
  }
});
