import { describe, expect, it } from '@jest/globals';
import type { JsonValue } from '../../../openapi/machinery/json.ts';
import { JsonPathError, parseJsonPath } from './json-path.ts';

const object: JsonValue = {
  spec: { size: 3, 'a.b': 'dotted', tags: [{ name: 'x', on: true }, { name: 'y' }] },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Other', status: 'False' },
    ],
  },
};

describe('parseJsonPath()', () => {
  const cases: [string, JsonValue[]][] = [
    ['.spec.size', [3]],
    ['.spec.none.deeper', []],
    ["['spec']['a.b']", ['dotted']],
    ['.spec.a\\.b', ['dotted']],
    ['.spec.tags[0].name', ['x']],
    ['.spec.tags[-1].name', ['y']],
    ['.spec.tags[*].name', ['x', 'y']],
    ['.spec.tags[0:1].name', ['x']],
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    [".status.conditions[?(@.type!='Ready')].status", ['False']],
    ['.spec.tags[?(@.on)].name', ['x']],
    ['..name', ['x', 'y']],
    ['.spec.__proto__', []],
  ];
  for (const [path, want] of cases) {
    it(path, () => {
      expect(parseJsonPath(path)(object)).toEqual(want);
    });
  }

  for (const path of ['spec', '.spec[', '.spec[x]', '.spec[?(@.a==b)]', '.a[0:2:0]']) {
    it(`refuses ${path}`, () => {
      expect(() => parseJsonPath(path)).toThrow(JsonPathError);
    });
  }
});
