import { conversionText } from './conversion-text.ts';
import { decodeScalar, FieldFault } from './decode-scalar.ts';
import { type JsonArray, type JsonObject, type JsonValue, isJsonObject } from './json.ts';
import { hasNumberTexts, numberTextOf } from './number-texts.ts';
import type {
  Decoded,
  Field,
  KindSchema,
  ListSchema,
  MapSchema,
  ObjectSchema,
  ScalarSchema,
  Schema,
  UnionSchema,
} from './schema.ts';
import { setOwn } from './tree.ts';
import { zeroOf } from './zero.ts';

/** Its message is Go's: `json: cannot unmarshal string into Go struct field PodSpec.spec.nodeName of type string`. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

/** Where decoding stands: fields of structs, indices of lists, keys of maps. */
type Step = Field | number | string;

interface Decoding {
  readonly path: Step[];
  readonly unknown: string[];
  /** What was wrong first; Go reports it at the end, unless a type of its own refuses its value before. */
  fault: string | undefined;
  /** Above 0 where Kubernetes does not look for unknown fields. */
  quiet: number;
  /** Whether some number in the document was written unusually. */
  readonly numberTexts: boolean;
  readonly wording: Wording;
}

/** Whose words a wrong type is told in: encoding/json's, or those of apimachinery's converter, which reads strategic patches. */
export type Wording = 'json' | 'conversion';

const unknownMax = 100;

/**
 * Reads a value as Go reads JSON into the struct of `schema` and writes it again: fields in struct order, maps by key, without
 * unknown fields and empty values, with the zero values that Go always writes, quantities and times in their canonical form.
 * Throws DecodeError for a value of a wrong type. The input is not changed; parts of it may be shared.
 */
export function decode(schema: KindSchema, value: JsonValue, wording: Wording = 'json'): Decoded {
  if (schema.kind === 'dynamic') return schema.decode(isJsonObject(value) ? value : {});
  const numberTexts = isJsonObject(value) && hasNumberTexts(value);
  const decoding: Decoding = { path: [], unknown: [], fault: undefined, quiet: 0, numberTexts, wording };
  const object = decodeValue(schema, value ?? {}, undefined, decoding);
  if (decoding.fault !== undefined) throw new DecodeError(decoding.fault);
  return { object: isJsonObject(object) ? object : {}, unknown: decoding.unknown };
}

/** `container` holds the value at the last step of the path. Undefined is Go's zero value. */
function decodeValue(
  schema: Schema,
  value: JsonValue,
  container: object | undefined,
  decoding: Decoding,
): JsonValue | undefined {
  if (value === null) return undefined;
  switch (schema.kind) {
    case 'object':
      return isJsonObject(value) ? decodeObject(schema, value, decoding) : mismatch(schema, value, decoding);
    case 'list':
      return isArray(value) ? decodeList(schema, value, decoding) : mismatch(schema, value, decoding);
    case 'map':
      return isJsonObject(value) ? decodeMap(schema, value, decoding) : mismatch(schema, value, decoding);
    case 'union':
      return decodeUnion(schema, value, decoding);
    case 'string':
      return typeof value === 'string' ? value : mismatch(schema, value, decoding);
    case 'bool':
      return typeof value === 'boolean' ? value : mismatch(schema, value, decoding);
    case 'any':
    case 'raw':
      return value;
    default:
      return decodeOther(schema, value, container, decoding);
  }
}

function isArray(value: JsonValue): value is JsonArray {
  return Array.isArray(value);
}

function decodeOther(
  schema: ScalarSchema,
  value: JsonValue,
  container: object | undefined,
  decoding: Decoding,
): JsonValue | undefined {
  const text =
    typeof value === 'number' && container !== undefined ? writtenAs(container, decoding) : undefined;
  try {
    return decodeScalar(schema, value, text);
  } catch (error) {
    if (!(error instanceof FieldFault)) throw error;
    if (decoding.wording === 'conversion')
      throw new DecodeError(conversionText(schema, value, error.message));
    const { mismatch: wrong } = error;
    const message = wrong === undefined ? error.message : mismatchText(wrong.what, wrong.goType, decoding);
    if (error.final) throw new DecodeError(message);
    decoding.fault ??= message;
    return undefined;
  }
}

function writtenAs(container: object, { path }: Decoding): string | undefined {
  const step = path.at(-1);
  return step === undefined
    ? undefined
    : numberTextOf(container, typeof step === 'object' ? step.name : step);
}

