import { describe, expect, it } from '@jest/globals';
import type { JsonObject, JsonValue } from '../../../openapi/machinery/json.ts';
import { structuralOf } from './structural.ts';
import { valueProblems } from './validate.ts';

function told(schema: object, value: JsonValue, old?: JsonValue): readonly string[] {
  const known = structuralOf(schema as JsonObject);
  const before = old === undefined ? undefined : { value: old, schema: known };
  return valueProblems(value, known, '', before).map(({ field, message }) => `${field}: ${message}`);
}

const of = (properties: object, more: object = {}): object => ({ type: 'object', properties, ...more });

describe('valueProblems()', () => {
  const cases: [string, object, JsonValue, string[]][] = [
    [
      'a number for a text',
      of({ a: { type: 'string' } }),
      { a: 1 },
      ['a: Invalid value: "integer": a in body must be of type string: "integer"'],
    ],
    ['a whole number for a number', of({ a: { type: 'number' } }), { a: 1 }, []],
    ['a missing field', of({}, { required: ['a'] }), {}, ['a: Required value']],
    [
      'a null',
      of({ a: { type: 'string' } }),
      { a: null },
      ['a: Invalid value: "null": a in body must be of type string: "null"'],
    ],
    ['a null that may be', of({ a: { type: 'string', nullable: true } }), { a: null }, []],
    [
      'a text too long',
      of({ a: { type: 'string', maxLength: 1 } }),
      { a: 'éé' },
      ['a: Too long: may not be more than 1 byte'],
    ],
    [
      'a value that is not listed',
      of({ a: { type: 'string', enum: ['x'] } }),
      { a: 'y' },
      ['a: Unsupported value: "y": supported values: "x"'],
    ],
    [
      'a text of no such format',
      of({ a: { type: 'string', format: 'ipv4' } }),
      { a: '1.2.3' },
      ['a: Invalid value: "1.2.3": a in body must be of type ipv4: "1.2.3"'],
    ],
    ['a format that nobody knows', of({ a: { type: 'string', format: 'mine' } }), { a: 'x' }, []],
    [
      'a number beyond its format',
      of({ a: { type: 'integer', format: 'int32' } }),
      { a: 2 ** 31 },
      ['<nil>: Invalid value: "": Checked value must be of type integer with format int32 in a'],
    ],
    [
      'a list too long',
      of({ a: { type: 'array', maxItems: 1, items: { type: 'integer' } } }),
      { a: [1, 2] },
      ['a: Too many: 2: must have at most 1 item'],
    ],
    [
      'a wrong value of a map',
      { type: 'object', additionalProperties: { type: 'integer' } },
      { k: 'x' },
      ['k: Invalid value: "string": .k in body must be of type integer: "string"'],
    ],
    [
      'none of several',
      of({ a: { type: 'integer', anyOf: [{ minimum: 8 }, { maximum: 2 }] } }),
      { a: 5 },
      [
        '<nil>: Invalid value: "": "a" must validate at least one schema (anyOf)',
        'a: Invalid value: 5: a in body should be greater than or equal to 8',
      ],
    ],
    [
      'more than one of several',
      of({ a: {}, b: {} }, { oneOf: [{ required: ['a'] }, { required: ['b'] }] }),
      { a: 1, b: 1 },
      [
        '<nil>: Invalid value: "": "" must validate one and only one schema (oneOf). Found 2 valid alternatives',
      ],
    ],
    [
      'what must not be',
      of({ a: {} }, { not: { required: ['a'] } }),
      { a: 1 },
      ['<nil>: Invalid value: "": "" must not validate the schema (not)'],
    ],
  ];
  for (const [name, schema, value, want] of cases) {
    it(name, () => {
      expect(told(schema, value)).toEqual(want);
    });
  }
});

describe('valueProblems() of an update', () => {
  const keyed = {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['k'],
    items: of({ k: { type: 'string' }, v: { type: 'integer', maximum: 1 } }),
  };
  const schema = of({
    a: { type: 'string', maxLength: 1 },
    plain: { type: 'array', items: { type: 'string', maxLength: 1 } },
    keyed,
  });
  const old = { a: 'xx', plain: ['xx', 'y'], keyed: [{ k: 'p', v: 5 }] };
  const cases: [string, JsonValue, string[]][] = [
    ['keeps what was wrong', old, []],
    ['takes no other wrong value', { ...old, a: 'yy' }, ['a: Too long: may not be more than 1 byte']],
    [
      'knows elements by their keys',
      {
        ...old,
        keyed: [
          { k: 'q', v: 1 },
          { k: 'p', v: 5 },
        ],
      },
      [],
    ],
    [
      'knows no elements without keys',
      { ...old, plain: ['xx', 'z'] },
      ['plain[0]: Too long: may not be more than 1 byte'],
    ],
  ];
  for (const [name, value, want] of cases) {
    it(name, () => {
      expect(told(schema, value, old)).toEqual(want);
    });
  }
});
