import { clusterRoleBindings } from '../../../openapi/generated/resources.ts';
import type { ClusterRoleBinding } from '../../../openapi/generated/types.ts';
import type { FieldError } from '../../../openapi/machinery/status.ts';
import type { Strategy } from '../strategy.ts';
import { clusterRoleBindingTable } from '../table/others.ts';
import { nameRule, pathSegment } from '../validation/names.ts';
import { roleRefChange, roleRefFaults, subjectFaults, withBindingDefaults } from './rules.ts';

export const clusterRoleBindingStrategy: Strategy<ClusterRoleBinding> = {
  resource: clusterRoleBindings,
  allowCreateOnUpdate: true,
  validateName: nameRule(pathSegment),
  defaults: withBindingDefaults,
  validate: bindingFaults,
  validateUpdate: (binding, old) => [
    ...bindingFaults(binding),
    ...roleRefChange(binding.roleRef, old.roleRef),
  ],
  table: clusterRoleBindingTable,
};

function bindingFaults({ roleRef, subjects = [] }: ClusterRoleBinding): FieldError[] {
  return [
    ...roleRefFaults(roleRef, ['ClusterRole']),
    ...subjects.flatMap((subject, i) => subjectFaults(`subjects[${i}]`, subject, false)),
  ];
}
