import type { JsonObject } from '../json.ts';
import { leaf, noFields, treeOf, type FieldSet } from './field-set.ts';
import type { ListForm, MergeType } from './merge-type.ts';
import { itemElement, type PathElement } from './path-element.ts';
import { formOf, isEmptyMap, listOf, mapOf, memberType, type Value } from './value.ts';

/** Every leaf and element of a list that the object mentions: what an applied object owns. Throws TypeFault. */
export function fieldSetOf(type: MergeType, object: JsonObject): FieldSet {
  return treeBelow(type, object) ?? noFields;
}

type Trees = Record<PathElement, FieldSet>;

/** `leaf` when the value itself counts, as scalars and atomic ones do; undefined when nothing does. */
function treeBelow(type: MergeType, value: Value): FieldSet | undefined {
  switch (formOf(type, value)) {
    case 'map':
      return type.map?.atomic === true ? leaf : mapTree(type, mapOf(value));
    case 'list':
      return type.list === undefined || type.list.relation === 'atomic' ? leaf : listTree(type.list, value);
    case 'scalar':
      return leaf;
  }
}

function mapTree(type: MergeType, object: JsonObject): FieldSet | undefined {
  const below: Trees = {};
  for (const key of Object.keys(object)) {
    const value = object[key];
    const member = memberType(type, key);
    if (value === undefined || member === undefined) continue;
    const tree = treeBelow(member, value);
    const counts = isNothing(value) || type.map?.fields.has(key) !== true;
    const placed = counts ? treeOf(true, tree ?? noFields) : tree;
    if (placed !== undefined) below[`f:${key}`] = placed;
  }
  return isEmptyMap(below) ? undefined : treeOf(false, below);
}

function isNothing(value: Value): boolean {
  return value === null || (typeof value === 'object' && !Array.isArray(value) && isEmptyMap(mapOf(value)));
}

/** Elements with one key are told apart by nothing: several of them count as one field. */
function listTree(form: ListForm, value: Value): FieldSet | undefined {
  const below: Trees = {};
  for (const item of listOf(value)) {
    const element = itemElement(form, item);
    below[element] = element in below ? leaf : treeOf(true, treeBelow(form.items, item) ?? noFields);
  }
  return isEmptyMap(below) ? undefined : treeOf(false, below);
}
