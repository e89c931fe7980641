import { goTypeText } from '../go-text.ts';
import { type JsonValue, isJsonObject } from '../json.ts';
import type { Field, Schema } from '../schema.ts';
import { type Tree, type TreeObject, cloneTree, getOwn, isTreeObject, setOwn } from '../tree.ts';
import { jsonKind, PatchError } from './patch-error.ts';
import {
  checkElementOrder,
  containsDirective,
  deleteScalars,
  mergeScalars,
  noMergeKey,
  ordered,
  sameTypes,
  splitSpecials,
  unknownDirective,
  withMergeKey,
} from './strategic-lists.ts';

const directive = '$patch';
const deletePrefix = '$deleteFromPrimitiveList';
const orderPrefix = '$setElementOrder';
const retainKeys = '$retainKeys';

/**
 * Strategic merge patch: like a merge patch, but lists merge by the facts of the schema, and directives say more: `$patch`,
 * `$retainKeys`, `$deleteFromPrimitiveList/…`, `$setElementOrder/…`. Null as the patch changes nothing. Pure. Throws PatchError.
 */
export function applyStrategicPatch(document: JsonValue, patch: JsonValue, schema: Schema): JsonValue {
  if (patch === null) return document;
  if (!isJsonObject(patch)) {
    const text = `json: cannot unmarshal ${jsonKind(patch)} into Go value of type map[string]interface {}`;
    throw new PatchError(400, text);
  }
  return mergeMap(cloneTree(document) as TreeObject, cloneTree(patch) as TreeObject, schema);
}

/** Both are changed; the result is one of them. */
function mergeMap(original: TreeObject, patch: TreeObject, schema: Schema): TreeObject {
  if (Object.hasOwn(patch, directive)) return wholeMap(patch);
  applyRetainKeys(original, patch);
  applyElementOrders(original, patch, schema);
  for (const [name, change] of Object.entries(patch)) mergeMember(original, name, change, schema);
  return original;
}

/** `$patch: replace` takes the patch as it is, `$patch: delete` leaves nothing. */
function wholeMap(patch: TreeObject): TreeObject {
  const { [directive]: how, ...rest } = patch;
  if (how === 'replace') return rest;
  if (how === 'delete') return {};
  throw unknownDirective(how, patch);
}

function applyRetainKeys(original: TreeObject, patch: TreeObject): void {
  if (!Object.hasOwn(patch, retainKeys)) return;
  const kept = patch[retainKeys];
  Reflect.deleteProperty(patch, retainKeys);
  if (!Array.isArray(kept)) throw new PatchError(400, 'invalid patch format of retainKeys');
  const names = new Set<Tree>(kept);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || key.startsWith(deletePrefix) || key.startsWith(orderPrefix) || names.has(key))
      continue;
    throw new PatchError(400, 'invalid patch format of retainKeys');
  }
  for (const key of Object.keys(original)) {
    if (!names.has(key)) Reflect.deleteProperty(original, key);
  }
}

/** Lists whose order the patch gives are merged here, and so are gone from the patch afterwards. */
function applyElementOrders(original: TreeObject, patch: TreeObject, schema: Schema): void {
  for (const [key, order] of Object.entries(patch)) {
    if (!key.startsWith(orderPrefix)) continue;
    Reflect.deleteProperty(patch, key);
    if (!Array.isArray(order)) throw wrongType([], order);
    applyElementOrder(original, patch, { name: extractName(key, orderPrefix), order, schema });
  }
}

interface ElementOrder {
  readonly name: string;
  readonly order: Tree[];
  readonly schema: Schema;
}

function applyElementOrder(
  original: TreeObject,
  patch: TreeObject,
  { name, order, schema }: ElementOrder,
): void {
  const current = listMember(original, name);
  const changes = listMember(patch, name);
  const facts = listFacts(schema, name);
  checkElementOrder(changes ?? [], order, facts.mergeKey);
  let merged: Tree[];
  if (current !== undefined && changes !== undefined) merged = mergeList([...current], changes, facts);
  else if (current !== undefined) merged = [...current];
  else if (changes !== undefined) merged = withoutDirectives(changes) as Tree[];
  else return;
  sameTypes(current ?? [], changes ?? []);
  setOwn<Tree>(
    original,
    name,
    ordered(merged, { order, serverOrder: current ?? [], mergeKey: facts.mergeKey }),
  );
  Reflect.deleteProperty(patch, name);
}

function listMember(object: TreeObject, name: string): Tree[] | undefined {
  const value = getOwn(object, name);
  if (value !== undefined && !Array.isArray(value)) throw wrongType([], value);
  return value;
}

