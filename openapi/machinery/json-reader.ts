import type { JsonValue } from './json.ts';
import { noteDocument, noteNumberText } from './number-texts.ts';
import { ParseError } from './parse-error.ts';

/** What JSON.parse cannot tell about a document. */
export interface JsonReading {
  readonly value: JsonValue;
  /** Paths of fields that came again, in the order of the document; the last value counts. */
  readonly duplicates: readonly string[];
  /** Where each field was first read (unknown fields) and read again (duplicates): offsets in bytes. */
  readonly offsets: ReadonlyMap<string, number>;
}

interface Reader {
  readonly bytes: Buffer;
  offset: number;
  depth: number;
  readonly path: (string | number)[];
  readonly duplicates: string[];
  readonly offsets: Map<string, number>;
  readonly keepNumbers: boolean;
  noted: boolean;
}

/** Go reads ten times as deep. Nothing real nests so, and what walks a document may recurse safely. */
export const depthMax = 1_000;

const quote = 0x22;
const backslash = 0x5c;

/**
 * Reads JSON as Go's encoding/json does, with its errors: the slow and exact way, for documents that JSON.parse cannot do justice.
 * With `keepNumbers`, integers that a double cannot hold are noted (see number-texts.ts) instead of refused.
 */
export function readJson(bytes: Uint8Array, keepNumbers: boolean): JsonReading {
  const reader: Reader = {
    bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    offset: 0,
    depth: 0,
    path: [],
    duplicates: [],
    offsets: new Map(),
    keepNumbers,
    noted: false,
  };
  const root: JsonValue[] = [];
  root[0] = readValue(reader, root, 0, 'looking for beginning of value');
  skipSpace(reader);
  if (reader.offset < reader.bytes.length) throw unexpected(reader, 'after top-level value');
  const [value] = root;
  if (reader.noted && typeof value === 'object' && value !== null) noteDocument(value);
  return { value, duplicates: reader.duplicates, offsets: reader.offsets };
}

function readValue(reader: Reader, container: object, key: string | number, context: string): JsonValue {
  skipSpace(reader);
  const byte = reader.bytes[reader.offset];
  switch (byte) {
    case 0x7b:
      return nested(reader, readObject);
    case 0x5b:
      return nested(reader, readArray);
    case quote:
      return readString(reader);
    case 0x74:
      return readLiteral(reader, 'true', true);
    case 0x66:
      return readLiteral(reader, 'false', false);
    case 0x6e:
      return readLiteral(reader, 'null', null);
    default:
      if (byte === 0x2d || isDigit(byte)) return readNumber(reader, container, key);
      throw unexpected(reader, context);
  }
}

function nested<T>(reader: Reader, read: (reader: Reader) => T): T {
  if (++reader.depth > depthMax) throw new ParseError('exceeded max depth');
  reader.offset++;
  const value = read(reader);
  reader.depth--;
  return value;
}

function readObject(reader: Reader): JsonValue {
  const object: Record<string, JsonValue> = {};
  skipSpace(reader);
  if (reader.bytes[reader.offset] === 0x7d) {
    reader.offset++;
    return object;
  }
  for (;;) {
    skipSpace(reader);
    const start = reader.offset;
    if (reader.bytes[start] !== quote) throw unexpected(reader, 'looking for beginning of object key string');
    const key = readString(reader);
    noteField(reader, object, key, start);
    skipSpace(reader);
    if (reader.bytes[reader.offset] !== 0x3a) throw unexpected(reader, 'after object key');
    reader.offset++;
    reader.path.push(key);
    const value = readValue(reader, object, key, 'looking for beginning of value');
    reader.path.pop();
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
    if (ends(reader, 0x7d, 'after object key:value pair')) return object;
  }
}

function readArray(reader: Reader): JsonValue {
  const array: JsonValue[] = [];
  skipSpace(reader);
  if (reader.bytes[reader.offset] === 0x5d) {
    reader.offset++;
    return array;
  }
  for (;;) {
    reader.path.push(array.length);
    array.push(readValue(reader, array, array.length, 'looking for beginning of value'));
    reader.path.pop();
    if (ends(reader, 0x5d, 'after array element')) return array;
  }
}

/** True at the closing bracket, false at a comma. */
function ends(reader: Reader, closing: number, context: string): boolean {
  skipSpace(reader);
  const byte = reader.bytes[reader.offset];
  if (byte !== closing && byte !== 0x2c) throw unexpected(reader, context);
  reader.offset++;
  return byte === closing;
}

function noteField(reader: Reader, object: object, key: string, offset: number): void {
  const path = pathText(reader.path, key);
  if (!Object.hasOwn(object, key)) {
    if (!reader.offsets.has(path)) reader.offsets.set(path, offset);
  } else if (!reader.duplicates.includes(path)) {
    reader.duplicates.push(path);
    reader.offsets.set(path, offset);
  }
}

/** `spec.containers[0].name`, as Kubernetes' strict decoding names fields. */
export function pathText(path: readonly (string | number)[], last: string): string {
  let text = '';
  for (const step of path) {
    text += typeof step === 'number' ? `[${String(step)}]` : `${text === '' ? '' : '.'}${step}`;
  }
  return `${text}${text === '' ? '' : '.'}${last}`;
}

