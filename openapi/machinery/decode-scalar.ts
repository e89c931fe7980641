import type { JsonValue } from './json.ts';
import { canonicalQuantity, QuantityError } from './quantity.ts';
import type { ScalarSchema } from './schema.ts';
import { canonicalMicroTime, canonicalTime, TimeError } from './time.ts';

/** A value that its field cannot take. */
export class FieldFault extends Error {
  override readonly name = 'FieldFault';
  /** `what` cannot be read as a `goType`: a message that still lacks the field. Undefined when the message is whole. */
  readonly mismatch: { readonly what: string; readonly goType: string } | undefined;
  /** True when Go stops at it, since the type itself refused; other faults wait for the end of the document. */
  readonly final: boolean;

  constructor(message: string, final: boolean, mismatch?: FieldFault['mismatch']) {
    super(message);
    this.mismatch = mismatch;
    this.final = final;
  }
}

/** `text` is how a number was written, where that is unusual. Undefined is Go's zero value. Throws FieldFault. */
export function decodeScalar(
  schema: ScalarSchema,
  value: JsonValue,
  text: string | undefined,
): JsonValue | undefined {
  switch (schema.kind) {
    case 'int32':
    case 'int64':
      return decodeInteger(schema, value, text, false);
    case 'double':
      if (typeof value === 'number') return value;
      throw wrongType(value, schema.goType, false);
    case 'intOrString':
      return typeof value === 'string' ? value : decodeInteger(int32, value, text, true);
    case 'quantity':
      return decodeQuantity(value, text);
    case 'bytes':
      return decodeBytes(value, schema.goType);
    default:
      return decodeTime(schema, value);
  }
}

const int32Max = 2 ** 31 - 1;
/** The largest double below 2^63. */
const int64Max = 2 ** 63 - 1024;
const int32 = { kind: 'int32', goType: 'int32' } as const;

function decodeInteger(
  { kind, goType }: Pick<ScalarSchema, 'kind' | 'goType'>,
  value: JsonValue,
  text: string | undefined,
  final: boolean,
): number {
  if (typeof value !== 'number') throw wrongType(value, goType, final);
  const max = kind === 'int32' ? int32Max : int64Max;
  if (Number.isInteger(value) && value <= max && value >= -max - 1 && text === undefined) return value;
  throw mismatched(`number ${text ?? String(value)}`, goType, final);
}

function decodeQuantity(value: JsonValue, text: string | undefined): string {
  const written =
    typeof value === 'number' ? (text ?? String(value)) : typeof value === 'string' ? value : '{}';
  try {
    return canonicalQuantity(written.trim());
  } catch (error) {
    if (!(error instanceof QuantityError)) throw error;
    throw new FieldFault(error.message, true);
  }
}

/** Go's base64 skips line ends and wants padding; what it reads is written without the line ends. */
function decodeBytes(value: JsonValue, goType: string): string {
  if (typeof value !== 'string') throw wrongType(value, goType, false);
  const text = /[\r\n]/.test(value) ? value.replaceAll(/[\r\n]/g, '') : value;
  const bad = base64Fault(text);
  if (bad === undefined) return text;
  throw new FieldFault(`illegal base64 data at input byte ${String(bad)}`, false);
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The offset at which Go's decoder gives up; undefined for good data. */
function base64Fault(text: string): number | undefined {
  if (text.length % 4 === 0 && base64.test(text)) return undefined;
  const good = /^[A-Za-z0-9+/]*/.exec(text)?.[0].length ?? 0;
  if (good === text.length) return text.length - (text.length % 4);
  if (text[good] !== '=') return good;
  const place = good % 4;
  if (place < 2) return good;
  const padding = place === 2 ? 2 : 1;
  for (let i = 0; i < padding; i++) {
    if (good + i >= text.length) return text.length;
    if (text[good + i] !== '=') return good + i - 1;
  }
  return good + padding;
}

/** Go's zero time; written as null. */
const zeroTime = /^0001-01-01T00:00:00(?:\.0+)?Z$/;

function decodeTime(schema: ScalarSchema, value: JsonValue): string | undefined {
  if (typeof value !== 'string') throw wrongType(value, 'string', true);
  if (schema.kind === 'duration') return value;
  try {
    const time = schema.kind === 'microTime' ? canonicalMicroTime(value) : canonicalTime(value);
    return zeroTime.test(time) ? undefined : time;
  } catch (error) {
    if (!(error instanceof TimeError)) throw error;
    throw new FieldFault(error.message, true);
  }
}

function wrongType(value: JsonValue, goType: string, final: boolean): FieldFault {
  const what = Array.isArray(value) ? 'array' : typeof value;
  return mismatched(what === 'boolean' ? 'bool' : what, goType, final);
}

function mismatched(what: string, goType: string, final: boolean): FieldFault {
  return new FieldFault(`json: cannot unmarshal ${what} into Go value of type ${goType}`, final, {
    what,
    goType,
  });
}
