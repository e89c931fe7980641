import { clusterRoles } from '../../../openapi/generated/resources.ts';
import type { ClusterRole } from '../../../openapi/generated/types.ts';
import { type FieldError, invalidValue, required } from '../../../openapi/machinery/status.ts';
import type { Strategy } from '../strategy.ts';
import { nameRule, pathSegment } from '../validation/names.ts';
import { labelSelectorFaults } from '../validation/selectors.ts';
import { ruleFaults } from './rules.ts';

export const clusterRoleStrategy: Strategy<ClusterRole> = {
  resource: clusterRoles,
  allowCreateOnUpdate: true,
  validateName: nameRule(pathSegment),
  validate: roleFaults,
};

function roleFaults({ rules, aggregationRule }: ClusterRole): FieldError[] {
  const path = 'aggregationRule.clusterRoleSelectors';
  const selectors = aggregationRule?.clusterRoleSelectors ?? [];
  return [
    ...(rules ?? []).flatMap((rule, i) => ruleFaults(`rules[${i}]`, rule, false)),
    ...(aggregationRule !== undefined && selectors.length === 0
      ? [required(path, 'at least one clusterRoleSelector required if aggregationRule is non-nil')]
      : []),
    ...selectors.flatMap((selector, i) => {
      const faults = labelSelectorFaults(`${path}[${i}]`, selector);
      if (faults.length === 0) return [];
      return [...faults, invalidValue(`${path}[${i}]`, null, 'invalid label selector.')];
    }),
  ];
}
