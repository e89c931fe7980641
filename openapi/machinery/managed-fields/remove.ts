import type { JsonObject, JsonValue } from '../json.ts';
import { setOwn } from '../tree.ts';
import { isMember, type FieldSet } from './field-set.ts';
import type { ListForm, MergeType } from './merge-type.ts';
import { itemElement } from './path-element.ts';
import { formOf, isEmptyMap, listOf, mapOf, memberType, type Value } from './value.ts';

/** The object without the fields of the set and all that is below them. A map or list of which nothing is left becomes null. */
export function removeFields(type: MergeType, object: JsonObject, set: FieldSet): JsonObject {
  return mapOf(rest(type, object, set));
}

function rest(type: MergeType, value: JsonValue, set: FieldSet): JsonValue {
  switch (formOf(type, value)) {
    case 'map':
      return type.map?.atomic === true ? null : restOfMap(type, value, set);
    case 'list':
      return type.list === undefined || type.list.relation === 'atomic'
        ? null
        : restOfList(type.list, value, set);
    case 'scalar':
      return value;
  }
}

function restOfMap(type: MergeType, value: Value, set: FieldSet): JsonValue {
  const result: Record<string, JsonValue> = {};
  const object = mapOf(value);
  for (const key of Object.keys(object)) {
    const member = object[key];
    if (member === undefined) continue;
    const tree = set[`f:${key}`];
    if (tree !== undefined && isMember(tree)) continue;
    const known = tree === undefined ? undefined : memberType(type, key);
    setOwn(result, key, tree === undefined || known === undefined ? member : rest(known, member, tree));
  }
  return isEmptyMap(result) ? null : result;
}

function restOfList(form: ListForm, value: Value, set: FieldSet): JsonValue {
  const result: JsonValue[] = [];
  for (const item of listOf(value)) {
    const tree = set[itemElement(form, item)];
    if (tree !== undefined && isMember(tree)) continue;
    result.push(tree === undefined ? item : rest(form.items, item, tree));
  }
  return result.length === 0 ? null : result;
}
