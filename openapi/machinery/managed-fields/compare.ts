import type { JsonArray, JsonObject } from '../json.ts';
import { leaf, noFields, treeOf, type FieldSet } from './field-set.ts';
import type { ListForm, MergeType } from './merge-type.ts';
import { fieldElement, itemElement, type PathElement } from './path-element.ts';
import { formOf, isEmptyMap, listOf, mapOf, memberType, ownMember, sameValue, type Value } from './value.ts';

/** What a change of an object did. No field is in more than one of the sets. */
export interface Comparison {
  readonly removed: FieldSet;
  readonly modified: FieldSet;
  readonly added: FieldSet;
}

/** Compares two objects of a type. What is atomic counts as one field. Throws TypeFault for an element of a list without a key. */
export function compare(type: MergeType, before: JsonObject, after: JsonObject): Comparison {
  const found = changesOf(type, before, after);
  return {
    removed: treeOf(false, found?.removed ?? noFields),
    modified: treeOf(false, found?.modified ?? noFields),
    added: treeOf(false, found?.added ?? noFields),
  };
}

type Trees = Record<PathElement, FieldSet>;

/** What differs below a place; steps may be out of order. */
interface Changes {
  removed?: Trees;
  modified?: Trees;
  added?: Trees;
}

type Part = keyof Changes;
const parts = ['removed', 'modified', 'added'] as const;

/** `modified` without anything below it: the place itself has another value. */
const changed: Changes = Object.freeze({ modified: leaf });

function put(changes: Changes, part: Part, element: PathElement, tree: FieldSet): void {
  (changes[part] ??= {})[element] = tree;
}

function putBelow(changes: Changes | undefined, element: PathElement, found: Changes): Changes {
  const result = changes ?? {};
  for (const part of parts) {
    const below = found[part];
    if (below !== undefined) put(result, part, element, treeOf(false, below));
  }
  return result;
}

/** What became of a value once, and what of. */
interface Known {
  readonly type: MergeType;
  readonly before: Value;
  readonly changes: Changes | undefined;
}

/** By the value after the change, for values that nobody can change: the spec of a template is such a one. */
const known = new WeakMap<object, Known>();

/** Both values are there, if perhaps null. The result is never changed: it may be that of an earlier comparison. */
function changesOf(type: MergeType, before: Value, after: Value): Changes | undefined {
  if (before === after) return undefined;
  if (typeof after !== 'object' || after === null || !Object.isFrozen(after)) {
    return changesOfValues(type, before, after);
  }
  const found = known.get(after);
  if (found?.type === type && found.before === before) return found.changes;
  const changes = changesOfValues(type, before, after);
  known.set(after, { type, before, changes });
  return changes;
}

function changesOfValues(type: MergeType, before: Value, after: Value): Changes | undefined {
  const form = formOf(type, after);
  const formBefore = formOf(type, before);
  if (form !== formBefore && before !== null && after !== null) return changesOfForms(type, before, after);
  switch (before === null ? form : formBefore) {
    case 'map':
      return type.map === undefined ? undefined : changesOfMaps(type, before, after);
    case 'list':
      return type.list === undefined ? undefined : changesOfLists(type.list, before, after);
    case 'scalar':
      return sameValue(before, after) ? undefined : changed;
  }
}

/** A value that has become one of another form: the old one is as if empty for the new one's form, and the other way round. */
function changesOfForms(type: MergeType, before: Value, after: Value): Changes | undefined {
  const gone = partsOf(type, before);
  const come = partsOf(type, after);
  if (gone === undefined || come === undefined) {
    const below = come ?? gone;
    if (below === undefined) return changed;
    return come === undefined ? { modified: leaf, removed: below } : { modified: leaf, added: below };
  }
  return { removed: gone, added: come };
}

/** What is below a map or list that is not owned as a whole; undefined for what is. */
function partsOf(type: MergeType, value: Value): Trees | undefined {
  const { [self]: _self, ...below } = wholeTree(type, value);
  return isEmptyMap(below) ? undefined : below;
}

const self = '.';

