import type { LabelSelector } from '../../../openapi/generated/types.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
} from '../../../openapi/machinery/status.ts';
import { labelProblems } from '../generic/metadata.ts';
import { texts } from './field-errors.ts';
import { labelValue, qualifiedName } from './names.ts';

export interface SelectorRules {
  /** Values that are no label values are let through: as in stored objects of old. */
  readonly anyValue?: boolean;
}

export function labelSelectorFaults(
  path: string,
  selector: LabelSelector | null | undefined,
  rules: SelectorRules = {},
): FieldError[] {
  if (selector === undefined || selector === null) return [];
  return [
    ...labelProblems(selector.matchLabels ?? {}, `${path}.matchLabels`),
    ...(selector.matchExpressions ?? []).flatMap((expression, i) =>
      expressionFaults(`${path}.matchExpressions[${i}]`, expression, rules),
    ),
  ];
}

type Expression = NonNullable<LabelSelector['matchExpressions']>[number];

function expressionFaults(path: string, expression: Expression, rules: SelectorRules): FieldError[] {
  const { key, operator, values = [] } = expression;
  const faults: FieldError[] = [];
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) {
      faults.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    }
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) {
      faults.push(
        forbiddenField(
          `${path}.values`,
          "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        ),
      );
    }
  } else faults.push(invalidValue(`${path}.operator`, operator, 'not a valid selector operator'));
  faults.push(...texts(`${path}.key`, key, qualifiedName));
  if (rules.anyValue !== true) {
    faults.push(...values.flatMap((value, i) => texts(`${path}.values[${i}]`, value, labelValue)));
  }
  return faults;
}

export function isEmptySelector(selector: LabelSelector | null | undefined): boolean {
  return (
    Object.keys(selector?.matchLabels ?? {}).length === 0 && (selector?.matchExpressions ?? []).length === 0
  );
}

/** Whether the selector chooses something with these labels. An empty one chooses everything. */
export function selectorMatches(
  selector: LabelSelector,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  const has = labels ?? {};
  return (
    Object.entries(selector.matchLabels ?? {}).every(([key, value]) => has[key] === value) &&
    (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const value = Object.hasOwn(has, key) ? has[key] : undefined;
      if (operator === 'Exists') return value !== undefined;
      if (operator === 'DoesNotExist') return value === undefined;
      const found = value !== undefined && values.includes(value);
      return operator === 'In' ? found : !found;
    })
  );
}
