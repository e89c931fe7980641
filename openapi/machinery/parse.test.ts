import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ParseError, parseJson, parseYaml, strictFaults } from './parse.ts';

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

describe('parseJson()', () => {
  it('reads what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(JSON.stringify(parseJson(bytes(text)).value)).toBe(text);
      }),
    );
  });

  it('throws nothing but ParseError', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"',
      '1',
      '-',
      '.5',
      'e',
      'true',
      'nul',
      '\\',
      ' ',
      'é',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        try {
          parseJson(bytes(text));
        } catch (error) {
          expect(error).toBeInstanceOf(ParseError);
          return;
        }
        expect(() => JSON.parse(text) as unknown).not.toThrow();
      }),
    );
  });

  const faults = [
    { text: '', want: 'unexpected end of JSON input' },
    { text: '{"a":', want: 'unexpected end of JSON input' },
    { text: '{"a":}', want: "invalid character '}' looking for beginning of value" },
    { text: '[1,]', want: "invalid character ']' looking for beginning of value" },
    { text: '{a:1}', want: "invalid character 'a' looking for beginning of object key string" },
    { text: '{"a" 1}', want: "invalid character '1' after object key" },
    { text: '{"a":1 "b"}', want: `invalid character '"' after object key:value pair` },
    { text: '[1 2]', want: "invalid character '2' after array element" },
    { text: '{}x', want: "invalid character 'x' after top-level value" },
    { text: 'trux', want: "invalid character 'x' in literal true (expecting 'e')" },
    { text: '"\\x"', want: "invalid character 'x' in string escape code" },
    { text: '"\\u12g4"', want: "invalid character 'g' in \\u hexadecimal character escape" },
    { text: '"\n"', want: "invalid character '\\n' in string literal" },
    { text: '-x', want: "invalid character 'x' in numeric literal" },
    { text: '1.x', want: "invalid character 'x' after decimal point in numeric literal" },
    { text: '1ex', want: "invalid character 'x' in exponent of numeric literal" },
    { text: 'é', want: "invalid character 'Ã' looking for beginning of value" },
  ];
  for (const { text, want } of faults) {
    it(`refuses ${JSON.stringify(text)} in Go's words`, () => {
      expect(() => parseJson(bytes(text))).toThrow(want);
    });
  }

  it('tells of fields that come again, and takes the last', () => {
    const parsed = parseJson(bytes('{"spec":{"replicas":1,"c":[{"name":"a","name":"b"}],"replicas":2}}'));
    expect(parsed.duplicates).toEqual(['spec.c[0].name', 'spec.replicas']);
    expect(parsed.value).toEqual({ spec: { replicas: 2, c: [{ name: 'b' }] } });
  });

  it('keeps __proto__ as a field like others', () => {
    const { value } = parseJson(bytes('{"__proto__":{"polluted":true},"__proto__":{"b":1e1}}'));
    expect(Object.keys(value as object)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  it('refuses integers that a double cannot hold, unless decoding will', () => {
    const text = bytes('{"n":9007199254740993}');
    expect(() => parseJson(text)).toThrow('number 9007199254740993 is too large to be kept exactly');
    expect(parseJson(text, { largeIntegers: 'note' }).duplicates).toEqual([]);
  });

  it('refuses deep nesting instead of running out of stack', () => {
    expect(() => parseJson(bytes('['.repeat(100_000)))).toThrow('exceeded max depth');
  });

  it('reads half a surrogate pair as U+FFFD', () => {
    expect(parseJson(bytes('"a\\ud800"')).value).toBe('a\ufffd');
  });
});

describe('strictFaults()', () => {
  it('lists what is unknown or doubled in the order of the document', () => {
    const parsed = parseJson(bytes('{"b":1,"x":{"a":1,"a":2},"b":2,"y":1}'));
    const faults = strictFaults(parsed, ['x', 'y']);
    expect(faults).toEqual(['unknown field "x"', 'duplicate field "b"', 'unknown field "y"']);
  });

  it("puts YAML's duplicates into one text, first", () => {
    const parsed = parseYaml(bytes('a: 1\nb: 2\na: 3\n'));
    expect(strictFaults(parsed, ['b'])).toEqual([
      'yaml: unmarshal errors:\n  line 3: key "a" already set in map',
      'unknown field "b"',
    ]);
  });
});

describe('parseYaml()', () => {
  const values = [
    { text: 'y: n', want: { true: false } },
    { text: 'a: Off', want: { a: false } },
    { text: 'a: 010', want: { a: 8 } },
    { text: 'a: 0o17', want: { a: 15 } },
    { text: 'a: 1e1', want: { a: 10 } },
    { text: 'a: 3.0', want: { a: 3 } },
    { text: 'a: 1_000', want: { a: 1000 } },
    { text: 'a: 1:30', want: { a: '1:30' } },
    { text: 'a: 2020-01-01', want: { a: '2020-01-01' } },
    { text: 'a: 1e400', want: { a: '1e400' } },
    { text: 'a: "y"', want: { a: 'y' } },
    { text: 'a: ~', want: { a: null } },
    { text: '1: x', want: { 1: 'x' } },
    { text: 'a: &x {b: 1}\nc:\n  <<: *x\n  d: 2', want: { a: { b: 1 }, c: { b: 1, d: 2 } } },
    { text: 'a: 1\n---\nb: {{{', want: { a: 1 } },
    { text: '', want: null },
  ];
  for (const { text, want } of values) {
    it(`reads ${JSON.stringify(text)}`, () => {
      expect(parseYaml(bytes(text)).value).toEqual(want);
    });
  }

  const faults = [
    { text: 'metadata:\n\tname: a\n', want: 'yaml: line 2: found character that cannot start any token' },
    { text: 'metadata: {name: a\n', want: "yaml: line 1: did not find expected ',' or '}'" },
    { text: 'kind: [', want: 'yaml: line 1: did not find expected node content' },
    { text: 'a: b: c', want: 'yaml: mapping values are not allowed in this context' },
    { text: 'a: @x', want: 'yaml: found character that cannot start any token' },
    { text: 'a: b\nc', want: "yaml: line 3: could not find expected ':'" },
    { text: 'a: *x', want: "yaml: unknown anchor 'x' referenced" },
    { text: 'a: .inf', want: 'json: unsupported value: +Inf' },
    { text: 'a: "\u0001"', want: 'yaml: control characters are not allowed' },
    { text: 'a: 9007199254740993', want: 'number 9007199254740993 is too large to be kept exactly' },
  ];
  for (const { text, want } of faults) {
    it(`refuses ${JSON.stringify(text)} in Go's words`, () => {
      expect(() => parseYaml(bytes(text))).toThrow(want);
    });
  }

  it('refuses aliases that blow the document up', () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) =>
        `l${i}: &l${i} [${Array(9)
          .fill(i === 0 ? 'x' : `*l${i - 1}`)
          .join(',')}]`,
    );
    expect(() => parseYaml(bytes(levels.join('\n')))).toThrow('yaml: document contains excessive aliasing');
  });

  it('refuses deep nesting', () => {
    expect(() => parseYaml(bytes('['.repeat(200_000)))).toThrow(ParseError);
  });

  it('reads what is JSON as JSON', () => {
    fc.assert(
      fc.property(
        fc.object({
          maxDepth: 3,
          key: fc.stringMatching(/^[a-z]{1,5}$/),
          values: [fc.boolean(), fc.integer(), fc.stringMatching(/^[ -~]*$/)],
        }),
        (value) => {
          expect(parseYaml(bytes(JSON.stringify(value))).value).toEqual(value);
        },
      ),
      { numRuns: 50 },
    );
  });
});
