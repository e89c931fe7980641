import { keyOfObject } from '../../openapi/client/object-cache.ts';
import { nodes, pods } from '../../openapi/generated/resources.ts';
import type { Node, Pod } from '../../openapi/generated/types.ts';
import { timeText } from '../../openapi/machinery/clock.ts';
import { isNotFound } from '../../openapi/machinery/status.ts';
import type { Controller, ControllerContext } from './controller.ts';
import { taintKeys, isNodeReady } from './shared/node-health.ts';
import { isFinished } from './shared/pods.ts';
import { watchMapped } from './shared/watches.ts';

export interface PodGcOptions {
  /** Ended pods beyond this number go, the oldest first; 0 keeps all. Default 1,000. */
  readonly terminatedMax?: number;
}

const everyMs = 20_000;
/** A node may be gone for so long before its pods go: it may only be registering anew. */
const quarantineMs = 40_000;

export interface PodGcPlan {
  readonly terminated: readonly Pod[];
  readonly orphaned: readonly Pod[];
  readonly unscheduled: readonly Pod[];
  readonly outOfService: readonly Pod[];
}

/** Deletes pods that nobody else would: ended ones beyond a number, those of nodes that are gone, those that end without a node. */
export function createPodGcController(options: PodGcOptions = {}): Controller {
  const goneSince = new Map<string, number>();
  return {
    name: 'podgc',
    watches: [watchMapped(pods, () => []), watchMapped(nodes, () => [])],
    firstKeys: [{ name: '#all' }],
    async reconcile(_, context) {
      const plan = planPodGc(context.informer(pods).list(), {
        nodeOf: (name) => context.informer(nodes).get({ name }),
        goneSince,
        nowMs: context.clock.monotonic(),
        terminatedMax: options.terminatedMax ?? 1000,
      });
      for (const pod of plan.terminated) await force(pod, undefined, context);
      for (const pod of plan.unscheduled) await force(pod, undefined, context);
      for (const pod of plan.outOfService) await force(pod, 'PodGC: node is out of service', context);
      for (const pod of plan.orphaned)
        if (await isGone(pod.spec?.nodeName ?? '', context))
          await force(pod, 'PodGC: node no longer exists', context);
      return everyMs;
    },
  };
}

/** `goneSince` remembers when a node was first missed, and is brought up to date. */
export function planPodGc(
  all: readonly Pod[],
  state: {
    readonly nodeOf: (name: string) => Node | undefined;
    readonly goneSince: Map<string, number>;
    readonly nowMs: number;
    readonly terminatedMax: number;
  },
): PodGcPlan {
  const { nodeOf, goneSince, nowMs, terminatedMax } = state;
  const missing = new Set(
    all.map((pod) => pod.spec?.nodeName ?? '').filter((name) => name !== '' && nodeOf(name) === undefined),
  );
  for (const name of goneSince.keys()) if (!missing.has(name)) goneSince.delete(name);
  for (const name of missing) if (!goneSince.has(name)) goneSince.set(name, nowMs);
  const isLost = (name: string): boolean =>
    missing.has(name) && nowMs - (goneSince.get(name) ?? nowMs) >= quarantineMs;
  const ended = all
    .filter((pod) => isFinished(pod) && pod.metadata?.deletionTimestamp === undefined)
    .sort(byAge);
  const surplus = terminatedMax > 0 ? Math.max(0, ended.length - terminatedMax) : 0;
  return {
    terminated: ended.slice(0, surplus),
    orphaned: all.filter((pod) => isLost(pod.spec?.nodeName ?? '')),
    unscheduled: all.filter(
      (pod) => pod.metadata?.deletionTimestamp !== undefined && (pod.spec?.nodeName ?? '') === '',
    ),
    outOfService: all.filter(
      (pod) =>
        pod.metadata?.deletionTimestamp !== undefined && isOutOfService(nodeOf(pod.spec?.nodeName ?? '')),
    ),
  };
}

function byAge(a: Pod, b: Pod): number {
  const left = `${a.metadata?.creationTimestamp ?? ''} ${a.metadata?.name ?? ''}`;
  const right = `${b.metadata?.creationTimestamp ?? ''} ${b.metadata?.name ?? ''}`;
  return left < right ? -1 : 1;
}

/** Said by an administrator, and only believed of a node that is not ready. */
function isOutOfService(node: Node | undefined): boolean {
  return (
    node !== undefined &&
    !isNodeReady(node) &&
    (node.spec?.taints ?? []).some((taint) => taint.key === taintKeys.outOfService)
  );
}

async function isGone(name: string, { client }: ControllerContext): Promise<boolean> {
  try {
    await client.get(nodes, { name });
    return false;
  } catch (error) {
    if (isNotFound(error)) return true;
    throw error;
  }
}

/** Deletes without grace: no agent is there to do it. A disrupted pod is marked Failed first. */
async function force(
  pod: Pod,
  disruption: string | undefined,
  { client, clock }: ControllerContext,
): Promise<void> {
  const { uid = '' } = pod.metadata ?? {};
  try {
    if (disruption !== undefined && !isFinished(pod)) {
      const condition = {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'DeletionByPodGC',
        message: disruption,
        lastTransitionTime: timeText(clock.now()),
      };
      const others = (pod.status?.conditions ?? []).filter((each) => each.type !== condition.type);
      await client.updateStatus(pods, {
        ...pod,
        status: { ...pod.status, phase: 'Failed', conditions: [...others, condition] },
      });
    }
    await client.delete(pods, keyOfObject(pod), { gracePeriodSeconds: 0, preconditions: { uid } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
