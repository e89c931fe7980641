import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonValue } from '../json.ts';
import { applyMergePatch } from './merge-patch.ts';

describe('applyMergePatch()', () => {
  const cases: readonly { name: string; document: JsonValue; patch: JsonValue; want: JsonValue }[] = [
    {
      name: 'sets, adds and keeps members',
      document: { a: 1, b: 2 },
      patch: { a: 3, c: 4 },
      want: { a: 3, b: 2, c: 4 },
    },
    {
      name: 'deletes by null',
      document: { a: 1, b: { c: 1 } },
      patch: { a: null, b: { c: null }, zz: null },
      want: { b: {} },
    },
    {
      name: 'leaves nulls out of what is new',
      document: {},
      patch: { a: { b: null, c: [{ d: null }, null] } },
      want: { a: { c: [{}, null] } },
    },
    { name: 'replaces lists', document: { a: [1, 2] }, patch: { a: [3] }, want: { a: [3] } },
    {
      name: 'replaces an object by a list as it is',
      document: { a: { b: 1 } },
      patch: { a: [{ c: null }] },
      want: { a: [{ c: null }] },
    },
    {
      name: 'replaces a text by an object',
      document: { a: 's' },
      patch: { a: { b: 1, c: null } },
      want: { a: { b: 1 } },
    },
    {
      name: 'sets __proto__ as a member',
      document: {},
      patch: JSON.parse('{"__proto__":{"x":1}}') as JsonValue,
      want: JSON.parse('{"__proto__":{"x":1}}') as JsonValue,
    },
  ];
  for (const { name, document, patch, want } of cases) {
    it(name, () => {
      expect(applyMergePatch(document, patch)).toEqual(want);
    });
  }

  const refused: readonly { patch: JsonValue; message: string }[] = [
    { patch: null, message: 'Invalid JSON Patch' },
    {
      patch: [],
      message:
        'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
    },
    {
      patch: 'x',
      message:
        'error decoding patch: json: cannot unmarshal string into Go value of type map[string]interface {}',
    },
  ];
  for (const { patch, message } of refused) {
    it(`refuses ${JSON.stringify(patch)}`, () => {
      expect(() => applyMergePatch({}, patch)).toThrow(message);
    });
  }

  it('has what the patch sets, and leaves its input alone', () => {
    const value = fc.oneof(
      fc.string(),
      fc.constant(null),
      fc.array(fc.jsonValue()),
      fc.object({ maxDepth: 2 }),
    );
    const object = fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), value);
    fc.assert(
      fc.property(object, object, (document, patch) => {
        const before = JSON.stringify(document);
        const result = applyMergePatch(document as JsonValue, patch as JsonValue);
        for (const key of Object.keys(patch))
          expect(Object.hasOwn(result as object, key)).toBe(patch[key] !== null);
        expect(JSON.stringify(document)).toBe(before);
      }),
    );
  });
});
