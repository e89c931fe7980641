import type { JsonObject, JsonValue } from '../json.ts';
import { ParseError } from '../parse-error.ts';
import type {
  Field,
  GroupVersionKind,
  ListSchema,
  MapSchema,
  ObjectSchema,
  Schema,
  UnionSchema,
} from '../schema.ts';
import { scalarOf, textOf } from './scalars.ts';
import { readFields, readPacked, type WireField } from './wire.ts';

const magic = [0x6b, 0x38, 0x73, 0x00];
/** Deeper than any kind goes; a hostile body must not exhaust the stack. */
const depthMax = 200;

/**
 * Reads Kubernetes' protobuf form ("k8s\0" and a runtime.Unknown) into the JSON of the same object, to go the way of any JSON body.
 * Zero values of what is no pointer in Go are left out: clients write them all. Throws ParseError.
 */
export function decodeProtobuf(
  bytes: Uint8Array,
  schemaOf: (kind: GroupVersionKind) => ObjectSchema | undefined,
): JsonObject {
  if (!magic.every((byte, index) => bytes[index] === byte))
    throw new ParseError(
      'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]',
    );
  const envelope = new Map(readFields(bytes.subarray(magic.length)).map((field) => [field.number, field]));
  const type = new Map(
    readFields(envelope.get(1)?.bytes ?? new Uint8Array()).map((each) => [each.number, each]),
  );
  const apiVersion = textOf(type.get(1)?.bytes ?? new Uint8Array());
  const kind = textOf(type.get(2)?.bytes ?? new Uint8Array());
  const slash = apiVersion.indexOf('/');
  const schema = schemaOf({
    group: apiVersion.slice(0, Math.max(0, slash)),
    version: apiVersion.slice(slash + 1),
    kind,
  });
  if (schema === undefined)
    throw new ParseError(`no kind "${kind}" is registered for version "${apiVersion}" in protobuf form`);
  const object = objectOf(schema, envelope.get(2)?.bytes ?? new Uint8Array(), 0);
  return { apiVersion, kind, ...object };
}

/** Fields by the path of their numbers: "2.1" is field 1 of the message that field 2 embeds. */
const paths = new WeakMap<ObjectSchema, ReadonlyMap<string, Field>>();
function fieldsByPath(schema: ObjectSchema): ReadonlyMap<string, Field> {
  let known = paths.get(schema);
  if (known === undefined) {
    known = new Map(
      schema.fields.filter(({ number }) => number !== '-').map((field) => [field.number, field]),
    );
    paths.set(schema, known);
  }
  return known;
}

type Writable = Record<string, JsonValue>;

function objectOf(schema: ObjectSchema, bytes: Uint8Array, depth: number): Writable {
  const target = {};
  if (depth > depthMax) throw new ParseError('proto: the message is nested too deep');
  fill(target, schema, { bytes, prefix: '', depth });
  return target;
}

interface Part {
  readonly bytes: Uint8Array;
  readonly prefix: string;
  readonly depth: number;
}

function fill(target: Writable, schema: ObjectSchema, part: Part): void {
  const known = fieldsByPath(schema);
  for (const wire of readFields(part.bytes)) {
    const path = `${part.prefix}${wire.number}`;
    const field = known.get(path);
    if (field !== undefined) set(target, field, wire, part.depth);
    else if (wire.bytes !== undefined && hasInner(known, path))
      fill(target, schema, { bytes: wire.bytes, prefix: `${path}.`, depth: part.depth + 1 });
  }
}

function hasInner(known: ReadonlyMap<string, Field>, path: string): boolean {
  for (const each of known.keys()) if (each.startsWith(`${path}.`)) return true;
  return false;
}

function set(target: Writable, field: Field, wire: WireField, depth: number): void {
  const { schema, name } = field;
  if (schema.kind === 'list') {
    const before = target[name];
    target[name] = [
      ...(Array.isArray(before) ? (before as JsonValue[]) : []),
      ...itemsOf(schema, wire, depth),
    ];
    return;
  }
  if (schema.kind === 'map') {
    const entry = entryOf(schema, wire, depth);
    const map = Object.hasOwn(target, name) ? (target[name] as Writable) : {};
    Object.defineProperty(map, entry.key, {
      value: entry.value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
    target[name] = map;
    return;
  }
  const value = valueOf(schema, wire, depth);
  if (value === undefined || (!field.pointer && isZero(value))) return;
  target[name] = value;
}

function isZero(value: JsonValue): boolean {
  return value === '' || value === 0 || value === false;
}

function valueOf(schema: Schema, wire: WireField, depth: number): JsonValue | undefined {
  switch (schema.kind) {
    case 'object':
      return objectOf(schema, bytesOf(wire), depth + 1);
    case 'list':
      return itemsOf(schema, wire, depth);
    case 'map':
      throw new ParseError('proto: a map inside a list or a map');
    case 'union':
      return unionOf(schema, bytesOf(wire), depth + 1);
    default:
      return scalarOf(schema.kind, wire);
  }
}

function bytesOf(wire: WireField): Uint8Array {
  if (wire.bytes === undefined) throw new ParseError(`proto: wrong wireType for field ${wire.number}`);
  return wire.bytes;
}

function itemsOf(schema: ListSchema, wire: WireField, depth: number): JsonValue[] {
  const { items } = schema;
  const isNumber = items.kind === 'int32' || items.kind === 'int64' || items.kind === 'bool';
  if (isNumber && wire.bytes !== undefined)
    return readPacked(wire.bytes).map(
      (value) => scalarOf(items.kind, { number: wire.number, bytes: undefined, value }) ?? null,
    );
  return [valueOf(items, wire, depth) ?? null];
}

function entryOf(schema: MapSchema, wire: WireField, depth: number): { key: string; value: JsonValue } {
  const parts = new Map(readFields(bytesOf(wire)).map((field) => [field.number, field]));
  const key = textOf(parts.get(1)?.bytes ?? new Uint8Array());
  const { values } = schema;
  const wireValue = parts.get(2);
  // A list in a map is a message of its own, with the elements as its field 1.
  if (values.kind === 'list')
    return {
      key,
      value: readFields(wireValue?.bytes ?? new Uint8Array()).flatMap((each) => itemsOf(values, each, depth)),
    };
  if (wireValue === undefined) return { key, value: values.kind === 'object' ? {} : '' };
  return { key, value: valueOf(values, wireValue, depth) ?? '' };
}

/** JSONSchemaPropsOrBool {1 allows, 2 schema}, …OrArray {1 schema, 2 schemas}, …OrStringArray {1 schema, 2 strings}. */
function unionOf(schema: UnionSchema, bytes: Uint8Array, depth: number): JsonValue {
  const fields = readFields(bytes);
  const [one, two] = [1, 2].map((number) => fields.filter((field) => field.number === number));
  const object = schema.bool === true ? two?.[0] : one?.[0];
  if (object !== undefined) return valueOf(schema.object, object, depth) ?? {};
  if (schema.bool === true) return one?.[0]?.value === 1n;
  const { list } = schema;
  if (list?.kind !== 'list') throw new ParseError('proto: an empty union');
  return (two ?? []).flatMap((each) => itemsOf(list, each, depth));
}
