import { podDisruptionBudgets } from '../../../openapi/generated/resources.ts';
import type { PodDisruptionBudget } from '../../../openapi/generated/types.ts';
import { type FieldError, invalidValue } from '../../../openapi/machinery/status.ts';
import { specChanged } from '../spec-changed.ts';
import type { Strategy } from '../strategy.ts';
import { podDisruptionBudgetTable } from '../table/workloads.ts';
import { oneOf } from '../validation/field-errors.ts';
import { intOrPercentFaults, notMoreThanAll } from '../validation/int-or-percent.ts';
import { labelSelectorFaults } from '../validation/selectors.ts';

export const podDisruptionBudgetStrategy: Strategy<PodDisruptionBudget> = {
  resource: podDisruptionBudgets,
  allowUnconditionalUpdate: false,
  validate: budgetFaults,
  generationGrows: specChanged,
  table: podDisruptionBudgetTable,
};

function budgetFaults({ spec }: PodDisruptionBudget): FieldError[] {
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy } = spec ?? {};
  const faults: FieldError[] = [];
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    faults.push(invalidValue('spec', spec, 'minAvailable and maxUnavailable cannot be both set'));
  }
  for (const [field, value] of Object.entries({ minAvailable, maxUnavailable })) {
    faults.push(...intOrPercentFaults(`spec.${field}`, value), ...notMoreThanAll(`spec.${field}`, value));
  }
  return [
    ...faults,
    ...labelSelectorFaults('spec.selector', selector),
    ...oneOf('spec.unhealthyPodEvictionPolicy', unhealthyPodEvictionPolicy, [
      'AlwaysAllow',
      'IfHealthyBudget',
    ]),
  ];
}