function mergeMember(original: TreeObject, name: string, change: Tree, schema: Schema): void {
  const deletes = name.startsWith(deletePrefix);
  const key = deletes ? extractName(name, deletePrefix) : name;
  if (change === null) {
    Reflect.deleteProperty(original, key);
    return;
  }
  const current = getOwn(original, key);
  if (current === undefined || goTypeText(current) !== goTypeText(change)) {
    if (!deletes) setWithoutDirectives(original, key, withoutNulls(change));
    return;
  }
  if (isTreeObject(current) && isTreeObject(change)) {
    const field = fieldOf(schema, key);
    const merged = strategyOf(field) === 'replace' ? change : mergeMap(current, change, field.schema);
    setOwn<Tree>(original, key, merged);
  } else if (Array.isArray(current) && Array.isArray(change)) {
    const facts = listFacts(schema, key);
    setOwn<Tree>(
      original,
      key,
      deletes ? deleteScalars(current, change, facts) : mergeList(current, change, facts),
    );
  } else {
    setOwn(original, key, change);
  }
}

/** What a list of a struct's field merges by. */
export interface ListFacts {
  readonly merges: boolean;
  readonly mergeKey: string;
  readonly items: Schema;
}

function listFacts(schema: Schema, name: string): ListFacts {
  const field = fieldOf(schema, name);
  if (field.schema.kind !== 'list') {
    throw new PatchError(500, 'expected slice or array type, but got: struct');
  }
  const merges = strategyOf(field) === 'merge';
  return { merges, mergeKey: field.patchMergeKey ?? '', items: field.schema.items };
}

function fieldOf(schema: Schema, name: string): Field {
  if (schema.kind === 'object') {
    const field = schema.byName.get(name);
    if (field !== undefined) return field;
    const text = `unable to find api field in struct ${schema.struct} for the json field ${JSON.stringify(name)}`;
    throw new PatchError(500, text);
  }
  const kind = schema.kind === 'list' ? 'slice' : schema.kind === 'map' ? 'map' : 'struct';
  const text = `merging an object in json but data type is not struct, instead is: ${kind}`;
  throw new PatchError(500, text);
}

function strategyOf(field: Field): 'merge' | 'replace' | undefined {
  return ['merge' as const, 'replace' as const].find((strategy) => field.patchStrategy.includes(strategy));
}

function mergeList(original: Tree[], patch: Tree[], facts: ListFacts): Tree[] {
  if (!facts.merges) return patch;
  if (original.length === 0 && patch.length === 0) return original;
  const kind = sameTypes(original, patch);
  if (kind !== 'object') return mergeScalars(original, patch);
  if (facts.mergeKey === '') throw new PatchError(500, 'cannot merge lists without merge key for struct');
  const { kept, changes } = splitSpecials(original as TreeObject[], patch as TreeObject[], facts.mergeKey);
  const merged = changes === undefined ? kept : mergeElements(kept, changes, facts);
  return ordered(merged, { order: changes ?? [], serverOrder: kept, mergeKey: facts.mergeKey });
}

/** Elements that are there merge, others come behind. */
function mergeElements(
  original: readonly TreeObject[],
  changes: readonly TreeObject[],
  facts: ListFacts,
): Tree[] {
  const merged = [...original];
  const places = new Map<Tree, number>();
  merged.forEach((element, index) => {
    const value = getOwn(element, facts.mergeKey);
    if (value !== undefined && !places.has(value)) places.set(value, index);
  });
  for (const change of changes) {
    const value = getOwn(change, facts.mergeKey);
    if (value === undefined) throw noMergeKey(change, facts.mergeKey);
    const place = places.get(value);
    const current = place === undefined ? undefined : merged[place];
    if (place === undefined || current === undefined) {
      places.set(value, merged.push(change) - 1);
    } else {
      merged[place] = mergeMap(current, change, facts.items);
    }
  }
  return withMergeKey(merged, facts.mergeKey);
}

function setWithoutDirectives(target: TreeObject, key: string, value: Tree): void {
  const rest = withoutDirectives(value);
  if (rest === undefined) Reflect.deleteProperty(target, key);
  else setOwn(target, key, rest);
}

/** Undefined for a map that is itself a directive. */
function withoutDirectives(value: Tree): Tree | undefined {
  if (Array.isArray(value)) {
    return value.map(withoutDirectives).filter((item): item is Tree => item !== undefined);
  }
  if (!isTreeObject(value)) return value;
  if (containsDirective(value)) return undefined;
  const result: TreeObject = {};
  for (const [key, member] of Object.entries(value)) {
    const rest = withoutDirectives(member);
    if (rest !== undefined) setOwn(result, key, rest);
  }
  return result;
}

function withoutNulls(value: Tree): Tree {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isTreeObject(value)) return value;
  const result: TreeObject = {};
  for (const [key, member] of Object.entries(value)) {
    if (member !== null) setOwn(result, key, withoutNulls(member));
  }
  return result;
}

/** `$setElementOrder/containers` names containers. */
function extractName(key: string, prefix: string): string {
  if (key.startsWith(`${prefix}/`)) return key.slice(prefix.length + 1);
  const list = prefix === orderPrefix ? 'setElementOrder' : 'primitive';
  throw new PatchError(400, `invalid patch format of ${list} list`);
}

function wrongType(expected: Tree, actual: Tree): PatchError {
  return new PatchError(500, `expected a ${goTypeText(expected)}, but received a ${goTypeText(actual)}`);
}
