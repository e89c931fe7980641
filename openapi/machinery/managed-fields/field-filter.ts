import { deepDifference, isMember, setOf, treeOf, type FieldSet } from './field-set.ts';
import type { PathElement } from './path-element.ts';

/** What of a set counts. */
export type FieldFilter = (fields: FieldSet) => FieldSet;

/** Names of fields from the root; `*` is any element of a list. */
export type FieldPath = readonly string[];

export const everyField: FieldFilter = (fields) => fields;

/** All but these fields and what is below them. */
export function allBut(paths: readonly FieldPath[]): FieldFilter {
  const fields = setOf(...paths.map((path) => path.map((name) => `f:${name}`)));
  return (set) => deepDifference(set, fields);
}

/** Only these fields, what is below them, and what leads to them. */
export function only(paths: readonly FieldPath[]): FieldFilter {
  const pattern: Pattern = {};
  for (const path of paths) {
    let place = pattern;
    for (const name of path) place = place[name === '*' ? name : `f:${name}`] ??= {};
  }
  return (set) => treeOf(false, matching(set, pattern));
}

/** What may stand below; nothing in it: everything. */
interface Pattern {
  [element: PathElement]: Pattern;
}

function matching(tree: FieldSet, pattern: Pattern): Record<PathElement, FieldSet> {
  const result: Record<PathElement, FieldSet> = {};
  for (const element in tree) {
    const below = tree[element];
    const wanted = pattern[element] ?? pattern['*'];
    if (element === '.' || below === undefined || wanted === undefined) continue;
    const { '.': _self, ...whole } = below;
    const found = Object.keys(wanted).length === 0 ? whole : matching(below, wanted);
    if (isMember(below) || Object.keys(found).length > 0) result[element] = treeOf(isMember(below), found);
  }
  return result;
}
