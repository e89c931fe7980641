import { goText, goTypeText } from '../go-text.ts';
import { type Tree, type TreeObject, getOwn, isTreeObject } from '../tree.ts';
import { PatchError } from './patch-error.ts';

const directive = '$patch';

export function containsDirective(element: TreeObject): boolean {
  return Object.hasOwn(element, directive);
}

export function unknownDirective(how: Tree | undefined, where: TreeObject): PatchError {
  return new PatchError(500, `unknown patch type: ${goText(how)} in map: ${goText(where)}`);
}

export function noMergeKey(element: TreeObject, mergeKey: string): PatchError {
  return new PatchError(500, `map: ${goText(element)} does not contain declared merge key: ${mergeKey}`);
}

/** All elements of both lists must be of one type: that type is the answer. */
export function sameTypes(original: readonly Tree[], patch: readonly Tree[]): string {
  const [first, ...others] = [...original, ...patch];
  if (first === undefined) throw new PatchError(500, 'no elements in any of the given slices');
  if (first === null) throw new PatchError(500, 'list elements cannot be null');
  if (Array.isArray(first))
    throw new PatchError(422, 'the server rejected our request due to an error in our request');
  const type = goTypeText(first);
  if (others.some((other) => goTypeText(other) !== type)) {
    throw new PatchError(500, `list element types are not identical: ${goText([[...original], [...patch]])}`);
  }
  return typeof first;
}

/** Both lists together, each value once; the order that the patch gives wins. */
export function mergeScalars(original: readonly Tree[], patch: readonly Tree[]): Tree[] {
  const merged = [...new Set([...original, ...patch])];
  return ordered(merged, { order: patch, serverOrder: original, mergeKey: '' });
}

export function deleteScalars(
  original: Tree[],
  gone: readonly Tree[],
  facts: { readonly mergeKey: string },
): Tree[] {
  if (original.length === 0 && gone.length === 0) return original;
  if (sameTypes(original, gone) === 'object') {
    throw new PatchError(
      500,
      `cannot merge lists without merge key for ${facts.mergeKey === '' ? 'struct' : facts.mergeKey}`,
    );
  }
  const values = new Set(gone);
  return original.filter((value) => !values.has(value));
}

interface Specials {
  readonly kept: TreeObject[];
  /** Undefined when the patch replaces the list. */
  readonly changes: TreeObject[] | undefined;
}

/** Carries out what elements with `$patch` ask for; the others are changes to merge. */
export function splitSpecials(
  original: readonly TreeObject[],
  patch: readonly TreeObject[],
  mergeKey: string,
): Specials {
  const changes: TreeObject[] = [];
  const deleted = new Set<Tree>();
  let replaces = false;
  for (const element of patch) {
    if (!containsDirective(element)) changes.push(element);
    else if (isDeletion(element, mergeKey)) deleted.add(getOwn(element, mergeKey) ?? null);
    else replaces = true;
  }
  if (replaces) return { kept: changes, changes: undefined };
  return {
    kept: original.filter((element) => !deleted.has(getOwn(element, mergeKey) ?? directive)),
    changes,
  };
}

/** True for a deletion, false for a replacement. */
function isDeletion(element: TreeObject, mergeKey: string): boolean {
  switch (element[directive]) {
    case 'delete':
      if (!Object.hasOwn(element, mergeKey)) throw noMergeKey(element, mergeKey);
      return true;
    case 'replace':
      return false;
    case 'merge':
      throw new PatchError(500, 'merging lists cannot yet be specified in the patch');
    default:
      throw unknownDirective(element[directive], element);
  }
}

export function withMergeKey(elements: readonly TreeObject[], mergeKey: string): Tree[] {
  for (const element of elements) {
    if (!Object.hasOwn(element, mergeKey)) throw noMergeKey(element, mergeKey);
  }
  return [...elements];
}

