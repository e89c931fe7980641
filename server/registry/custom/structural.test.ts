import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../../openapi/machinery/json.ts';
import { withDefaults } from './default.ts';
import { pruneObject } from './prune.ts';
import { structuralOf } from './structural.ts';

/** Schemas of a few levels over few names, so that values and schemas meet. */
const names = fc.constantFrom('a', 'b', 'c');
const { schema } = fc.letrec<{ schema: JsonObject }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3 },
    fc.record({
      type: fc.constant('string'),
      default: fc.constantFrom('x', undefined),
    }) as fc.Arbitrary<JsonObject>,
    fc.record({ type: fc.constant('integer'), nullable: fc.boolean() }) as fc.Arbitrary<JsonObject>,
    fc.record({ type: fc.constant('array'), items: tie('schema') }) as fc.Arbitrary<JsonObject>,
    fc.record({
      type: fc.constant('object'),
      properties: fc.dictionary(names, tie('schema')),
      'x-kubernetes-preserve-unknown-fields': fc.boolean(),
    }) as fc.Arbitrary<JsonObject>,
    fc.record({
      type: fc.constant('object'),
      additionalProperties: tie('schema'),
    }) as fc.Arbitrary<JsonObject>,
  ),
}));
const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<JsonValue>('x', 1, null, true),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(names, tie('value')) as fc.Arbitrary<JsonObject>,
  ),
}));
const root = fc.dictionary(names, schema).map((properties) => structuralOf({ type: 'object', properties }));
const object = fc.dictionary(names, value) as fc.Arbitrary<JsonObject>;

/** Every path of the value, with its leaf. */
function leaves(of: JsonValue, path = ''): string[] {
  if (typeof of !== 'object' || of === null) return [`${path}=${String(of)}`];
  return Object.entries(of).flatMap(([key, each]) => leaves(each as JsonValue, `${path}/${key}`));
}

describe('pruning', () => {
  it('leaves nothing for a second time, and tells of all that it takes', () => {
    fc.assert(
      fc.property(root, object, (known, given) => {
        const first: string[] = [];
        const second: string[] = [];
        const pruned = pruneObject(given, known, first);
        expect(pruneObject(pruned, known, second)).toBe(pruned);
        expect(second).toEqual([]);
        expect(first.length === 0).toBe(pruned === given);
      }),
    );
  });

  it('adds nothing and changes no value', () => {
    fc.assert(
      fc.property(root, object, (known, given) => {
        const before = new Set(leaves(given));
        for (const leaf of leaves(pruneObject(given, known, []))) expect(before).toContain(leaf);
      }),
    );
  });
});

describe('defaulting', () => {
  it('leaves nothing for a second time, and keeps what was there', () => {
    fc.assert(
      fc.property(root, object, (known, given) => {
        const filled = withDefaults(given, known);
        expect(withDefaults(filled, known)).toBe(filled);
        const after = new Set(leaves(filled));
        for (const leaf of leaves(given)) if (!leaf.endsWith('=null')) expect(after).toContain(leaf);
      }),
    );
  });

  const cases: [string, object, JsonValue, JsonValue][] = [
    ['fills a missing field', { a: { type: 'string', default: 'x' } }, {}, { a: 'x' }],
    [
      'fills within a default',
      { a: { type: 'object', default: {}, properties: { b: { default: 1 } } } },
      {},
      { a: { b: 1 } },
    ],
    ['does not make a parent', { a: { type: 'object', properties: { b: { default: 1 } } } }, {}, {}],
    ['drops a null that may not be', { a: { type: 'string' } }, { a: null }, {}],
    [
      'keeps a null that may be',
      { a: { type: 'string', nullable: true, default: 'x' } },
      { a: null },
      { a: null },
    ],
    ['takes the default for a null', { a: { type: 'string', default: 'x' } }, { a: null }, { a: 'x' }],
  ];
  for (const [name, properties, given, want] of cases) {
    it(name, () => {
      const known = structuralOf({ type: 'object', properties } as JsonObject);
      expect(withDefaults(given, known)).toEqual(want);
    });
  }
});
