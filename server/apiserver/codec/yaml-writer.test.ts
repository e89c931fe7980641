import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseYaml } from '../../../openapi/machinery/parse.ts';
import { compareKeys } from './yaml-keys.ts';
import { yamlText } from './yaml-writer.ts';

describe('yamlText()', () => {
  const cases = [
    {
      name: 'keys in order, lists not indented',
      value: { b: [{ x: 1, y: ['a'] }, 'z'], a: {} },
      text: 'a: {}\nb:\n- x: 1\n  "y":\n  - a\n- z\n',
    },
    {
      name: 'what would read as something else',
      value: { a: ['1', 'true', 'null', '', 'on', '1e3', '2026-01-02T03:04:05Z'] },
      text: 'a:\n- "1"\n- "true"\n- "null"\n- ""\n- "on"\n- "1e3"\n- "2026-01-02T03:04:05Z"\n',
    },
    {
      name: 'marks of YAML',
      value: { a: ['x: y', '#x', '- x', "'x'", ' x', 'x:y', '-x'] },
      text: "a:\n- 'x: y'\n- '#x'\n- '- x'\n- '''x'''\n- ' x'\n- x:y\n- -x\n",
    },
    {
      name: 'several lines',
      value: { a: 'x\ny\n', b: 'x\ny', c: 'x\n\n' },
      text: 'a: |\n  x\n  y\nb: |-\n  x\n  y\nc: |+\n  x\n\n',
    },
    { name: 'control characters', value: { a: 'x\u0001y' }, text: 'a: "x\\u0001y"\n' },
    { name: 'other values', value: { a: null, b: true, c: -1.5 }, text: 'a: null\nb: true\nc: -1.5\n' },
  ];
  for (const { name, value, text } of cases) {
    it(`writes ${name}`, () => {
      expect(yamlText(value)).toBe(text);
    });
  }

  it('breaks long text after the word that crosses the width', () => {
    const message =
      'only the following media types are accepted: application/json;stream=watch, application/yaml';
    expect(yamlText({ message })).toBe(
      "message: 'only the following media types are accepted: application/json;stream=watch,\n  application/yaml'\n",
    );
  });

  it('is read as what was written', () => {
    const text = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[ -~\n]{0,120}$/),
      fc.constantFrom('yes', '0x1', '1_000', '.5', '~'),
    );
    const value = fc.letrec<{ any: unknown }>((tie) => ({
      any: fc.oneof(
        { maxDepth: 3 },
        text,
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(text, tie('any'), { maxKeys: 3, noNullPrototype: true }),
      ),
    })).any;
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), value, { noNullPrototype: true }),
        (object) => {
          const written = yamlText(object as Parameters<typeof yamlText>[0]);
          expect(parseYaml(Buffer.from(written)).value).toEqual(object);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('compareKeys()', () => {
  const ordered = ['.', '1', '2', '10', 'A', 'a', 'a1', 'a2', 'a10', 'ab', 'b'];
  it('puts letters last and numbers by their value', () => {
    expect([...ordered].reverse().sort(compareKeys)).toEqual(ordered);
  });
});