/** The elements of a patch must stand in the order that it gives, and be named there. An empty order asks for nothing. */
export function checkElementOrder(patch: readonly Tree[], order: readonly Tree[], mergeKey: string): void {
  if (order.length === 0 || patch.length === 0) return;
  const wanted = mergeKey === '' ? patch : patch.filter((element) => !deletes(element));
  let next = 0;
  for (let at = 0; next < wanted.length && at < order.length;) {
    const candidate = wanted[next] as Tree;
    if (isTreeObject(candidate) && containsDirective(candidate)) {
      next++;
      continue;
    }
    if (identity(candidate, mergeKey) === identity(order[at] as Tree, mergeKey)) next++;
    at++;
  }
  if (next >= wanted.length) return;
  const text = `The order in patch list:\n${goText([...patch])}\n doesn't match $setElementOrder list:\n${goText([...order])}\n`;
  throw new PatchError(500, text);
}

function deletes(element: Tree): boolean {
  if (!isTreeObject(element)) {
    throw new PatchError(500, `expected a map[string]interface {}, but received a ${goTypeText(element)}`);
  }
  return element[directive] === 'delete';
}

/** What tells one element from another: its merge key, or itself. */
function identity(element: Tree, mergeKey: string): Tree {
  if (mergeKey === '') return element;
  if (!isTreeObject(element)) {
    throw new PatchError(500, `expected a map[string]interface {}, but received a ${goTypeText(element)}`);
  }
  const value = getOwn(element, mergeKey);
  if (value === undefined) throw noMergeKey(element, mergeKey);
  return value;
}

interface Ordering {
  /** The patch's elements, or what `$setElementOrder` names, in their order. */
  readonly order: readonly Tree[];
  readonly serverOrder: readonly Tree[];
  readonly mergeKey: string;
}

/**
 * Elements that `order` names come in that order, the others in the server's; of two that the server has both, the one that the
 * server has first goes first.
 */
export function ordered(elements: readonly Tree[], { order, serverOrder, mergeKey }: Ordering): Tree[] {
  const wanted = placesOf(order, mergeKey);
  const served = placesOf(serverOrder, mergeKey);
  const named: Tree[] = [];
  const others: Tree[] = [];
  for (const element of elements) (wanted.has(identity(element, mergeKey)) ? named : others).push(element);
  sortBy(named, wanted, mergeKey);
  sortBy(others, served, mergeKey);
  return interleaved(others, named, (element) => served.get(identity(element, mergeKey)));
}

function placesOf(elements: readonly Tree[], mergeKey: string): ReadonlyMap<Tree, number> {
  const places = new Map<Tree, number>();
  elements.forEach((element, index) => {
    const key = identity(element, mergeKey);
    if (!places.has(key)) places.set(key, index);
  });
  return places;
}

/** Go sorts lists up to this length by insertion, which shows where elements have no place. */
const insertionMax = 20;

function sortBy(elements: Tree[], places: ReadonlyMap<Tree, number>, mergeKey: string): void {
  function place(element: Tree | undefined): number | undefined {
    return element === undefined ? undefined : places.get(identity(element, mergeKey));
  }
  if (elements.length > insertionMax || elements.every((element) => place(element) !== undefined)) {
    elements.sort((a, b) => (place(a) ?? elements.length) - (place(b) ?? elements.length));
    return;
  }
  for (let i = 1; i < elements.length; i++) {
    for (let j = i; j > 0 && isBefore(place(elements[j]), place(elements[j - 1])); j--) {
      [elements[j - 1], elements[j]] = [elements[j] as Tree, elements[j - 1] as Tree];
    }
  }
}

/** An element without a place is before any other, and any other before it. */
function isBefore(a: number | undefined, b: number | undefined): boolean {
  return a === undefined || b === undefined || a < b;
}

function interleaved(
  others: readonly Tree[],
  named: readonly Tree[],
  placeOf: (element: Tree) => number | undefined,
): Tree[] {
  const result: Tree[] = [];
  let next = 0;
  for (const element of named) {
    const place = placeOf(element);
    for (; next < others.length; next++) {
      const other = others[next] as Tree;
      const otherPlace = placeOf(other);
      if (place === undefined || otherPlace === undefined || otherPlace >= place) break;
      result.push(other);
    }
    result.push(element);
  }
  return [...result, ...others.slice(next)];
}
