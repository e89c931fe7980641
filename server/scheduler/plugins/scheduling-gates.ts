import type { EnqueuePlugin } from '../framework.ts';

/** A pod with gates waits until whoever set them has removed them all. */
export const schedulingGates = {
  name: 'SchedulingGates',
  preEnqueue: (pod) => (pod.spec?.schedulingGates ?? []).length === 0,
} satisfies EnqueuePlugin;
