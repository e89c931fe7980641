/** Its message is that of Go's time.Parse. */
export class TimeError extends Error {
  override readonly name = 'TimeError';
}

interface Reading {
  readonly text: string;
  readonly layout: string;
  rest: string;
}

const usual = /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;

/** metav1.Time from any RFC 3339 text: in UTC, to the second. Throws TimeError. */
export function canonicalTime(text: string): string {
  if (usual.test(text)) return text;
  const { ms } = parse(text, '2006-01-02T15:04:05Z07:00', false);
  return `${isoSeconds(ms)}Z`;
}

/** metav1.MicroTime: exactly six digits of fraction are read and written. Throws TimeError. */
export function canonicalMicroTime(text: string): string {
  const { ms, fraction } = parse(text, '2006-01-02T15:04:05.000000Z07:00', true);
  return `${isoSeconds(ms)}${fraction}Z`;
}

function isoSeconds(ms: number): string {
  const iso = new Date(ms).toISOString();
  return iso.slice(0, iso.length - 5);
}

function parse(text: string, layout: string, micro: boolean): { ms: number; fraction: string } {
  const reading: Reading = { text, layout, rest: text };
  const year = digits(reading, /^\d{4}/, '2006');
  literal(reading, '-');
  const month = ranged(reading, digits(reading, /^\d\d/, '01'), [1, 12], 'month');
  literal(reading, '-');
  const day = digits(reading, /^\d\d/, '02');
  literal(reading, 'T');
  const hour = ranged(reading, digits(reading, /^\d\d?/, '15'), [0, 23], 'hour');
  literal(reading, ':');
  const minute = ranged(reading, digits(reading, /^\d\d/, '04'), [0, 59], 'minute');
  literal(reading, ':');
  const second = ranged(reading, digits(reading, /^\d\d/, '05'), [0, 59], 'second');
  const fraction = micro ? take(reading, /^\.\d{6}/, '.000000') : (/^[.,]\d+/.exec(reading.rest)?.[0] ?? '');
  if (!micro) reading.rest = reading.rest.slice(fraction.length);
  const offset = offsetMinutes(reading);
  if (reading.rest !== '')
    throw new TimeError(`parsing time ${quoted(text)}: extra text: ${quoted(reading.rest)}`);
  ranged(reading, day, [1, daysIn(year, month)], 'day');
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute - offset, second);
  return { ms: date.getTime(), fraction };
}

function offsetMinutes(reading: Reading): number {
  if (reading.rest.startsWith('Z')) {
    reading.rest = reading.rest.slice(1);
    return 0;
  }
  const text = take(reading, /^[+-]\d\d:\d\d/, 'Z07:00');
  const hours = ranged(reading, Number(text.slice(1, 3)), [0, 24], 'time zone offset hour');
  const minutes = ranged(reading, Number(text.slice(4)), [0, 60], 'time zone offset minute');
  return (text.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

function digits(reading: Reading, pattern: RegExp, element: string): number {
  return Number(take(reading, pattern, element));
}

function literal(reading: Reading, text: string): void {
  if (!reading.rest.startsWith(text)) throw cannot(reading, text);
  reading.rest = reading.rest.slice(text.length);
}

function take(reading: Reading, pattern: RegExp, element: string): string {
  const found = pattern.exec(reading.rest)?.[0];
  if (found === undefined) throw cannot(reading, element);
  reading.rest = reading.rest.slice(found.length);
  return found;
}

function ranged(
  reading: Reading,
  value: number,
  [low, high]: readonly [number, number],
  what: string,
): number {
  if (value < low || value > high)
    throw new TimeError(`parsing time ${quoted(reading.text)}: ${what} out of range`);
  return value;
}

function cannot({ text, layout, rest }: Reading, element: string): TimeError {
  return new TimeError(
    `parsing time ${quoted(text)} as ${quoted(layout)}: cannot parse ${quoted(rest)} as ${quoted(element)}`,
  );
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
