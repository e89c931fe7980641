import { type JsonArray, type JsonObject, type JsonValue, isJsonObject } from './json.ts';
import { parseQuantity, quantityText, roundUp } from './quantity.ts';
import type { Field, KindSchema, ObjectSchema, Schema } from './schema.ts';

/** Amounts of resources are kept to the thousandth. */
const resourceListType = 'v1.ResourceList';

/**
 * The object with the defaults that the schema states, where their field is missing and its parent is there; amounts of
 * resources finer than a thousandth are rounded up. The input, which decode() has made, stays as it is and may be shared. Defaults
 * that depend on other fields are the registry's.
 */
export function applyDefaults(schema: KindSchema, object: JsonObject): JsonObject {
  if (schema.kind === 'dynamic') return schema.withDefaults(object);
  return withDefaults(schema, object) as JsonObject;
}

function withDefaults(schema: Schema, value: JsonValue): JsonValue {
  switch (schema.kind) {
    case 'object':
      return isJsonObject(value) && needsDefaults(schema) ? objectWithDefaults(schema, value) : value;
    case 'list':
      return Array.isArray(value) && needsDefaults(schema.items)
        ? listWithDefaults(schema.items, value as JsonArray)
        : value;
    case 'map':
      if (!isJsonObject(value)) return value;
      if (schema.goType === resourceListType) return mapValues(value, milli);
      return needsDefaults(schema.values)
        ? mapValues(value, (each) => withDefaults(schema.values, each))
        : value;
    default:
      return value;
  }
}

function objectWithDefaults(schema: ObjectSchema, object: JsonObject): JsonObject {
  let changed = false;
  const result: Record<string, JsonValue> = {};
  for (const field of schema.fields) {
    const value = object[field.name];
    const wanted = value === undefined ? field.default : withDefaults(field.schema, value);
    if (wanted !== value) changed = true;
    if (wanted !== undefined) result[field.name] = wanted;
  }
  return changed ? result : object;
}

function listWithDefaults(items: Schema, list: JsonArray): JsonArray {
  const result = list.map((item) => withDefaults(items, item));
  return result.every((item, index) => item === list[index]) ? list : result;
}

function mapValues(object: JsonObject, change: (value: JsonValue) => JsonValue): JsonObject {
  const entries = Object.entries(object) as [string, JsonValue][];
  const changed = entries.map(([key, value]) => [key, change(value)] as const);
  return changed.every(([, value], index) => value === entries[index]?.[1])
    ? object
    : Object.fromEntries(changed);
}

function milli(value: JsonValue): JsonValue {
  if (typeof value !== 'string' || !/[un]$|e|E|\./.test(value)) return value;
  const quantity = parseQuantity(value);
  const rounded = roundUp(quantity, -3);
  return rounded === quantity ? value : quantityText(rounded);
}

const known = new WeakMap<Schema, boolean>();

/** Whether anything within may get a default: most structs are left alone. */
function needsDefaults(schema: Schema): boolean {
  const answer = known.get(schema);
  if (answer !== undefined) return answer;
  known.set(schema, false); // For a schema that holds itself, until its own answer is there.
  const needs = schemaNeeds(schema);
  known.set(schema, needs);
  return needs;
}

function schemaNeeds(schema: Schema): boolean {
  switch (schema.kind) {
    case 'object':
      return schema.fields.some((field) => hasDefault(field) || needsDefaults(field.schema));
    case 'list':
      return needsDefaults(schema.items);
    case 'map':
      return schema.goType === resourceListType || needsDefaults(schema.values);
    default:
      return false;
  }
}

function hasDefault(field: Field): boolean {
  return field.default !== undefined;
}
