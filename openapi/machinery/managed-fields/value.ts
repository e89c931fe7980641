import { type JsonArray, type JsonObject, type JsonValue, isJsonObject } from '../json.ts';
import type { MergeType } from './merge-type.ts';

/** Undefined is a value that is not there; null is one that is. */
export type Value = JsonValue | undefined;

/** The form of its type that a value has; when it has none of them, the first that the type knows. */
export function formOf(type: MergeType, value: Value): 'map' | 'scalar' | 'list' {
  if (value !== null && value !== undefined) {
    if (typeof value !== 'object') {
      if (type.scalar !== undefined) return 'scalar';
    } else if (Array.isArray(value)) {
      if (type.list !== undefined) return 'list';
    } else if (type.map !== undefined) return 'map';
  }
  if (type.map !== undefined) return 'map';
  return type.scalar === undefined ? 'list' : 'scalar';
}

/** The members of a map; none for anything else. */
export function mapOf(value: Value): JsonObject {
  return isJsonObject(value) ? value : noMembers;
}

/** The elements of a list; none for anything else. */
export function listOf(value: Value): JsonArray {
  return Array.isArray(value) ? (value as JsonArray) : noElements;
}

const noMembers: JsonObject = Object.freeze({});
const noElements: JsonArray = Object.freeze([]);

export function isEmptyMap(object: JsonObject): boolean {
  for (const key in object) if (object[key] !== undefined) return false;
  return true;
}

/** The type of a member of a map; undefined where the type does not know it. */
export function memberType(type: MergeType, key: string): MergeType | undefined {
  const { map } = type;
  return map?.fields.get(key)?.type ?? map?.values;
}

/** Equal as JSON: the order of members does not count, and an undefined member is none. */
export function sameValue(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && sameList(a as JsonArray, b as JsonArray);
  }
  const left = a as JsonObject;
  const right = b as JsonObject;
  for (const key in left) if (!sameValue(left[key], ownMember(right, key))) return false;
  for (const key in right) if (right[key] !== undefined && ownMember(left, key) === undefined) return false;
  return true;
}

function sameList(a: JsonArray, b: JsonArray): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (!sameValue(a[index], b[index])) return false;
  return true;
}

/** Never a member that objects inherit. */
export function ownMember(object: JsonObject, key: string): Value {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
