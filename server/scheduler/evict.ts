import type { Client } from '../../openapi/client/client.ts';
import type { EventRecorder } from '../../openapi/client/event-recorder.ts';
import { keyOfObject } from '../../openapi/client/object-cache.ts';
import { pods } from '../../openapi/generated/resources.ts';
import type { Pod, PodCondition } from '../../openapi/generated/types.ts';
import { timeText, type Clock } from '../../openapi/machinery/clock.ts';
import { isConflict, isNotFound } from '../../openapi/machinery/status.ts';

const conditionType = 'DisruptionTarget';
const reason = 'PreemptionByScheduler';
const attemptsMax = 4;

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
  const { uid = '' } = victim.metadata ?? {};
  const message = `${schedulerName}: preempting to accommodate a higher priority pod`;
  try {
    await mark(victim, { client, message, now: timeText(clock.now()) });
    await client.delete(pods, keyOfObject(victim), { preconditions: { uid } });
  } catch (error) {
    if (isNotFound(error)) return;
    throw error;
  }
  const text = `Preempted by pod ${preemptor.metadata?.uid ?? ''} on node ${victim.spec?.nodeName ?? ''}`;
  events.event(victim, 'Normal', 'Preempted', text);
}

interface Mark {
  readonly client: Client;
  readonly message: string;
  readonly now: string;
}

/** Its node writes conditions too: what changed meanwhile is read anew, lest its word is lost. */
async function mark(victim: Pod, { client, message, now }: Mark): Promise<void> {
  for (let attempt = 1, pod = victim; ; attempt++) {
    const { uid = '', resourceVersion = '', generation } = pod.metadata ?? {};
    const condition: PodCondition = {
      type: conditionType,
      status: 'True',
      reason,
      message,
      lastTransitionTime: now,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    };
    const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== conditionType);
    const patch = { metadata: { uid, resourceVersion }, status: { conditions: [...others, condition] } };
    const done = await client
      .patch(pods, keyOfObject(pod), patch as never, { type: 'merge', subresource: 'status' })
      .then(
        () => true,
        (error: unknown) => {
          if (attempt < attemptsMax && isConflict(error)) return false;
          throw error;
        },
      );
    if (done) return;
    pod = await client.get(pods, keyOfObject(victim));
  }
}

/** True for a pod that is on its way out since a scheduler wanted its room. */
export function isBeingPreempted({ metadata, status }: Pod): boolean {
  if (metadata?.deletionTimestamp === undefined) return false;
  const condition = status?.conditions?.find(({ type }) => type === conditionType);
  return condition?.status === 'True' && condition.reason === reason;
}
