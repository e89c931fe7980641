import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  everything,
  labelSelectorText,
  matchesLabels,
  nothing,
  parseLabelSelector,
  selectorOf,
  selectorOfLabels,
  SelectorError,
} from './labels.ts';

const labels = { app: 'web', tier: 'front', empty: '', n: '5' };

describe('parseLabelSelector()', () => {
  const matches = [
    { text: '', want: true },
    { text: 'app=web', want: true },
    { text: 'app==api', want: false },
    { text: 'app!=api', want: true },
    { text: 'missing!=x', want: true },
    { text: 'app in (web, api),tier', want: true },
    { text: 'app notin (web)', want: false },
    { text: '!missing', want: true },
    { text: '!app', want: false },
    { text: 'empty=', want: true },
    { text: 'empty in ()', want: true },
    { text: 'empty in (,x)', want: true },
    { text: 'n>4', want: true },
    { text: 'n<5', want: false },
    { text: 'app>1', want: false },
    { text: 'in=notin', want: false },
    { text: 'toString', want: false },
  ];
  for (const { text, want } of matches) {
    it(`${want ? 'matches' : 'does not match'} with "${text}"`, () => {
      expect(matchesLabels(parseLabelSelector(text), labels)).toBe(want);
    });
  }

  const label =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.'";
  const name = "name part must consist of alphanumeric characters, '-', '_' or '.'";
  const faults = [
    { text: 'a b', want: "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt" },
    { text: 'a,', want: "found '', expected: identifier after ','" },
    { text: '!!a', want: "unable to parse requirement: found '!', expected: identifier" },
    { text: ',a', want: "found ',', expected: !, identifier, or 'end of string'" },
    { text: 'a=b c', want: "found 'c', expected: ',' or 'end of string'" },
    { text: 'a in b', want: "unable to parse requirement: found 'b' expected: '('" },
    { text: 'a in (b', want: "unable to parse requirement: found '', expected: ',' or ')'" },
    { text: 'app=x/y', want: `unable to parse requirement: values[0][app]: Invalid value: "x/y": ${label}` },
    { text: '-a=b', want: `unable to parse requirement: <nil>: Invalid value: "-a": ${name}` },
    { text: 'n>x', want: "for 'Gt', 'Lt' operators, the value must be an integer" },
  ];
  for (const { text, want } of faults) {
    it(`refuses "${text}" in Kubernetes' words`, () => {
      expect(() => parseLabelSelector(text)).toThrow(want);
    });
  }

  it('reads again what it writes', () => {
    const key = fc.stringMatching(/^[a-z]{1,4}$/);
    const value = fc.stringMatching(/^[a-z0-9]{0,4}$/);
    const term = fc.oneof(
      fc.tuple(key, fc.constantFrom('=', '!=', '=='), value).map((parts) => parts.join('')),
      fc
        .tuple(key, fc.constantFrom('in', 'notin'), fc.array(value, { minLength: 1, maxLength: 3 }))
        .map(([k, o, v]) => `${k} ${o} (${v.join(',')})`),
      key,
      key.map((each) => `!${each}`),
    );
    fc.assert(
      fc.property(fc.array(term, { maxLength: 4 }), (terms) => {
        const selector = parseLabelSelector(terms.join(','));
        expect(parseLabelSelector(labelSelectorText(selector))).toEqual(selector);
      }),
    );
  });

  it('throws nothing but SelectorError', () => {
    const pieces = fc.constantFrom(
      'a',
      'in',
      'notin',
      '(',
      ')',
      ',',
      '=',
      '!',
      '>',
      '<',
      ' ',
      'é',
      '\0',
      '-',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 10 }), (parts) => {
        try {
          parseLabelSelector(parts.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(SelectorError);
        }
      }),
    );
  });
});

describe('selectorOf()', () => {
  it('selects nothing without an object, everything with an empty one', () => {
    expect(selectorOf(undefined)).toBe(nothing);
    expect(matchesLabels(nothing, labels)).toBe(false);
    expect(selectorOf({})).toEqual(everything);
  });

  it('joins labels and expressions', () => {
    const selector = selectorOf({
      matchLabels: { app: 'web' },
      matchExpressions: [
        { key: 'tier', operator: 'In', values: ['front', 'back'] },
        { key: 'gone', operator: 'DoesNotExist' },
      ],
    });
    expect(labelSelectorText(selector)).toBe('app=web,!gone,tier in (back,front)');
    expect(matchesLabels(selector, labels)).toBe(true);
  });

  it('refuses an operator that is none', () => {
    const selector = { matchExpressions: [{ key: 'a', operator: 'Has' }] };
    expect(() => selectorOf(selector)).toThrow('"Has" is not a valid label selector operator');
  });

  it('takes plain labels for equality', () => {
    expect(labelSelectorText(selectorOfLabels({ b: '1', a: '2' }))).toBe('a=2,b=1');
  });
});
