import { roles } from '../../../openapi/generated/resources.ts';
import type { Role } from '../../../openapi/generated/types.ts';
import type { FieldError } from '../../../openapi/machinery/status.ts';
import type { Strategy } from '../strategy.ts';
import { nameRule, pathSegment } from '../validation/names.ts';
import { ruleFaults } from './rules.ts';

export const roleStrategy: Strategy<Role> = {
  resource: roles,
  allowCreateOnUpdate: true,
  validateName: nameRule(pathSegment),
  validate: roleFaults,
};

function roleFaults({ rules }: Role): FieldError[] {
  return (rules ?? []).flatMap((rule, i) => ruleFaults(`rules[${i}]`, rule, true));
}
