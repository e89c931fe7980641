import { priorityClasses } from '../../../openapi/generated/resources.ts';
import type { PriorityClass } from '../../../openapi/generated/types.ts';
import { type FieldError, forbiddenField, invalidValue } from '../../../openapi/machinery/status.ts';
import type { Strategy } from '../strategy.ts';
import { priorityClassTable } from '../table/others.ts';
import { oneOf } from '../validation/field-errors.ts';

const userValueMax = 1_000_000_000;
const systemClasses: Readonly<Record<string, number>> = {
  'system-node-critical': 2_000_001_000,
  'system-cluster-critical': 2_000_000_000,
};

export const priorityClassStrategy: Strategy<PriorityClass> = {
  resource: priorityClasses,
  defaults: (object) => ({
    ...object,
    preemptionPolicy: object.preemptionPolicy ?? 'PreemptLowerPriority',
  }),
  validate: classFaults,
  validateUpdate: (object, old) => [
    ...((object.value ?? 0) === (old.value ?? 0)
      ? []
      : [forbiddenField('value', 'may not be changed in an update.')]),
    ...(object.preemptionPolicy === old.preemptionPolicy
      ? []
      : [invalidValue('preemptionPolicy', object.preemptionPolicy, 'field is immutable')]),
  ],
  generationGrows: () => false,
  table: priorityClassTable,
};

function classFaults({ metadata, value = 0, preemptionPolicy }: PriorityClass): FieldError[] {
  const name = metadata?.name ?? '';
  const faults: FieldError[] = [];
  if (name.startsWith('system-')) {
    if (systemClasses[name] !== value) {
      const text = "priority class names with 'system-' prefix are reserved for system use only. error: ";
      const why = Object.hasOwn(systemClasses, name)
        ? `value of ${name} PriorityClass must be ${systemClasses[name] ?? 0}`
        : `${name} is not a known system priority class`;
      faults.push(forbiddenField('metadata.name', text + why));
    }
  } else if (value > userValueMax) {
    faults.push(
      forbiddenField('value', `maximum allowed value of a user defined priority is ${userValueMax}`),
    );
  }
  return [...faults, ...oneOf('preemptionPolicy', preemptionPolicy, ['PreemptLowerPriority', 'Never'])];
}