function readLiteral<T>(reader: Reader, text: string, value: T): T {
  for (let i = 0; i < text.length; i++, reader.offset++) {
    if (reader.bytes[reader.offset] !== text.charCodeAt(i)) {
      throw unexpected(reader, `in literal ${text} (expecting ${quotedCharacter(text.charCodeAt(i))})`);
    }
  }
  return value;
}

function readString(reader: Reader): string {
  const { bytes } = reader;
  const start = ++reader.offset;
  let escaped = false;
  for (;;) {
    const byte = bytes[reader.offset];
    if (byte === quote) break;
    if (byte === undefined || byte < 0x20) throw unexpected(reader, 'in string literal');
    reader.offset++;
    if (byte !== backslash) continue;
    escaped = true;
    checkEscape(reader);
  }
  const text = bytes.toString('utf8', start, reader.offset++);
  return escaped ? unescaped(text) : text;
}

function checkEscape(reader: Reader): void {
  const byte = reader.bytes[reader.offset];
  if (byte === undefined || !'"\\/bfnrtu'.includes(String.fromCharCode(byte))) {
    throw unexpected(reader, 'in string escape code');
  }
  reader.offset++;
  if (byte !== 0x75) return;
  for (let i = 0; i < 4; i++, reader.offset++) {
    if (!/[0-9A-Fa-f]/.test(String.fromCharCode(reader.bytes[reader.offset] ?? 0))) {
      throw unexpected(reader, 'in \\u hexadecimal character escape');
    }
  }
}

/** Go reads half a surrogate pair as U+FFFD. */
function unescaped(text: string): string {
  return (JSON.parse(`"${text}"`) as string).replaceAll(/\p{Surrogate}/gu, '\ufffd');
}

const numberShape = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/;

function readNumber(reader: Reader, container: object, key: string | number): number {
  const text = numberText(reader);
  const number = Number(text);
  const whole = /^-?[0-9]+$/.test(text);
  const exact = !whole || Number.isSafeInteger(number) || isExact(number, text);
  if (!exact && !reader.keepNumbers) {
    throw new ParseError(
      `number ${text.length > 40 ? `${text.slice(0, 40)}…` : text} is too large to be kept exactly`,
    );
  }
  if (!Number.isFinite(number))
    throw new ParseError(`json: cannot unmarshal number ${text} into Go value of type float64`);
  if (whole ? !exact : Number.isInteger(number)) {
    noteNumberText(container, key, text);
    reader.noted = true;
  }
  return Object.is(number, -0) ? 0 : number;
}

/** Whether the double is the number, or at least is written again as it was. */
function isExact(number: number, text: string): boolean {
  return String(number) === text || (text.length < 40 && BigInt(number) === BigInt(text));
}

function numberText(reader: Reader): string {
  const { bytes } = reader;
  const start = reader.offset;
  let end = start;
  while (end < bytes.length && '+-.0123456789eE'.includes(String.fromCharCode(bytes[end] ?? 0))) end++;
  const text = bytes.toString('latin1', start, end);
  const number = numberShape.exec(text)?.[0] ?? '';
  reader.offset = start + number.length;
  const rest = bytes.toString('latin1', reader.offset, end);
  checkNumber(reader, number, rest);
  return number;
}

/** Where a number goes wrong, Go says in which part. */
function checkNumber(reader: Reader, number: string, rest: string): void {
  const next = rest.charAt(0);
  if (number === '') {
    reader.offset += 1;
    throw unexpected(reader, 'in numeric literal');
  }
  if (next === '.' && !/[.eE]/.test(number)) {
    reader.offset += 1;
    throw unexpected(reader, 'after decimal point in numeric literal');
  }
  if (/^[eE]$/.test(next) && !/[eE]/.test(number)) {
    reader.offset += /^[eE][-+]/.test(rest) ? 2 : 1;
    throw unexpected(reader, 'in exponent of numeric literal');
  }
}

function skipSpace(reader: Reader): void {
  const { bytes } = reader;
  for (;;) {
    const byte = bytes[reader.offset];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
    reader.offset++;
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function unexpected(reader: Reader, context: string): ParseError {
  // Go reads a space behind the end, which only tokens that are not complete mind.
  const ended = reader.offset >= reader.bytes.length;
  if (ended && !/literal|escape/.test(context)) return new ParseError('unexpected end of JSON input');
  if (ended && context === 'in string literal') return new ParseError('unexpected end of JSON input');
  const byte = reader.bytes[reader.offset] ?? 0x20;
  return new ParseError(`invalid character ${quotedCharacter(byte)} ${context}`);
}

/** As Go quotes the byte: each byte of UTF-8 stands for itself. */
function quotedCharacter(byte: number): string {
  const character = String.fromCharCode(byte);
  if (character === "'") return `'\\''`;
  if (character === '"') return `'"'`;
  const named: Readonly<Record<string, string>> = {
    '\u0007': 'a',
    '\b': 'b',
    '\f': 'f',
    '\n': 'n',
    '\r': 'r',
    '\t': 't',
    '\v': 'v',
    '\\': '\\',
  };
  if (Object.hasOwn(named, character)) return `'\\${named[character] ?? ''}'`;
  if (byte < 0x20 || byte === 0x7f) return `'\\x${byte.toString(16).padStart(2, '0')}'`;
  if (byte >= 0x80 && byte < 0xa1) return `'\\u00${byte.toString(16)}'`;
  if (byte === 0xad) return `'\\u00ad'`;
  return `'${character}'`;
}
