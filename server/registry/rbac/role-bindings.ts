import { roleBindings } from '../../../openapi/generated/resources.ts';
import type { RoleBinding } from '../../../openapi/generated/types.ts';
import type { FieldError } from '../../../openapi/machinery/status.ts';
import type { Strategy } from '../strategy.ts';
import { roleBindingTable } from '../table/others.ts';
import { nameRule, pathSegment } from '../validation/names.ts';
import { roleRefChange, roleRefFaults, subjectFaults, withBindingDefaults } from './rules.ts';

export const roleBindingStrategy: Strategy<RoleBinding> = {
  resource: roleBindings,
  allowCreateOnUpdate: true,
  validateName: nameRule(pathSegment),
  defaults: withBindingDefaults,
  validate: bindingFaults,
  validateUpdate: (binding, old) => [
    ...bindingFaults(binding),
    ...roleRefChange(binding.roleRef, old.roleRef),
  ],
  table: roleBindingTable,
};

function bindingFaults({ roleRef, subjects = [] }: RoleBinding): FieldError[] {
  return [
    ...roleRefFaults(roleRef, ['Role', 'ClusterRole']),
    ...subjects.flatMap((subject, i) => subjectFaults(`subjects[${i}]`, subject, true)),
  ];
}
