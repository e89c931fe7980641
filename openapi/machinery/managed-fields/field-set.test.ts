import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonValue } from '../json.ts';
import {
  deepDifference,
  difference,
  hasField,
  includes,
  intersection,
  isEmptySet,
  noFields,
  parseFieldSet,
  pathsOf,
  setOf,
  union,
  type FieldSet,
} from './field-set.ts';
import { elementText, TypeFault } from './path-element.ts';

const steps = ['f:a', 'f:b', 'k:{"name":"x"}', 'k:{"port":443}', 'k:{"port":80}', 'v:"x"', 'v:1'];
const paths = fc.array(fc.array(fc.constantFrom(...steps), { minLength: 1, maxLength: 3 }), { maxLength: 8 });
const sets = paths.map((each) => setOf(...each));

function textsOf(set: FieldSet): Set<string> {
  return new Set(pathsOf(set).map((path) => path.join('/')));
}

describe('sets of fields', () => {
  it('hold the fields that they are made of, and no others', () => {
    fc.assert(
      fc.property(paths, (each) => {
        const set = setOf(...each);
        expect(textsOf(set)).toEqual(new Set(each.map((path) => path.join('/'))));
        for (const path of each) expect(hasField(set, path)).toBe(true);
        expect(isEmptySet(set)).toBe(each.length === 0);
      }),
    );
  });

  it('unite, intersect and differ as sets of paths do', () => {
    fc.assert(
      fc.property(sets, sets, (a, b) => {
        const [inA, inB] = [textsOf(a), textsOf(b)];
        expect(textsOf(union(a, b))).toEqual(new Set([...inA, ...inB]));
        expect(textsOf(intersection(a, b))).toEqual(new Set([...inA].filter((path) => inB.has(path))));
        expect(textsOf(difference(a, b))).toEqual(new Set([...inA].filter((path) => !inB.has(path))));
        const below = (path: string): boolean => [...inB].some((each) => `${path}/`.startsWith(`${each}/`));
        expect(textsOf(deepDifference(a, b))).toEqual(new Set([...inA].filter((path) => !below(path))));
        expect(includes(a, b)).toBe([...inB].every((path) => inA.has(path)));
      }),
    );
  });

  it('are the same object when nothing changes', () => {
    fc.assert(
      fc.property(sets, sets, (a, b) => {
        expect(union(a, intersection(a, b))).toBe(a);
        expect(difference(a, difference(b, a))).toBe(a);
      }),
    );
  });

  it('have one form, whatever they are made by, and are read back from it', () => {
    fc.assert(
      fc.property(sets, sets, (a, b) => {
        const text = JSON.stringify(union(a, b));
        expect(JSON.stringify(union(b, a))).toBe(text);
        expect(JSON.stringify(union(difference(a, b), b))).toBe(text);
        expect(JSON.stringify(parseFieldSet(JSON.parse(text) as JsonValue))).toBe(text);
      }),
    );
  });

  it('order fields by name, keys and values by what they hold', () => {
    const set = setOf(['k:{"port":443}'], ['v:"a"'], ['f:b'], ['k:{"port":80}'], ['f:a'], ['v:10'], ['v:9']);
    expect(Object.keys(set)).toEqual([
      'f:a',
      'f:b',
      'k:{"port":80}',
      'k:{"port":443}',
      'v:9',
      'v:10',
      'v:"a"',
    ]);
  });

  it('tell the fields of one level before those below', () => {
    const set = setOf(['f:a', 'f:c'], ['f:b'], ['f:a']);
    expect(pathsOf(set)).toEqual([['f:a'], ['f:b'], ['f:a', 'f:c']]);
  });
});

describe('parseFieldSet()', () => {
  it('brings steps to the one form that they have', () => {
    const read = parseFieldSet({
      'k:{ "protocol": "TCP", "port": 80 }': { 'f:name': {}, '.': {} },
      'f:a': null,
    });
    expect(JSON.stringify(read)).toBe(
      '{"f:a":{},"k:{\\"port\\":80,\\"protocol\\":\\"TCP\\"}":{".":{},"f:name":{}}}',
    );
  });

  it('leaves out steps of an unknown kind', () => {
    expect(parseFieldSet({ 'x:a': {}, 'f:a': { 'y:b': {} } })).toEqual({ 'f:a': {} });
    expect(parseFieldSet({})).toBe(noFields);
  });

  for (const wrong of [
    { data: {} },
    { f: {} },
    { 'k:[]': {} },
    { 'v:{': {} },
    { 'i:x': {} },
    { 'f:a': 1 },
    [],
  ] as JsonValue[]) {
    it(`refuses ${JSON.stringify(wrong)}`, () => {
      expect(() => parseFieldSet(wrong)).toThrow(TypeFault);
    });
  }
});

describe('elementText()', () => {
  it('shows steps as messages do', () => {
    const shown = ['f:spec', 'k:{"containerPort":80,"protocol":"TCP"}', 'v:"x"', 'i:3'].map(elementText);
    expect(shown.join('')).toBe('.spec[containerPort=80,protocol="TCP"][="x"][3]');
  });
});
