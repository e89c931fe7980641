import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition,
} from '../../../openapi/generated/types.ts';
import { timeText } from '../../../openapi/machinery/clock.ts';

/** A condition without the time at which it came to hold. */
export type Finding = Omit<CustomResourceDefinitionCondition, 'lastTransitionTime'>;

export function conditionOf(
  { status }: CustomResourceDefinition,
  type: string,
): CustomResourceDefinitionCondition | undefined {
  return status?.conditions?.find((each) => each.type === type);
}

export function isTrue(definition: CustomResourceDefinition, type: string): boolean {
  return conditionOf(definition, type)?.status === 'True';
}

/** The definition with the condition in the place of the one of its type; the time moves only with the status. */
export function withCondition(
  definition: CustomResourceDefinition,
  finding: Finding,
  now: number,
): CustomResourceDefinition {
  const old = conditionOf(definition, finding.type);
  const lastTransitionTime =
    old?.status === finding.status && old.lastTransitionTime !== undefined
      ? old.lastTransitionTime
      : timeText(now);
  const { type, status, ...rest } = finding;
  const condition = { type, status, lastTransitionTime, ...rest };
  const known = definition.status?.conditions ?? [];
  const conditions =
    old === undefined
      ? [...known, condition]
      : known.map((each) => (each.type === finding.type ? condition : each));
  return { ...definition, status: { ...definition.status, conditions } };
}
