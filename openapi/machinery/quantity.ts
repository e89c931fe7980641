/**
 * resource.Quantity: a decimal number of any size, at least to the nano, with the family of suffixes that it was written in.
 * Kubernetes keeps some texts as they were written ("1e3", "+5Mi", "007") although they are not canonical; so does `text`.
 */
export interface Quantity {
  /** The number is `digits * 10 ** scale`. */
  readonly digits: bigint;
  readonly scale: number;
  readonly format: 'decimal' | 'binary' | 'exponent';
  readonly text?: string;
}

/** Its message is Kubernetes' own. */
export class QuantityError extends Error {
  override readonly name = 'QuantityError';
}

const formatWrong =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const numeric = 'unable to parse numeric part of quantity';
const suffixWrong = "unable to parse quantity's suffix";

/** Longer texts, and exponents beyond this, would cost much and mean nothing. */
const lengthMax = 256;
const exponentMax = 200;

const nano = -9;
const largestBinary = 2n ** 63n - 1n;

const decimalExponents: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const decimalSuffixes = new Map(
  Object.entries(decimalExponents).map(([suffix, exponent]) => [exponent, suffix]),
);
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

interface Parts {
  readonly negative: boolean;
  readonly whole: string;
  readonly fraction: string;
  readonly suffix: string;
  readonly hasDigits: boolean;
}

interface Scaling {
  readonly exponent: number;
  readonly format: Quantity['format'];
}

/** Quantities read lately: the same few amounts stand in most objects, and each is looked at several times in a write. */
const lately = new Map<string, Quantity>();
const latelyMax = 1000;

/** Throws QuantityError. Whitespace around is the caller's to trim, as JSON decoding does. */
export function parseQuantity(text: string): Quantity {
  const known = lately.get(text);
  if (known !== undefined) return known;
  const quantity = readQuantity(text);
  if (lately.size >= latelyMax) lately.clear();
  lately.set(text, quantity);
  return quantity;
}

function readQuantity(text: string): Quantity {
  const parts = splitQuantity(text);
  const scaling = interpretSuffix(parts.suffix);
  if (scaling === undefined) throw new QuantityError(suffixWrong);
  if (text.length > lengthMax || Math.abs(scaling.exponent) > exponentMax) throw new QuantityError(numeric);
  if (text === '0') return { digits: 0n, scale: 0, format: 'decimal', text };
  const digits = BigInt(parts.whole + parts.fraction);
  const signed = parts.negative ? -digits : digits;
  const binary = scaling.format === 'binary';
  const scaled = binary ? signed * 2n ** BigInt(scaling.exponent) : signed;
  const scale = (binary ? 0 : scaling.exponent) - parts.fraction.length;
  const quantity: Quantity = { digits: scaled, scale, format: scaling.format };
  if (isSmall(parts, scaling, scale))
    return looksCanonical(parts, scaling, scale) ? { ...quantity, text } : quantity;
  if (!parts.hasDigits) throw new QuantityError(numeric);
  return limited(quantity);
}

