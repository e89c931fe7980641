import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  milliValue,
  parseQuantity,
  quantityOf,
  quantityText,
  quantityValue,
  roundUp,
  subtractQuantities,
} from './quantity.ts';

describe('canonicalQuantity()', () => {
  const cases = [
    { name: 'shortens thousands of a decimal', text: '1000m', want: '1' },
    { name: 'takes the fraction into the suffix', text: '0.5', want: '500m' },
    { name: 'lifts a binary number to the next suffix', text: '1024Mi', want: '1Gi' },
    { name: 'stays in the binary family', text: '1.5Gi', want: '1536Mi' },
    { name: 'writes a binary number below one in decimal', text: '0.5Ki', want: '512' },
    { name: 'keeps an exponent that looks canonical', text: '1e3', want: '1e3' },
    { name: 'keeps a capital exponent', text: '1E3', want: '1E3' },
    { name: 'keeps a trailing point', text: '2.', want: '2.' },
    { name: 'keeps a plus', text: '+5Mi', want: '+5Mi' },
    { name: 'keeps leading zeros', text: '007', want: '007' },
    { name: 'shortens an exponent', text: '1000e3', want: '1e6' },
    { name: 'takes a lone exponent for zero', text: 'e3', want: '0' },
    { name: 'takes a point for zero', text: '.', want: '0' },
    { name: 'rounds up what is finer than a nano', text: '0.1n', want: '1n' },
    { name: 'rounds a negative number away from zero', text: '-0.1n', want: '-1n' },
    { name: 'caps binary numbers at 2^63-1', text: '16Ei', want: '9223372036854775807' },
    { name: 'writes zero without a suffix', text: '0Mi', want: '0' },
    { name: 'keeps digits beyond 2^53', text: '123456789012345678', want: '123456789012345678' },
  ];
  for (const { name, text, want } of cases)
    it(name, () => {
      expect(canonicalQuantity(text)).toBe(want);
    });

  const formatWrong =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  const bad = [
    { text: '', want: formatWrong },
    { text: '1x', want: formatWrong },
    { text: '1 ', want: formatWrong },
    { text: '1mm', want: "unable to parse quantity's suffix" },
    { text: '1+5', want: "unable to parse quantity's suffix" },
    { text: 'Ei', want: 'unable to parse numeric part of quantity' },
    { text: '1e999999999', want: 'unable to parse numeric part of quantity' },
    { text: '9'.repeat(1000), want: 'unable to parse numeric part of quantity' },
  ];
  for (const { text, want } of bad) {
    it(`refuses ${JSON.stringify(text.slice(0, 12))}`, () => {
      expect(() => canonicalQuantity(text)).toThrow(want);
    });
  }
});

const suffix = fc.constantFrom('', 'm', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'u', 'n', 'e3', 'e-3');
const quantity = fc
  .tuple(fc.bigInt(-(10n ** 12n), 10n ** 12n), fc.option(fc.nat(999)), suffix)
  .map(
    ([whole, fraction, end]) => `${String(whole)}${fraction === null ? '' : `.${String(fraction)}`}${end}`,
  );

describe('quantities', () => {
  it('keep their value in canonical form, which is canonical already', () => {
    fc.assert(
      fc.property(quantity, (text) => {
        const parsed = parseQuantity(text);
        const { text: _kept, ...computed } = parsed;
        const canonical = quantityText(computed);
        expect(compareQuantities(parseQuantity(canonical), parsed)).toBe(0);
        expect(quantityText(parseQuantity(canonical))).toBe(canonical);
      }),
    );
  });

  it('come back from adding and subtracting', () => {
    fc.assert(
      fc.property(quantity, quantity, (a, b) => {
        const [left, right] = [parseQuantity(a), parseQuantity(b)];
        expect(compareQuantities(subtractQuantities(addQuantities(left, right), right), left)).toBe(0);
      }),
    );
  });

  const values = [
    { text: '1500m', value: 2n, milli: 1500n },
    { text: '-1500m', value: -2n, milli: -1500n },
    { text: '1Gi', value: 1073741824n, milli: 1073741824000n },
    { text: '100u', value: 1n, milli: 1n },
    { text: '2', value: 2n, milli: 2000n },
  ];
  for (const { text, value, milli } of values) {
    it(`give ${text} in whole units and thousandths`, () => {
      expect(quantityValue(parseQuantity(text))).toBe(value);
      expect(milliValue(parseQuantity(text))).toBe(milli);
    });
  }

  it('round up to a scale, and are the same when they are round', () => {
    const fine = parseQuantity('1500500u');
    expect(quantityText(roundUp(fine, -3))).toBe('1501m');
    const round = parseQuantity('2k');
    expect(roundUp(round, -3)).toBe(round);
  });

  it('are made of computed numbers', () => {
    expect(quantityText(quantityOf(1500n, -3))).toBe('1500m');
    expect(quantityText(quantityOf(1024n * 1024n, 0, 'binary'))).toBe('1Mi');
  });

  it('take the format of the other one when zero is added to', () => {
    expect(quantityText(addQuantities(quantityOf(0n), parseQuantity('1Gi')))).toBe('1Gi');
  });
});
