import { isJsonObject, type JsonValue } from '../../../openapi/machinery/json.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import type { ObjectSchema, Schema } from '../../../openapi/machinery/schema.ts';
import type { Registered } from '../../registry/strategy.ts';

/** Fills in what was left out: the defaults of the schema, then those that depend on other fields. */
export function complete({ schema, strategy }: Registered, object: KubeObject): KubeObject {
  const filled = withSchemaDefaults(schema, object);
  return strategy.defaults?.(filled) ?? filled;
}

export function withSchemaDefaults(schema: ObjectSchema, object: KubeObject): KubeObject {
  if (!hasDefaults(schema)) return object;
  const { apiVersion, kind } = object;
  const types = {
    ...(kind === undefined ? {} : { kind }),
    ...(apiVersion === undefined ? {} : { apiVersion }),
  };
  return { ...(filledObject(schema, object as Fields) as KubeObject), ...types };
}

type Fields = Record<string, JsonValue | undefined>;

function filled(schema: Schema, value: JsonValue): JsonValue {
  if (!hasDefaults(schema)) return value;
  switch (schema.kind) {
    case 'object':
      return isJsonObject(value) ? (filledObject(schema, value as Fields) as JsonValue) : value;
    case 'list':
      return Array.isArray(value) ? value.map((item: JsonValue) => filled(schema.items, item)) : value;
    case 'map':
      return isJsonObject(value) ? filledMap(schema.values, value as Fields) : value;
    default:
      return value;
  }
}

function filledMap(values: Schema, map: Fields): JsonValue {
  return Object.fromEntries(
    Object.entries(map).map(([key, value]) => [key, value === undefined ? value : filled(values, value)]),
  ) as JsonValue;
}

function filledObject(schema: ObjectSchema, object: Fields): Fields {
  const result: Fields = { ...object };
  for (const field of schema.fields) {
    const value = result[field.name];
    const isUnset = value === undefined || (value === null && field.pointer);
    if (isUnset || (value === '' && field.default !== undefined && !field.pointer)) {
      if (field.default !== undefined) result[field.name] = filled(field.schema, field.default);
    } else if (value !== null) {
      result[field.name] = filled(field.schema, value);
    }
  }
  return result;
}

const knownDefaults = new WeakMap<Schema, boolean>();

/** Whether the schema or one within it has a default; most have none, and their objects are left alone. */
function hasDefaults(schema: Schema): boolean {
  const known = knownDefaults.get(schema);
  if (known !== undefined) return known;
  knownDefaults.set(schema, false); // Ends the recursion of schemas that hold themselves.
  const found =
    schema.kind === 'object'
      ? schema.fields.some((field) => field.default !== undefined || hasDefaults(field.schema))
      : schema.kind === 'list'
        ? hasDefaults(schema.items)
        : schema.kind === 'map' && hasDefaults(schema.values);
  knownDefaults.set(schema, found);
  return found;
}
