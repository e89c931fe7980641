import {
  isJsonObject,
  type JsonArray,
  type JsonObject,
  type JsonValue,
} from '../../../openapi/machinery/json.ts';
import { setOwn } from '../../../openapi/machinery/tree.ts';
import { memberOf, type Structural } from './structural.ts';

const metaFields = new Set(['apiVersion', 'kind', 'metadata']);

/** What pruning took away, as paths: `spec.list[0].x`. */
export type UnknownFields = string[];

/** An object as a whole: apiVersion, kind and metadata stay, whatever the schema says. */
export function pruneObject(object: JsonObject, schema: Structural, unknown: UnknownFields): JsonObject {
  const pruned = prune(object, { ...schema, embedded: true }, { unknown, path: '' });
  unknown.sort((a, b) => (a < b ? -1 : 1));
  return pruned as JsonObject;
}

/** A default within a schema. */
export function pruneValue(value: JsonValue, schema: Structural): JsonValue {
  return prune(value, schema, { unknown: [], path: '' });
}

interface Place {
  readonly unknown: UnknownFields;
  readonly path: string;
}

/** The value without the members that `schema` does not know; the same value when nothing is taken away. */
function prune(value: JsonValue, schema: Structural | undefined, place: Place): JsonValue {
  if (Array.isArray(value)) return pruneList(value as JsonArray, schema, place);
  return isJsonObject(value) ? pruneMembers(value, schema, place) : value;
}

function pruneMembers(object: JsonObject, schema: Structural | undefined, place: Place): JsonObject {
  let changed = false;
  const result: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(object)) {
    if (value === undefined) continue;
    const kept = keptMember(name, value, schema, place);
    if (kept !== value) changed = true;
    if (kept !== undefined) setOwn(result, name, kept);
  }
  return changed ? result : object;
}

function keptMember(
  name: string,
  value: JsonValue,
  schema: Structural | undefined,
  { unknown, path }: Place,
): JsonValue | undefined {
  const isMeta = metaFields.has(name);
  if (schema?.embedded === true && isMeta) return value;
  const member = schema === undefined ? undefined : memberOf(schema, name);
  const at = path === '' ? name : `${path}.${name}`;
  if (member === undefined) {
    if (schema?.preserves === true) return value;
    if (!isMeta || path !== '') unknown.push(at);
    return undefined;
  }
  return prune(value, typeof member === 'boolean' ? undefined : member, { unknown, path: at });
}

function pruneList(list: JsonArray, schema: Structural | undefined, { unknown, path }: Place): JsonArray {
  let items = schema?.items;
  if (schema?.preserves === true) {
    if (items === undefined) return list;
    items = { ...items, preserves: true };
  }
  const result = list.map((item, index) => prune(item, items, { unknown, path: `${path}[${index}]` }));
  return result.every((item, index) => item === list[index]) ? list : result;
}
