import { isMember, leaf, treeOf, type FieldSet } from './field-set.ts';
import { deduced, type MergeType } from './merge-type.ts';
import { memberType } from './value.ts';
import type { PathElement } from './path-element.ts';

/**
 * The set after its type has changed: what is owned below a map or list that is atomic now, is owned as a whole. The set itself when
 * nothing changes.
 */
export function fitToType(type: MergeType, set: FieldSet): FieldSet {
  return fitted(type, set);
}

function fitted(type: MergeType, tree: FieldSet): FieldSet {
  const { map, list } = type;
  if (map !== undefined) {
    if (map.values === deduced && map.fields.size === 0) return tree;
    if (map.atomic) return hasBelow(tree) ? leaf : tree;
    return fittedBelow(tree, (element) =>
      element.startsWith('f:') ? memberType(type, element.slice(2)) : map.values,
    );
  }
  if (type.scalar !== undefined || list === undefined) return tree;
  if (list.relation === 'atomic') return hasBelow(tree) ? leaf : tree;
  return fittedBelow(tree, () => list.items);
}

function hasBelow(tree: FieldSet): boolean {
  for (const _element in tree) return true;
  return false;
}

function fittedBelow(tree: FieldSet, typeBelow: (element: PathElement) => MergeType | undefined): FieldSet {
  let changes: Record<PathElement, FieldSet> | undefined;
  for (const element in tree) {
    const below = tree[element];
    const type = element === '.' ? undefined : typeBelow(element);
    if (below === undefined || type === undefined) continue;
    const fit = fitted(type, below);
    if (fit !== below) (changes ??= {})[element] = fit;
  }
  if (changes === undefined) return tree;
  const { '.': _self, ...same } = tree;
  return treeOf(isMember(tree), { ...same, ...changes });
}

/** The set with the declared fields on the way to its fields: of `a.b.c` also `a`, when that is a field and no key of a map. */
export function withNamedFields(type: MergeType, set: FieldSet): FieldSet {
  return treeOf(false, namedBelow(type, set));
}

function namedBelow(type: MergeType, tree: FieldSet): Record<PathElement, FieldSet> {
  const result: Record<PathElement, FieldSet> = {};
  for (const element in tree) {
    const below = tree[element];
    if (element === '.' || below === undefined) continue;
    const isField = element.startsWith('f:');
    const named = isField && type.map?.fields.has(element.slice(2)) === true;
    const typeOf = isField ? memberType(type, element.slice(2)) : (type.list?.items ?? type.map?.values);
    const inner = typeOf === undefined ? withoutSelf(below) : namedBelow(typeOf, below);
    result[element] = treeOf(named || isMember(below), inner);
  }
  return result;
}

function withoutSelf(tree: FieldSet): Record<PathElement, FieldSet> {
  const { '.': _self, ...below } = tree;
  return below;
}
