import type { JsonValue } from '../json.ts';
import { ParseError } from '../parse-error.ts';
import { parseJson } from '../parse.ts';
import type { ScalarKind } from '../schema.ts';
import { readFields, type WireField } from './wire.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

export function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw new ParseError('proto: invalid UTF-8 in a string', { cause: error });
  }
}

/** The JSON value of one field; undefined for what Go writes for an absent one (an empty Time). Throws ParseError. */
export function scalarOf(kind: ScalarKind, field: WireField): JsonValue | undefined {
  switch (kind) {
    case 'bool':
      return numeric(field) !== 0n;
    case 'int32':
    case 'int64':
      return integer(numeric(field));
    case 'double':
      return double(numeric(field));
    case 'string':
      return textOf(raw(field));
    case 'bytes':
      return Buffer.from(raw(field)).toString('base64');
    default:
      return wrapped(kind, raw(field));
  }
}

/** Kinds that are messages of their own in protobuf, and scalars in JSON. */
function wrapped(
  kind: Exclude<ScalarKind, 'bool' | 'int32' | 'int64' | 'double' | 'string' | 'bytes'>,
  bytes: Uint8Array,
): JsonValue | undefined {
  const fields = new Map(readFields(bytes).map((field) => [field.number, field]));
  switch (kind) {
    case 'quantity':
      return textOf(fields.get(1)?.bytes ?? new Uint8Array());
    case 'time':
    case 'microTime':
      return time(kind, fields);
    case 'duration':
      return durationText(fields.get(1)?.value ?? 0n);
    case 'intOrString':
      return fields.get(1)?.value === 1n
        ? textOf(fields.get(3)?.bytes ?? new Uint8Array())
        : integer(fields.get(2)?.value ?? 0n);
    case 'raw':
    case 'any':
      return json(fields.get(1)?.bytes);
  }
}

function raw(field: WireField): Uint8Array {
  if (field.bytes === undefined) throw new ParseError(`proto: wrong wireType for field ${field.number}`);
  return field.bytes;
}

function numeric(field: WireField): bigint {
  if (field.value === undefined) throw new ParseError(`proto: wrong wireType for field ${field.number}`);
  return field.value;
}

/** Two's complement of 64 bits; beyond 2^53 JSON's numbers would round. */
function integer(value: bigint): number {
  const signed = BigInt.asIntN(64, value);
  const number = Number(signed);
  if (!Number.isSafeInteger(number))
    throw new ParseError(`proto: integer ${signed.toString()} is out of range`);
  return number;
}

function double(bits: bigint): number {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(bits);
  return buffer.readDoubleLE();
}

function time(kind: 'time' | 'microTime', fields: ReadonlyMap<number, WireField>): string | undefined {
  const seconds = integer(fields.get(1)?.value ?? 0n);
  const nanos = integer(fields.get(2)?.value ?? 0n);
  if (fields.size === 0) return undefined;
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) throw new ParseError(`proto: time ${seconds} is out of range`);
  const text = date.toISOString().slice(0, 19);
  if (kind === 'time') return `${text}Z`;
  return `${text}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`;
}

/** Go's text of a duration in ns, as far as API fields use it: whole hours, minutes and seconds with a fraction. */
function durationText(value: bigint): string {
  const nanos = integer(value);
  const sign = nanos < 0 ? '-' : '';
  const seconds = Math.abs(nanos) / 1e9;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const rest = Number((seconds % 60).toFixed(9));
  if (hours > 0) return `${sign}${hours}h${minutes}m${rest}s`;
  return minutes > 0 ? `${sign}${minutes}m${rest}s` : `${sign}${rest}s`;
}

function json(bytes: Uint8Array | undefined): JsonValue | undefined {
  return bytes === undefined || bytes.length === 0 ? undefined : parseJson(bytes).value;
}
