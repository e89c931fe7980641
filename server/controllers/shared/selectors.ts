import type { LabelSelector, LabelSelectorRequirement } from '../../../openapi/generated/types.ts';

type Labels = Readonly<Record<string, string>>;

/** True when every part of the selector holds. An empty selector holds for all, an absent one for none. */
export function selects(selector: LabelSelector | undefined, labels: Labels | undefined): boolean {
  if (selector === undefined) return false;
  return (
    containsAll(labels, selector.matchLabels) &&
    (selector.matchExpressions ?? []).every((each) => requirementHolds(each, labels ?? {}))
  );
}

export function isEmptySelector(selector: LabelSelector | undefined): boolean {
  return (
    Object.keys(selector?.matchLabels ?? {}).length === 0 && (selector?.matchExpressions ?? []).length === 0
  );
}

/** True when `labels` has each of `wanted`. */
export function containsAll(labels: Labels | undefined, wanted: Labels | undefined): boolean {
  return Object.entries(wanted ?? {}).every(([name, value]) => labels?.[name] === value);
}

function requirementHolds({ key, operator, values = [] }: LabelSelectorRequirement, labels: Labels): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}
