import {
  isJsonObject,
  type JsonArray,
  type JsonObject,
  type JsonValue,
} from '../../../openapi/machinery/json.ts';
import { setOwn } from '../../../openapi/machinery/tree.ts';
import { memberOf, type Structural } from './structural.ts';

/**
 * The value without nulls that its schema does not allow, and with the defaults that the schema states for what is missing or was
 * such a null. The same value when nothing changes.
 */
export function withDefaults(value: JsonValue, schema: Structural | undefined): JsonValue {
  if (Array.isArray(value)) return listWithDefaults(value as JsonArray, schema);
  return isJsonObject(value) ? objectWithDefaults(value, schema) : value;
}

function objectWithDefaults(object: JsonObject, schema: Structural | undefined): JsonObject {
  let changed = false;
  const result: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(object)) {
    if (value === undefined) continue;
    const wanted = wantedValue(value, schema === undefined ? undefined : schemaOf(memberOf(schema, name)));
    if (wanted !== value) changed = true;
    if (wanted !== undefined) setOwn(result, name, wanted);
  }
  if (schema?.hasDefaults !== true) return changed ? result : object;
  for (const [name, member] of schema.properties) {
    if (member.default === undefined || Object.hasOwn(object, name)) continue;
    changed = true;
    setOwn(result, name, withDefaults(member.default, member));
  }
  return changed ? result : object;
}

/** Undefined: a null that the schema does not allow, and for which it states no default. */
function wantedValue(value: JsonValue, schema: Structural | undefined): JsonValue | undefined {
  if (value !== null) return withDefaults(value, schema);
  if (schema === undefined || schema.nullable) return null;
  return schema.default === undefined ? undefined : withDefaults(schema.default, schema);
}

/** A null in a list stays when there is no default: validation refuses it. */
function listWithDefaults(list: JsonArray, schema: Structural | undefined): JsonArray {
  const items = schema?.items;
  const result = list.map((item) => wantedValue(item, items) ?? null);
  return result.every((item, index) => item === list[index]) ? list : result;
}

function schemaOf(member: Structural | boolean | undefined): Structural | undefined {
  return typeof member === 'boolean' ? undefined : member;
}