function changesOfMaps(type: MergeType, before: Value, after: Value): Changes | undefined {
  const left = mapOf(before);
  const right = mapOf(after);
  if (type.map?.atomic === true || (isEmptyMap(left) && isEmptyMap(right)))
    return sameValue(before, after) ? undefined : changed;
  let changes: Changes | undefined;
  for (const key in right) {
    const now = right[key];
    if (now === undefined) continue;
    const was = ownMember(left, key);
    if (was === now) continue;
    const member = memberType(type, key);
    if (member === undefined) continue;
    const element = fieldElement(key);
    if (was === undefined) put((changes ??= {}), 'added', element, wholeTree(member, now));
    else {
      const found = changesOf(member, was, now);
      if (found !== undefined) changes = putBelow(changes, element, found);
    }
  }
  for (const key in left) {
    const was = left[key];
    if (was === undefined || ownMember(right, key) !== undefined) continue;
    const member = memberType(type, key);
    if (member !== undefined) put((changes ??= {}), 'removed', fieldElement(key), wholeTree(member, was));
  }
  return changes;
}

function changesOfLists(form: ListForm, before: Value, after: Value): Changes | undefined {
  const left = listOf(before);
  const right = listOf(after);
  if (sameValue(before, after)) return undefined;
  if (form.relation === 'atomic' || (left.length === 0 && right.length === 0)) return changed;
  const old = itemsByElement(form, left);
  const now = itemsByElement(form, right);
  let changes: Changes | undefined;
  for (const [element, items] of old) {
    changes = changesOfItems(form, changes, { element, old: items, now: now.get(element) ?? [] });
  }
  for (const [element, items] of now) {
    if (!old.has(element)) changes = changesOfItems(form, changes, { element, old: [], now: items });
  }
  return changes;
}

function itemsByElement(form: ListForm, list: JsonArray): Map<PathElement, JsonArray> {
  const found = new Map<PathElement, JsonArray>();
  for (const item of list) {
    const element = itemElement(form, item);
    const known = found.get(element);
    found.set(element, known === undefined ? [item] : [...known, item]);
  }
  return found;
}

interface Items {
  readonly element: PathElement;
  readonly old: JsonArray;
  readonly now: JsonArray;
}

/** Elements with one key are told apart by nothing: several of them count as one field. */
function changesOfItems(
  { items: type }: ListForm,
  before: Changes | undefined,
  { element, old, now }: Items,
): Changes | undefined {
  const [was] = old;
  const [is] = now;
  if (old.length > 1 && now.length > 1) {
    return sameValue(old, now) ? before : putBelow(before, element, changed);
  }
  if (old.length <= 1 && now.length <= 1 && was !== undefined && is !== undefined) {
    const found = changesOf(type, was, is);
    return found === undefined ? before : putBelow(before, element, found);
  }
  const changes = before ?? {};
  if (was !== undefined) put(changes, 'removed', element, old.length > 1 ? leaf : wholeTree(type, was));
  if (is !== undefined) put(changes, 'added', element, now.length > 1 ? leaf : wholeTree(type, is));
  return changes;
}

/** All fields of a value that has come or gone as a whole, the place of the value too. */
export function wholeTree(type: MergeType, value: Value): FieldSet {
  switch (formOf(type, value)) {
    case 'map':
      return type.map?.atomic === true ? leaf : wholeMap(type, mapOf(value));
    case 'list':
      return type.list === undefined || type.list.relation === 'atomic'
        ? leaf
        : wholeList(type.list, listOf(value));
    case 'scalar':
      return leaf;
  }
}

function wholeMap(type: MergeType, value: JsonObject): FieldSet {
  const keys = Object.keys(value);
  if (keys.length > 1) keys.sort();
  let tree: Trees | undefined;
  for (const key of keys) {
    const item = value[key];
    const member = memberType(type, key);
    if (item !== undefined && member !== undefined) {
      (tree ??= { [self]: leaf })[fieldElement(key)] = wholeTree(member, item);
    }
  }
  return tree ?? leaf;
}

function wholeList(form: ListForm, list: JsonArray): FieldSet {
  const [only] = list;
  if (only === undefined) return leaf;
  if (list.length === 1) return { [self]: leaf, [itemElement(form, only)]: wholeTree(form.items, only) };
  const below: Trees = {};
  for (const item of list) {
    const element = itemElement(form, item);
    below[element] = element in below ? leaf : wholeTree(form.items, item);
  }
  return treeOf(true, below);
}
