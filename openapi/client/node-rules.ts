import type {
  Node,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  Taint,
  Toleration,
} from '../generated/types.ts';

/** True when one of the tolerations stands the taint. */
export function tolerates(tolerations: readonly Toleration[], taint: Taint): boolean {
  return tolerations.some((toleration) => toleratesOne(toleration, taint));
}

function toleratesOne(
  { key = '', operator = 'Equal', value = '', effect = '' }: Toleration,
  taint: Taint,
): boolean {
  if (effect !== '' && effect !== taint.effect) return false;
  if (key !== '' && key !== taint.key) return false;
  switch (operator) {
    case 'Exists':
      return true;
    case 'Equal':
    case '':
      return key !== '' && value === (taint.value ?? '');
    case 'Gt':
      return isBeyond(taint.value, value, 1);
    case 'Lt':
      return isBeyond(taint.value, value, -1);
    default:
      return false;
  }
}

function isBeyond(taintValue: string | undefined, bound: string, sign: 1 | -1): boolean {
  const integer = /^-?(0|[1-9]\d*)$/;
  if (taintValue === undefined || !integer.test(taintValue) || !integer.test(bound)) return false;
  return sign * (Number(taintValue) - Number(bound)) > 0;
}

/** A term without requirements matches no node; all its requirements must hold. */
export function matchesNodeTerm(term: NodeSelectorTerm, node: Node | undefined): boolean {
  const { matchExpressions = [], matchFields = [] } = term;
  if (matchExpressions.length + matchFields.length === 0) return false;
  return holdsAll(term, node);
}

/** A preference without requirements is for every node. */
export function matchesNodePreference(term: NodeSelectorTerm, node: Node | undefined): boolean {
  return holdsAll(term, node);
}

function holdsAll(
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
  node: Node | undefined,
): boolean {
  const labels = node?.metadata?.labels ?? {};
  return (
    matchExpressions.every((each) => holds(each, labels[each.key])) &&
    matchFields.every((each) => holds(each, each.key === 'metadata.name' ? node?.metadata?.name : undefined))
  );
}

function holds({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return compares(value, values[0], 1);
    case 'Lt':
      return compares(value, values[0], -1);
    default:
      return false;
  }
}

function compares(value: string | undefined, bound: string | undefined, sign: 1 | -1): boolean {
  const integer = /^-?\d+$/;
  if (value === undefined || bound === undefined || !integer.test(value) || !integer.test(bound))
    return false;
  return sign * (Number(value) - Number(bound)) > 0;
}
