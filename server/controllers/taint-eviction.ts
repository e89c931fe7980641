import { tolerates } from '../../openapi/client/node-rules.ts';
import { keyOfObject, keyText } from '../../openapi/client/object-cache.ts';
import { nodes, pods } from '../../openapi/generated/resources.ts';
import type { Node, Pod, Taint, Toleration } from '../../openapi/generated/types.ts';
import { timeText } from '../../openapi/machinery/clock.ts';
import { isNotFound } from '../../openapi/machinery/status.ts';
import type { Controller, ControllerContext, Watch } from './controller.ts';
import { sameValue } from './shared/hash.ts';
import { isFinished } from './shared/pods.ts';
import { watchOf } from './shared/watches.ts';

/** Deletes pods from nodes with NoExecute taints: at once, or when their tolerations of them have run out. */
export function createTaintEvictionController(): Controller {
  /** Pods whose eviction is coming, and since when, in ms since 1970. */
  const marked = new Map<string, number>();
  return {
    name: 'taint-eviction',
    workers: 8,
    watches: [watchOf(pods), tainted],
    async reconcile(key, context) {
      const pod = context.informer(pods).get(key);
      const node = context.informer(nodes).get({ name: pod?.spec?.nodeName ?? '' });
      if (
        pod === undefined ||
        node === undefined ||
        pod.metadata?.deletionTimestamp !== undefined ||
        isFinished(pod)
      ) {
        marked.delete(keyText(key));
        return undefined;
      }
      const nowMs = context.clock.now();
      const sinceMs = marked.get(keyText(key)) ?? nowMs;
      const atMs = evictionTime(pod.spec?.tolerations ?? [], executeTaints(node.spec?.taints), sinceMs);
      if (atMs === undefined) {
        if (marked.delete(keyText(key)))
          context.events.event(
            pod,
            'Normal',
            'TaintManagerEviction',
            `Cancelling deletion of Pod ${keyText(key)}`,
          );
        return undefined;
      }
      marked.set(keyText(key), sinceMs);
      if (atMs > nowMs) return atMs - nowMs;
      await evict(pod, context);
      marked.delete(keyText(key));
      return undefined;
    },
  };
}

/** A change of a node's NoExecute taints is work on all its pods. */
const tainted: Watch<Node> = {
  resource: nodes,
  keys({ object, old }, { informer }) {
    const name = object?.metadata?.name;
    if (sameValue(executeTaints(old?.spec?.taints), executeTaints(object?.spec?.taints))) return [];
    return informer(pods)
      .list()
      .filter((pod) => pod.spec?.nodeName === name)
      .map(keyOfObject);
  },
};

function executeTaints(taints: readonly Taint[] | undefined): readonly Taint[] {
  return (taints ?? []).filter((taint) => taint.effect === 'NoExecute');
}

/**
 * When a pod must go, in ms since 1970; undefined: it may stay. A taint that is not tolerated means at once; of the limited tolerations
 * of all taints the shortest counts, from when this process first saw that the pod must go: a server that was off must not evict at once
 * what it could not watch.
 */
export function evictionTime(
  tolerations: readonly Toleration[],
  taints: readonly Taint[],
  sinceMs: number,
): number | undefined {
  let atMs: number | undefined;
  for (const taint of taints) {
    const matching = tolerations.filter((toleration) => tolerates([toleration], taint));
    if (matching.length === 0) return sinceMs;
    const limits = matching.flatMap((toleration) => toleration.tolerationSeconds ?? []);
    if (limits.length === 0) continue;
    const endMs = sinceMs + Math.max(0, Math.min(...limits)) * 1000;
    atMs = Math.min(atMs ?? Infinity, endMs);
  }
  return atMs;
}

async function evict(pod: Pod, { client, clock, events }: ControllerContext): Promise<void> {
  const key = keyOfObject(pod);
  events.event(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${keyText(key)}`);
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByTaintManager',
    message: 'Taint manager: deleting due to NoExecute taint',
    lastTransitionTime: timeText(clock.now()),
  };
  const others = (pod.status?.conditions ?? []).filter((each) => each.type !== condition.type);
  const { uid = '' } = pod.metadata ?? {};
  try {
    await client.updateStatus(pods, {
      ...pod,
      status: { ...pod.status, conditions: [...others, condition] },
    });
    await client.delete(pods, key, { preconditions: { uid } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