/** `[+-]? zeroes digits [. digits] suffix`, where digits may be missing on either side. */
const shape = /^([+-]?)0*([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*(?:[-+]?[0-9]*))$/;

function splitQuantity(text: string): Parts {
  const match = text === '' ? null : shape.exec(text);
  if (match === null) throw new QuantityError(formatWrong);
  const [, sign = '', whole = '', fraction = '', suffix = ''] = match;
  const hasDigits = /^[+-]?\.?[0-9]/.test(text);
  return { negative: sign === '-', whole: whole === '' ? '0' : whole, fraction, suffix, hasDigits };
}

function interpretSuffix(suffix: string): Scaling | undefined {
  if (Object.hasOwn(decimalExponents, suffix)) {
    return { exponent: decimalExponents[suffix] ?? 0, format: 'decimal' };
  }
  const power = binarySuffixes.indexOf(suffix);
  if (power > 0) return { exponent: power * 10, format: 'binary' };
  if (!/^[eE][-+]?[0-9]+$/.test(suffix)) return undefined;
  return { exponent: Number(suffix.slice(1)), format: 'exponent' };
}

/** Numbers that Kubernetes reads by a short cut, without limits and rounding. */
function isSmall(parts: Parts, scaling: Scaling, scale: number): boolean {
  if (scaling.format !== 'binary') return parts.whole.length + parts.fraction.length <= 18 && scale >= nano;
  const room = 15 - parts.whole.length - Math.trunc((scaling.exponent * 3) / 10) - 1;
  return parts.fraction === '' && room >= 0;
}

/** By the short cut, a text that looks canonical at a glance is kept, even when it is not: 1e3, +5Mi, 007. */
function looksCanonical(parts: Parts, scaling: Scaling, scale: number): boolean {
  const shifted = parts.whole + parts.fraction;
  if (scaling.format === 'binary') return Number(shifted.slice(-15)) % 8 !== 0;
  return scale % 3 === 0 && !shifted.endsWith('000') && !shifted.startsWith('0');
}

/** Finer than a nano rounds up (away from zero); a binary number is at most 2^63-1, and below one is written in decimal. */
function limited(quantity: Quantity): Quantity {
  let { digits, scale, format } = roundUp(quantity, nano);
  if (format !== 'binary') return { digits, scale, format };
  const size = digits < 0n ? -digits : digits;
  if (compareNumbers(size, scale, largestBinary, 0) > 0) {
    digits = digits < 0n ? -largestBinary : largestBinary;
    scale = 0;
  } else if (size !== 0n && compareNumbers(size, scale, 1n, 0) < 0) {
    format = 'decimal';
  }
  return { digits, scale, format };
}

/** Rounded away from zero to a multiple of `10 ** scale`; the same quantity when it is one already. */
export function roundUp(quantity: Quantity, scale: number): Quantity {
  if (quantity.scale >= scale) return quantity;
  const divisor = 10n ** BigInt(scale - quantity.scale);
  const rest = quantity.digits % divisor;
  let digits = quantity.digits / divisor;
  if (rest !== 0n) digits += quantity.digits > 0n ? 1n : -1n;
  return { digits, scale, format: quantity.format };
}

/** As the API writes it: the kept text, or the canonical one. */
export function quantityText(quantity: Quantity): string {
  if (quantity.text !== undefined) return quantity.text;
  if (quantity.digits === 0n) return '0';
  return binaryText(quantity) ?? decimalText(quantity);
}

/** A binary quantity that is a whole number of at least 1024. */
function binaryText(quantity: Quantity): string | undefined {
  if (quantity.format !== 'binary') return undefined;
  const whole = roundUp(quantity, 0);
  if (compareQuantities(whole, quantity) !== 0) return undefined;
  let digits = whole.digits * 10n ** BigInt(whole.scale);
  if (digits > -1024n && digits < 1024n) return undefined;
  let power = 0;
  while (digits % 1024n === 0n && power < binarySuffixes.length - 1) {
    digits /= 1024n;
    power++;
  }
  return `${String(digits)}${binarySuffixes[power] ?? ''}`;
}

function decimalText(quantity: Quantity): string {
  let { digits, scale } = quantity;
  while (digits % 10n === 0n) {
    digits /= 10n;
    scale++;
  }
  const excess = ((scale % 3) + 3) % 3;
  digits *= 10n ** BigInt(excess);
  scale -= excess;
  if (quantity.format === 'exponent') return `${String(digits)}${scale === 0 ? '' : `e${String(scale)}`}`;
  return `${String(digits)}${decimalSuffixes.get(scale) ?? ''}`;
}

/** What the API answers for a quantity that a client wrote. Throws QuantityError. */
export function canonicalQuantity(text: string): string {
  return quantityText(parseQuantity(text));
}

/** Negative, zero or positive, as `a` is less than, equal to or greater than `b`. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  return compareNumbers(a.digits, a.scale, b.digits, b.scale);
}

function compareNumbers(a: bigint, aScale: number, b: bigint, bScale: number): number {
  const low = Math.min(aScale, bScale);
  const left = a * 10n ** BigInt(aScale - low);
  const right = b * 10n ** BigInt(bScale - low);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The sum, in the format of `a` unless that is zero. */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  const scale = Math.min(a.scale, b.scale);
  const digits = a.digits * 10n ** BigInt(a.scale - scale) + b.digits * 10n ** BigInt(b.scale - scale);
  return { digits, scale, format: a.digits === 0n ? b.format : a.format };
}

export function negateQuantity(quantity: Quantity): Quantity {
  return { digits: -quantity.digits, scale: quantity.scale, format: quantity.format };
}

export function subtractQuantities(a: Quantity, b: Quantity): Quantity {
  return addQuantities(a, negateQuantity(b));
}

/** The number in whole units, rounded away from zero: bytes of memory, count of pods. */
export function quantityValue(quantity: Quantity): bigint {
  return scaledValue(quantity, 0);
}

/** The number in thousandths, rounded away from zero: millicores. */
export function milliValue(quantity: Quantity): bigint {
  return scaledValue(quantity, -3);
}

function scaledValue(quantity: Quantity, scale: number): bigint {
  const rounded = roundUp(quantity, scale);
  return rounded.digits * 10n ** BigInt(rounded.scale - scale);
}

/** A quantity from a number that a program computed: `quantityOf(1500n, -3)` is 1500m. */
export function quantityOf(digits: bigint, scale = 0, format: Quantity['format'] = 'decimal'): Quantity {
  return { digits, scale, format };
}
