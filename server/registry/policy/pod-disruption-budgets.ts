import { podDisruptionBudgets } from '../../../openapi/generated/resources.ts';
import type { PodDisruptionBudget } from '../../../openapi/generated/types.ts';
import { type FieldError, invalidValue } from '../../../openapi/machinery/status.ts';
import { onlyStatus } from '../generic/status-split.ts';
import { specChanged } from '../spec-changed.ts';
import type { Strategy } from '../strategy.ts';
import { podDisruptionBudgetTable } from '../table/workloads.ts';
import { notNegative, oneOf } from '../validation/field-errors.ts';
import { intOrPercentFaults, notMoreThanAll } from '../validation/int-or-percent.ts';
import { labelSelectorFaults } from '../validation/selectors.ts';

export const podDisruptionBudgetStrategy: Strategy<PodDisruptionBudget> = {
  resource: podDisruptionBudgets,
  allowUnconditionalUpdate: false,
  validate: budgetFaults,
  generationGrows: specChanged,
  table: podDisruptionBudgetTable,
  subresources: {
    status: {
      form: 'part',
      verbs: ['get', 'patch', 'update'],
      prepareForUpdate: (budget, old) => onlyStatus(budget, old),
      validateUpdate: statusFaults,
    },
  },
};

function statusFaults({ status }: PodDisruptionBudget): FieldError[] {
  return [
    ...(['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const).flatMap(
      (field) => notNegative(`status.${field}`, status?.[field]),
    ),
  ];
}

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
