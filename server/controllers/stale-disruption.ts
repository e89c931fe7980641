import { keyOfObject } from '../../openapi/client/object-cache.ts';
import { pods } from '../../openapi/generated/resources.ts';
import type { Pod } from '../../openapi/generated/types.ts';
import { timeText } from '../../openapi/machinery/clock.ts';
import type { Controller } from './controller.ts';
import { isFinished, podCondition } from './shared/pods.ts';
import { watchMapped } from './shared/watches.ts';

const conditionType = 'DisruptionTarget';
const staleAfterMs = 120_000;

/** Takes the condition DisruptionTarget back from pods that were to be disrupted and two minutes later still are not. */
export function createStaleDisruptionController(): Controller {
  return {
    name: 'stale-disruption',
    watches: [watchMapped(pods, (pod) => (isMarked(pod) ? [keyOfObject(pod)] : []))],
    async reconcile(key, { client, clock, informer }) {
      const pod = informer(pods).get(key);
      if (pod === undefined || !isMarked(pod)) return undefined;
      const condition = podCondition(pod, conditionType);
      const leftMs = Date.parse(condition?.lastTransitionTime ?? '') + staleAfterMs - clock.now();
      if (leftMs > 0) return leftMs;
      const unmarked = {
        type: conditionType,
        status: 'False',
        lastTransitionTime: timeText(clock.now()),
        ...(pod.metadata?.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
      };
      const conditions = (pod.status?.conditions ?? []).map((each) =>
        each.type === conditionType ? unmarked : each,
      );
      await client.updateStatus(pods, { ...pod, status: { ...pod.status, conditions } });
      return undefined;
    },
  };
}

/** What the node ends itself may take long until it is marked as deleted. */
function isMarked(pod: Pod): boolean {
  const condition = podCondition(pod, conditionType);
  return (
    condition?.status === 'True' &&
    condition.reason !== 'TerminationByKubelet' &&
    pod.metadata?.deletionTimestamp === undefined &&
    !isFinished(pod)
  );
}
