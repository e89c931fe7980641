import type { Client } from '../../openapi/client/client.ts';
import type { EventRecorder } from '../../openapi/client/event-recorder.ts';
import { keyOfObject } from '../../openapi/client/object-cache.ts';
import { pods } from '../../openapi/generated/resources.ts';
import type { Pod, PodCondition } from '../../openapi/generated/types.ts';
import { timeText, type Clock } from '../../openapi/machinery/clock.ts';
import { isNotFound } from '../../openapi/machinery/status.ts';

const conditionType = 'DisruptionTarget';
const reason = 'PreemptionByScheduler';

export interface EvictOptions {
  readonly client: Client;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly schedulerName: string;
}

/** Deletes a pod in favour of another: marks it, so that its controller knows why, deletes it with its grace, and says so. */
export async function evict(
  victim: Pod,
  preemptor: Pod,
  { client, events, clock, schedulerName }: EvictOptions,
): Promise<void> {
  if (victim.metadata?.deletionTimestamp !== undefined) return;
  const { uid = '', generation } = victim.metadata ?? {};
  const condition: PodCondition = {
    type: conditionType,
    status: 'True',
    reason,
    message: `${schedulerName}: preempting to accommodate a higher priority pod`,
    lastTransitionTime: timeText(clock.now()),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
  const others = (victim.status?.conditions ?? []).filter(({ type }) => type !== conditionType);
  const patch = { metadata: { uid }, status: { conditions: [...others, condition] } };
  try {
    await client.patch(pods, keyOfObject(victim), patch as never, { type: 'merge', subresource: 'status' });
    await client.delete(pods, keyOfObject(victim), { preconditions: { uid } });
  } catch (error) {
    if (isNotFound(error)) return;
    throw error;
  }
  const text = `Preempted by pod ${preemptor.metadata?.uid ?? ''} on node ${victim.spec?.nodeName ?? ''}`;
  events.event(victim, 'Normal', 'Preempted', text);
}

/** True for a pod that is on its way out since a scheduler wanted its room. */
export function isBeingPreempted({ metadata, status }: Pod): boolean {
  if (metadata?.deletionTimestamp === undefined) return false;
  const condition = status?.conditions?.find(({ type }) => type === conditionType);
  return condition?.status === 'True' && condition.reason === reason;
}
