import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonValue } from '../json.ts';
import { parseJson } from '../parse.ts';
import { applyJsonPatch, unknownInJsonPatch } from './json-patch.ts';
import { PatchError } from './patch-error.ts';

const document = { a: { b: [1, 2, { c: 'x' }], d: null }, e: 's' };

describe('applyJsonPatch()', () => {
  const good: readonly { name: string; patch: JsonValue; want: JsonValue }[] = [
    {
      name: 'adds a member',
      patch: [{ op: 'add', path: '/a/x', value: 1 }],
      want: { ...document, a: { ...document.a, x: 1 } },
    },
    {
      name: 'adds before an index',
      patch: [
        { op: 'add', path: '/a/b/0', value: 0 },
        { op: 'remove', path: '/a/b/3' },
        { op: 'remove', path: '/a/d' },
        { op: 'remove', path: '/e' },
      ],
      want: { a: { b: [0, 1, 2] } },
    },
    {
      name: 'adds at the end',
      patch: [
        { op: 'replace', path: '', value: { l: [1] } },
        { op: 'add', path: '/l/-', value: 2 },
      ],
      want: { l: [1, 2] },
    },
    {
      name: 'counts negative indices from the end',
      patch: [
        { op: 'replace', path: '', value: { l: [1, 2] } },
        { op: 'add', path: '/l/-1', value: 3 },
        { op: 'remove', path: '/l/-3' },
      ],
      want: { l: [2, 3] },
    },
    {
      name: 'takes indices with leading zeros',
      patch: [
        { op: 'replace', path: '', value: { l: [1, 2] } },
        { op: 'replace', path: '/l/01', value: 3 },
      ],
      want: { l: [1, 3] },
    },
    { name: 'adds null without a value', patch: [{ op: 'add', path: '/e' }], want: { ...document, e: null } },
    {
      name: 'sets a missing member by replace',
      patch: [{ op: 'replace', path: '/new', value: 1 }],
      want: { ...document, new: 1 },
    },
    {
      name: 'copies null from a missing member',
      patch: [{ op: 'copy', from: '/zz', path: '/y' }],
      want: { ...document, y: null },
    },
    {
      name: 'moves',
      patch: [
        { op: 'move', from: '/a/b/0', path: '/f' },
        { op: 'remove', path: '/a' },
      ],
      want: { e: 's', f: 1 },
    },
    {
      name: 'copies a value of its own',
      patch: [
        { op: 'copy', from: '/a/b', path: '/f' },
        { op: 'remove', path: '/f/2' },
      ],
      want: { ...document, f: [1, 2] },
    },
    {
      name: 'reads ~1 and ~0',
      patch: [
        { op: 'replace', path: '', value: {} },
        { op: 'add', path: '/a~1b~01', value: 1 },
      ],
      want: { 'a/b~1': 1 },
    },
    {
      name: 'loses the first part of a path without a slash',
      patch: [{ op: 'replace', path: 'x/e', value: 1 }],
      want: { ...document, e: 1 },
    },
    {
      name: 'passes a test of objects in any order',
      patch: [{ op: 'test', path: '/a', value: { d: null, b: [1, 2, { c: 'x' }] } }],
      want: document,
    },
    {
      name: 'passes a test of null for a missing member',
      patch: [
        { op: 'test', path: '/zz' },
        { op: 'test', path: '/zz', value: null },
      ],
      want: document,
    },
    { name: 'changes nothing without operations', patch: [], want: document },
    { name: 'changes nothing for null', patch: null, want: document },
    {
      name: 'adds __proto__ as a member',
      patch: [{ op: 'add', path: '/__proto__', value: { polluted: 1 } }],
      want: JSON.parse(
        '{"a":{"b":[1,2,{"c":"x"}],"d":null},"e":"s","__proto__":{"polluted":1}}',
      ) as JsonValue,
    },
  ];
  for (const { name, patch, want } of good)
    it(name, () => {
      expect(applyJsonPatch(document, patch)).toEqual(want);
    });

  const refused: readonly { name: string; operation: JsonValue }[] = [
    { name: 'an index beyond the end', operation: { op: 'add', path: '/a/b/4', value: 1 } },
    { name: 'a missing parent', operation: { op: 'add', path: '/x/y', value: 1 } },
    { name: 'an index that is no number', operation: { op: 'add', path: '/a/b/x', value: 1 } },
    { name: 'a path into a text', operation: { op: 'add', path: '/e/x', value: 1 } },
    { name: 'removal of what is missing', operation: { op: 'remove', path: '/zz' } },
    { name: 'a failed test', operation: { op: 'test', path: '/e', value: 't' } },
    { name: 'a test of another order', operation: { op: 'test', path: '/a/b', value: [2, 1, { c: 'x' }] } },
    { name: 'an unknown operation', operation: { op: 'append', path: '/e' } },
    { name: 'no operation', operation: {} },
    { name: 'no path', operation: { op: 'remove' } },
    { name: 'a member that objects inherit', operation: { op: 'remove', path: '/constructor' } },
    {
      name: 'a path through what objects inherit',
      operation: { op: 'add', path: '/__proto__/polluted', value: 1 },
    },
  ];
  for (const { name, operation } of refused) {
    it(`refuses ${name} with 422 and no details`, () => {
      expect(faultOf(document, [operation])).toMatchObject({
        code: 422,
        reason: 'Invalid',
        message: 'the server rejected our request due to an error in our request',
      });
    });
  }

  const undecodable: readonly { patch: JsonValue; message: string }[] = [
    {
      patch: {},
      message:
        'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    },
    {
      patch: ['x'],
      message:
        'error decoding patch: json: cannot unmarshal string into Go value of type handlers.jsonPatchOp',
    },
    {
      patch: [{ op: 1 }],
      message:
        'error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string',
    },
  ];
  for (const { patch, message } of undecodable) {
    it(`refuses ${JSON.stringify(patch)} with 400`, () => {
      expect(faultOf(document, patch)).toMatchObject({ code: 400, reason: 'BadRequest', message });
    });
  }

  it('compares numbers as they are written', () => {
    const patch = parseJson(new TextEncoder().encode('[{"op":"test","path":"/n","value":80.0}]')).value;
    expect(faultOf({ n: 80 }, patch)).toMatchObject({ code: 422 });
    expect(applyJsonPatch({ n: 80 }, [{ op: 'test', path: '/n', value: 80 }])).toEqual({ n: 80 });
  });

  it('refuses more than 10000 operations', () => {
    const patch = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/e', value: 's' }));
    expect(faultOf(document, patch)).toMatchObject({
      code: 413,
      message: 'The allowed maximum operations in a JSON patch is 10000, got 10001',
    });
  });

  it('refuses copies that grow without end', () => {
    const doubling = Array.from({ length: 40 }, () => ({ op: 'copy', from: '', path: '/a/-' }));
    const copies = Array.from({ length: 40 }, (_, i) => ({ op: 'copy', from: '/l', path: `/l/${i}` }));
    expect(faultOf({ a: [] }, doubling)).toMatchObject({ code: 422 });
    expect(faultOf({ l: ['x'.repeat(1000)] }, copies)).toMatchObject({ code: 422 });
  });

  it('never changes its input, nor the prototype of anything', () => {
    const path = fc.constantFrom(
      '',
      '/a',
      '/a/b/0',
      '/a/b/-',
      '/__proto__',
      '/__proto__/x',
      '/constructor/prototype/x',
      '/e',
      '/a/zz',
    );
    const operation = fc.record({
      op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'),
      path,
      from: path,
      value: fc.jsonValue(),
    });
    const before = JSON.stringify(document);
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 4 }), (patch) => {
        try {
          applyJsonPatch(document, patch);
        } catch (error) {
          expect(error).toBeInstanceOf(PatchError);
        }
        expect(JSON.stringify(document)).toBe(before);
        expect(Object.hasOwn(Object.prototype, 'x')).toBe(false);
      }),
    );
  });
});

describe('unknownInJsonPatch()', () => {
  it('names members that operations do not have', () => {
    expect(unknownInJsonPatch([{ op: 'add', path: '/a', valeu: 1 }, null, { x: 1 }])).toEqual([
      '[0].valeu',
      '[2].x',
    ]);
  });
});

function faultOf(target: JsonValue, patch: JsonValue): unknown {
  try {
    applyJsonPatch(target, patch);
  } catch (error) {
    return error;
  }
  return undefined;
}
