import { type JsonValue, isJsonObject } from '../json.ts';
import { compareElements, parseElement, TypeFault, type PathElement } from './path-element.ts';

/**
 * A set of fields as a tree, in the very form that fieldsV1 has: a step leads to what is below it. An empty tree below a step: the
 * field itself is in the set. With more below it, `.` says so: `{"f:labels":{".":{},"f:app":{}}}` holds labels and labels.app.
 * Steps are in order. Never changed once made; what two sets share, they share.
 */
export interface FieldSet {
  readonly [element: PathElement]: FieldSet;
}

export const noFields: FieldSet = Object.freeze({});
/** What stands below a step to a field that is in the set by itself. */
export const leaf: FieldSet = Object.freeze({});

const self = '.';

/** Whether the field that the tree stands below is in the set. */
export function isMember(tree: FieldSet): boolean {
  for (const element in tree) return element === self;
  return true;
}

export function isEmptySet(set: FieldSet): boolean {
  for (const _element in set) return false;
  return true;
}

/** A tree of steps that may be out of order. `member`: the field that it stands below is in the set. */
export function treeOf(member: boolean, below: Readonly<Record<PathElement, FieldSet>>): FieldSet {
  const elements = Object.keys(below);
  if (elements.length === 0) return leaf;
  if (!isSorted(elements)) elements.sort(compareElements);
  else if (!member) return below;
  const tree: Record<PathElement, FieldSet> = member ? { [self]: leaf } : {};
  for (const element of elements) tree[element] = below[element] ?? leaf;
  return tree;
}

function isSorted(elements: readonly PathElement[]): boolean {
  for (let index = 1; index < elements.length; index++) {
    if (compareElements(elements[index - 1] ?? '', elements[index] ?? '') > 0) return false;
  }
  return true;
}

/** The set of these fields. */
export function setOf(...paths: readonly (readonly PathElement[])[]): FieldSet {
  return paths.reduce((set, path) => union(set, path.reduceRight<FieldSet>(above, leaf)), noFields);
}

function above(tree: FieldSet, element: PathElement): FieldSet {
  return { [element]: tree };
}

/** The first set itself when the second adds nothing. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (includesBelow(a, b)) return a;
  return isEmptySet(a) ? b : unionBelow(a, b, false);
}

function unionTrees(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a;
  return unionBelow(a, b, isMember(a) || isMember(b));
}

function unionBelow(a: FieldSet, b: FieldSet, member: boolean): FieldSet {
  const below: Record<PathElement, FieldSet> = {};
  for (const element in a) {
    const mine = a[element];
    if (element === self || mine === undefined) continue;
    const other = b[element];
    below[element] = other === undefined ? mine : unionTrees(mine, other);
  }
  for (const element in b) {
    const other = b[element];
    if (element !== self && other !== undefined && a[element] === undefined) below[element] = other;
  }
  return treeOf(member, below);
}

/** Whether all of the second set is in the first. */
export function includes(a: FieldSet, b: FieldSet): boolean {
  return includesBelow(a, b);
}

function includesBelow(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  for (const element in b) {
    if (element === self) continue;
    const mine = a[element];
    const other = b[element];
    if (mine === undefined || other === undefined) return false;
    if (isMember(other) && !isMember(mine)) return false;
    if (!includesBelow(mine, other)) return false;
  }
  return true;
}

/** What is in both. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  return commonBelow(a, b, false) ?? noFields;
}

function commonBelow(a: FieldSet, b: FieldSet, member: boolean): FieldSet | undefined {
  const below: Record<PathElement, FieldSet> = {};
  let empty = true;
  for (const element in a) {
    const mine = a[element];
    const other = b[element];
    if (element === self || mine === undefined || other === undefined) continue;
    const common = commonBelow(mine, other, isMember(mine) && isMember(other));
    if (common === undefined) continue;
    below[element] = common;
    empty = false;
  }
  return empty ? (member ? leaf : undefined) : treeOf(member, below);
}

/** What is in the first set and not in the second: the first itself when they have nothing in common. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return leftBelow(a, b, { before: false, after: false, deep: false }) ?? noFields;
}

/** As difference, and without all that is below a field of the second set. */
export function deepDifference(a: FieldSet, b: FieldSet): FieldSet {
  return leftBelow(a, b, { before: false, after: false, deep: true }) ?? noFields;
}

/** Whether the field above is in the set before and after; whether what is below goes with a field. */
interface Leaving {
  readonly before: boolean;
  readonly after: boolean;
  readonly deep: boolean;
}

function leftBelow(a: FieldSet, b: FieldSet, { before, after, deep }: Leaving): FieldSet | undefined {
  let changes: Record<PathElement, FieldSet | undefined> | undefined;
  for (const element in b) {
    const mine = a[element];
    const other = b[element];
    if (element === self || mine === undefined || other === undefined) continue;
    const left = leftOf(mine, other, deep);
    if (left !== mine) (changes ??= {})[element] = left;
  }
  if (changes === undefined && before === after) return a;
  const below: Record<PathElement, FieldSet> = {};
  let empty = true;
  for (const element in a) {
    if (element === self) continue;
    const left = changes !== undefined && element in changes ? changes[element] : a[element];
    if (left === undefined) continue;
    below[element] = left;
    empty = false;
  }
  return empty ? (after ? leaf : undefined) : treeOf(after, below);
}

function leftOf(mine: FieldSet, other: FieldSet, deep: boolean): FieldSet | undefined {
  const taken = isMember(other);
  if (deep && taken) return undefined;
  const before = isMember(mine);
  return leftBelow(mine, other, { before, after: before && !taken, deep });
}

export function hasField(set: FieldSet, path: readonly PathElement[]): boolean {
  let tree = set;
  for (const element of path) {
    const below = tree[element];
    if (below === undefined) return false;
    tree = below;
  }
  return path.length > 0 && isMember(tree);
}

/** The fields of the set: those of one level before what is below them. */
export function pathsOf(set: FieldSet): readonly (readonly PathElement[])[] {
  const steps = Object.keys(set).filter((element) => element !== self);
  const here = steps.filter((element) => isMember(set[element] ?? leaf)).map((element) => [element]);
  const below = steps.flatMap((element) => pathsOf(set[element] ?? leaf).map((path) => [element, ...path]));
  return [...here, ...below];
}

/** Reads fieldsV1 that somebody else wrote. Steps of an unknown kind are left out. Throws TypeFault. */
export function parseFieldSet(value: JsonValue): FieldSet {
  return parsedTree(value).below ?? noFields;
}

interface ParsedTree {
  /** Undefined: nothing below. */
  readonly below: FieldSet | undefined;
  readonly member: boolean;
}

function parsedTree(value: JsonValue): ParsedTree {
  if (value === null) return { below: undefined, member: true };
  if (!isJsonObject(value)) throw new TypeFault('a tree of fields is an object');
  let member = false;
  let found: Record<PathElement, FieldSet> | undefined;
  for (const key of Object.keys(value)) {
    if (key === self) {
      member = true;
      continue;
    }
    const element = parseElement(key);
    if (element === undefined) continue;
    const { below, member: itself } = parsedTree(value[key] ?? null);
    const tree = below === undefined ? leaf : treeOf(itself, below);
    const known = found?.[element];
    (found ??= {})[element] = known === undefined ? tree : unionTrees(known, tree);
  }
  return found === undefined ? { below: undefined, member: true } : { below: treeOf(false, found), member };
}
