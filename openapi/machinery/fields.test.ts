import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fieldSelectorText, matchesFields, parseFieldSelector, requiredValue } from './fields.ts';

describe('parseFieldSelector()', () => {
  const good = [
    { text: 'metadata.name=a', want: [{ field: 'metadata.name', value: 'a', negated: false }] },
    { text: 'a==b', want: [{ field: 'a', value: 'b', negated: false }] },
    {
      text: 'b!=1,a=',
      want: [
        { field: 'a', value: '', negated: false },
        { field: 'b', value: '1', negated: true },
      ],
    },
    { text: 'a=x\\,y\\=z\\\\', want: [{ field: 'a', value: 'x,y=z\\', negated: false }] },
    { text: ',', want: [] },
    { text: '=', want: [] },
  ];
  for (const { text, want } of good)
    it(`reads "${text}"`, () => {
      expect(parseFieldSelector(text)).toEqual(want);
    });

  const bad = [
    { text: 'metadata.name', want: "invalid selector: 'metadata.name'; can't understand 'metadata.name'" },
    { text: 'a=b=c', want: 'invalid field selector: unescaped character in value: 61' },
    { text: 'a=\\x', want: 'invalid field selector: invalid escape sequence: \\x' },
    { text: 'a=\\', want: 'invalid field selector: invalid escape sequence: \\' },
  ];
  for (const { text, want } of bad) {
    it(`refuses "${text}" in Kubernetes' words`, () => {
      expect(() => parseFieldSelector(text)).toThrow(want);
    });
  }

  it('reads again what it writes', () => {
    const term = fc.record({
      field: fc.stringMatching(/^[a-z.]{1,8}$/),
      value: fc.string(),
      negated: fc.boolean(),
    });
    fc.assert(
      fc.property(term, (each) => {
        expect(parseFieldSelector(fieldSelectorText([each]))).toEqual([each]);
      }),
    );
  });
});

describe('matchesFields()', () => {
  const values: Readonly<Record<string, string>> = { 'spec.nodeName': 'n1', 'status.phase': 'Running' };
  const cases = [
    { text: 'spec.nodeName=n1,status.phase!=Failed', want: true },
    { text: 'spec.nodeName!=n1', want: false },
    { text: 'spec.host=', want: true },
  ];
  for (const { text, want } of cases) {
    it(`answers ${want} for "${text}"`, () => {
      expect(matchesFields(parseFieldSelector(text), (field) => values[field] ?? '')).toBe(want);
    });
  }

  it('tells what a field must be', () => {
    const selector = parseFieldSelector('metadata.name=a,metadata.namespace!=b');
    expect(requiredValue(selector, 'metadata.name')).toBe('a');
    expect(requiredValue(selector, 'metadata.namespace')).toBeUndefined();
  });
});