function decodeObject(schema: ObjectSchema, value: JsonObject, decoding: Decoding): JsonObject {
  const { fields, byName } = schema;
  const slots = new Array<JsonValue | undefined>(fields.length);
  for (const key in value) {
    const field = byName.get(key);
    const raw = value[key];
    if (field === undefined) noteUnknown(decoding, key);
    else if (typeof raw === 'string' && field.schema.kind === 'string') slots[field.index] = raw;
    else if (raw !== null && raw !== undefined) slots[field.index] = decodeField(field, raw, value, decoding);
  }
  const result: Record<string, JsonValue> = {};
  for (const field of fields) {
    const decoded = slots[field.index];
    if (decoded !== undefined && !isOmitted(field, decoded)) {
      result[field.name] = decoded;
    } else if (field.alwaysWritten) {
      result[field.name] = zeroOf(field) ?? null;
    }
  }
  return result;
}

function decodeField(
  field: Field,
  raw: JsonValue,
  container: object,
  decoding: Decoding,
): JsonValue | undefined {
  decoding.path.push(field);
  const decoded = decodeValue(field.schema, raw, container, decoding);
  decoding.path.pop();
  return decoded;
}

/** Whether Go would not write this value of a field, or would write its zero value for it. */
function isOmitted(field: Field, value: JsonValue): boolean {
  switch (field.schema.kind) {
    case 'list':
      return (value as JsonArray).length === 0;
    case 'map':
      return isEmpty(value as JsonObject);
    case 'string':
    case 'bytes':
      return !field.pointer && value === '';
    case 'bool':
      return !field.pointer && value === false;
    case 'int32':
    case 'int64':
    case 'double':
      return !field.pointer && value === 0;
    default:
      return false;
  }
}

function isEmpty(object: JsonObject): boolean {
  for (const _key in object) return false;
  return true;
}

function decodeList(schema: ListSchema, value: JsonArray, decoding: Decoding): JsonArray {
  const { items, itemsNullable } = schema;
  const { path } = decoding;
  const result: JsonValue[] = new Array<JsonValue>(value.length);
  for (let index = 0; index < value.length; index++) {
    path.push(index);
    const item = decodeValue(items, value[index] ?? null, value, decoding);
    path.pop();
    result[index] = item ?? elementZero(items, itemsNullable);
  }
  return result;
}

function decodeMap(schema: MapSchema, value: JsonObject, decoding: Decoding): JsonObject {
  const { values, valuesNullable } = schema;
  const { path } = decoding;
  const result: Record<string, JsonValue> = {};
  for (const key of sortedKeys(value)) {
    path.push(key);
    const item = decodeValue(values, value[key] ?? null, value, decoding);
    path.pop();
    setOwn(result, key, item ?? elementZero(values, valuesNullable));
  }
  return result;
}

function sortedKeys(value: JsonObject): readonly string[] {
  const keys = Object.keys(value);
  return keys.length > 1 ? keys.sort() : keys;
}

function elementZero(schema: Schema, nullable: boolean): JsonValue {
  return nullable ? null : (zeroOf({ schema, pointer: false, emit: 'always' }) ?? null);
}

/** These types read their JSON themselves, so Kubernetes does not see unknown fields within. */
function decodeUnion(schema: UnionSchema, value: JsonValue, decoding: Decoding): JsonValue | undefined {
  if (typeof value === 'boolean' && schema.bool === true) return value;
  decoding.quiet++;
  const part = Array.isArray(value) && schema.list !== undefined ? schema.list : schema.object;
  const result = decodeValue(part, value, undefined, decoding);
  decoding.quiet--;
  return result;
}

function noteUnknown(decoding: Decoding, key: string): void {
  if (decoding.quiet > 0 || decoding.unknown.length >= unknownMax) return;
  decoding.unknown.push(pathText(decoding.path, key));
}

function pathText(path: readonly Step[], last: string): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${String(step)}]`;
    else text += `${text === '' ? '' : '.'}${typeof step === 'string' ? step : step.name}`;
  }
  return `${text}${text === '' ? '' : '.'}${last}`;
}

function mismatch(schema: Schema, value: JsonValue, decoding: Decoding): JsonValue | undefined {
  if (decoding.wording === 'conversion') throw new DecodeError(conversionText(schema, value, ''));
  const what = Array.isArray(value) ? 'array' : typeof value;
  decoding.fault ??= mismatchText(what === 'boolean' ? 'bool' : what, schema.goType, decoding);
  return undefined;
}

function mismatchText(what: string, goType: string, decoding: Decoding): string {
  return `json: cannot unmarshal ${what} into Go ${fieldText(decoding.path)} of type ${goType}`;
}

/** Go names the innermost struct, then the fields from the root, without indices and keys of maps. */
function fieldText(path: readonly Step[]): string {
  const fields = path.filter((step): step is Field => typeof step === 'object');
  const innermost = fields.at(-1);
  if (innermost === undefined) return 'value';
  const names = fields.flatMap((field) => [...field.embedded, field.name]);
  return `struct field ${innermost.struct}.${names.join('.')}`;
}
