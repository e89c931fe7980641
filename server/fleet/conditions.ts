import type { Condition } from '../../openapi/generated/types.ts';
import { timeText } from '../../openapi/machinery/clock.ts';

/** The steps of joining, in order, each with the phase that a Host is in while it is done and the condition that tells its end. */
export const steps = [
  { phase: 'Connecting', condition: 'Connected' },
  { phase: 'Probing', condition: 'Probed' },
  { phase: 'Preparing', condition: 'Prepared' },
  { phase: 'Installing', condition: 'Installed' },
  { phase: 'Starting', condition: 'Started' },
  { phase: 'Ready', condition: 'Ready' },
] as const;
export type Phase = (typeof steps)[number]['phase'];
export type Verdict = 'True' | 'False' | 'Unknown';

export interface Told {
  readonly status: Verdict;
  readonly reason: string;
  readonly message: string;
}

export function stepIndex(phase: Phase): number {
  return steps.findIndex((step) => step.phase === phase);
}

/**
 * The conditions after a step was told about: those of later steps go, as they are not known any more. The time of a condition
 * moves only when its status changes.
 */
export function withCondition(
  before: readonly Condition[],
  phase: Phase,
  told: Told,
  at: { readonly nowMs: number; readonly generation: number },
): Condition[] {
  const index = stepIndex(phase);
  const kept = steps
    .slice(0, index)
    .flatMap(({ condition }) => before.filter(({ type }) => type === condition));
  const type = steps[index]?.condition ?? phase;
  const old = before.find((each) => each.type === type);
  return [
    ...kept,
    {
      type,
      ...told,
      lastTransitionTime: old?.status === told.status ? old.lastTransitionTime : timeText(at.nowMs),
      observedGeneration: at.generation,
    },
  ];
}
