import { keyOfObject } from '../../openapi/client/object-cache.ts';
import { leases, nodes, pods } from '../../openapi/generated/resources.ts';
import type { Node, Pod, Taint } from '../../openapi/generated/types.ts';
import { timeText } from '../../openapi/machinery/clock.ts';
import { isNotFound } from '../../openapi/machinery/status.ts';
import type { Controller, ControllerContext } from './controller.ts';
import { sameValue } from './shared/hash.ts';
import {
  executeTaintKey,
  isNodeReady,
  readyCondition,
  scheduleTaints,
  signOf,
  unknownConditions,
  withExecuteTaint,
  zoneOf,
  zoneStateOf,
  type Sign,
  type ZoneState,
} from './shared/node-health.ts';
import { isReady } from './shared/pods.ts';
import { watchMapped, watchOf } from './shared/watches.ts';

export interface NodeLifecycleOptions {
  /** A node that gives no sign for so long is Unknown. Default 50. */
  readonly nodeGraceSeconds?: number;
  /** The same for a node that never gave one. Default 60. */
  readonly startupGraceSeconds?: number;
  /** How often all nodes are looked at. Default 5. */
  readonly monitorSeconds?: number;
  /** Nodes of a healthy zone that may be emptied per second. Default 0.1. */
  readonly evictionRate?: number;
  /** The same for a large zone that is partly down. Default 0.01; smaller ones stop then. */
  readonly secondaryEvictionRate?: number;
  readonly largeZoneNodes?: number;
  /** From this share on a zone counts as down. Default 0.55. */
  readonly unhealthyShare?: number;
}

const leaseNamespace = 'kube-node-lease';
const round = { name: '#all' };

/**
 * Finds nodes that give no sign of life, marks them and their pods, and taints them; a taint is what evicts. A node's own key keeps
 * its taints as its conditions ask for; the key "#all" is the round over all nodes.
 */
export function createNodeLifecycleController(given: NodeLifecycleOptions = {}): Controller {
  const options = {
    nodeGraceSeconds: 50,
    startupGraceSeconds: 60,
    monitorSeconds: 5,
    evictionRate: 0.1,
    secondaryEvictionRate: 0.01,
    largeZoneNodes: 50,
    unhealthyShare: 0.55,
    ...given,
  };
  const monitor = new NodeMonitor(options);
  return {
    name: 'nodelifecycle',
    watches: [watchOf(nodes), watchMapped(leases, () => []), watchMapped(pods, () => [])],
    firstKeys: [round],
    async reconcile(key, context) {
      if (key.name === round.name) {
        await monitor.round(context);
        return options.monitorSeconds * 1000;
      }
      const node = context.informer(nodes).get(key);
      if (node !== undefined) await writeTaints(node, scheduleTaints(node, context.clock.now()), context);
      return undefined;
    },
  };
}

async function writeTaints(
  node: Node,
  taints: readonly Taint[],
  { client }: ControllerContext,
): Promise<Node> {
  if (sameValue(taints, node.spec?.taints ?? [])) return node;
  const { uid = '', resourceVersion = '' } = node.metadata ?? {};
  const patch = { metadata: { uid, resourceVersion }, spec: { taints: taints.length === 0 ? null : taints } };
  return await client.patch(nodes, keyOfObject(node), patch as never, { type: 'merge' });
}

class NodeMonitor {
  readonly #options: Required<NodeLifecycleOptions>;
  readonly #signs = new Map<string, Sign>();
  /** When the next node of a zone may be emptied. */
  readonly #nextEvictionMs = new Map<string, number>();
  /** Nodes whose pods have been told that they are not ready. */
  readonly #told = new Set<string>();
  #allDown = false;

  constructor(options: Required<NodeLifecycleOptions>) {
    this.#options = options;
  }

  async round(context: ControllerContext): Promise<void> {
    const all = context.informer(nodes).list();
    const known = new Set(all.map((node) => node.metadata?.name ?? ''));
    for (const name of this.#signs.keys()) if (!known.has(name)) this.#forget(name);
    const current: Node[] = [];
    for (const node of all) current.push(await this.#checkSign(node, context));
    const zones = byZone(current);
    const states = new Map(
      [...zones].map(([zone, members]) => [zone, zoneStateOf(members, this.#options.unhealthyShare)]),
    );
    const allDown = current.length > 0 && [...states.values()].every((state) => state === 'full');
    await this.#enterOrLeave(allDown, current, context);
    for (const [zone, members] of zones)
      await this.#taintZone(zone, members, states.get(zone) ?? 'normal', context);
    for (const node of current) await this.#tellPods(node, context);
  }

  #forget(name: string): void {
    this.#signs.delete(name);
    this.#told.delete(name);
  }

  async #checkSign(node: Node, context: ControllerContext): Promise<Node> {
    const name = node.metadata?.name ?? '';
    const nowMs = context.clock.monotonic();
    const lease = context.informer(leases).get({ namespace: leaseNamespace, name });
    const sign = signOf(node, lease, this.#signs.get(name), nowMs);
    this.#signs.set(name, sign);
    const never = readyCondition(node) === undefined;
    const graceMs = (never ? this.#options.startupGraceSeconds : this.#options.nodeGraceSeconds) * 1000;
    if (nowMs - sign.seenMs <= graceMs) return node;
    const conditions = unknownConditions(node, context.clock.now());
    if (sameValue(conditions, node.status?.conditions ?? [])) return node;
    try {
      const marked = await context.client.updateStatus(nodes, {
        ...node,
        status: { ...node.status, conditions },
      });
      if (isNodeReady(node))
        context.events.event(node, 'Normal', 'NodeNotReady', `Node ${name} status is now: NodeNotReady`);
      return marked; // The taints that keep new pods away follow by the node's own key.
    } catch (error) {
      context.log.log('debug', 'Cannot mark a node', { node: name, error: String(error) });
      return node;
    }
  }

  /** With every node down the fault is more likely ours: nobody is evicted, and after it everybody gets a fresh grace. */
  async #enterOrLeave(allDown: boolean, all: readonly Node[], context: ControllerContext): Promise<void> {
    if (allDown && !this.#allDown) {
      context.log.log('warn', 'No node gives a sign: nothing is evicted until one does', {
        nodes: all.length,
      });
      for (const node of all)
        await writeTaints(node, withExecuteTaint(node.spec?.taints ?? [], undefined, 0), context).catch(
          () => node,
        );
    }
    if (!allDown && this.#allDown) {
      const nowMs = context.clock.monotonic();
      for (const [name, sign] of this.#signs) this.#signs.set(name, { ...sign, seenMs: nowMs });
      this.#nextEvictionMs.clear();
      for (const zone of new Set(all.map(zoneOf)))
        this.#nextEvictionMs.set(zone, nowMs + this.#options.nodeGraceSeconds * 1000);
    }
    this.#allDown = allDown;
  }

  async #taintZone(
    zone: string,
    members: readonly Node[],
    state: ZoneState,
    context: ControllerContext,
  ): Promise<void> {
    const rate = this.#rateOf(state, members.length);
    for (const node of members) {
      const key = executeTaintKey(node);
      const present = node.spec?.taints ?? [];
      const wanted = withExecuteTaint(present, key, context.clock.now());
      if (sameValue(wanted, present)) continue;
      const adds =
        key !== undefined && !present.some((taint) => taint.effect === 'NoExecute' && taint.key === key);
      const swaps = adds && withExecuteTaint(present, undefined, 0).length < present.length;
      if (adds && !swaps && (this.#allDown || !this.#mayEvict(zone, rate, context.clock.monotonic())))
        continue;
      await writeTaints(node, wanted, context).catch((error: unknown) => {
        context.log.log('debug', 'Cannot taint a node', { node: node.metadata?.name, error: String(error) });
      });
    }
  }

  /** Nodes per second. */
  #rateOf(state: ZoneState, size: number): number {
    if (state === 'partial')
      return size > this.#options.largeZoneNodes ? this.#options.secondaryEvictionRate : 0;
    return this.#options.evictionRate;
  }

  #mayEvict(zone: string, rate: number, nowMs: number): boolean {
    if (rate === 0 || nowMs < (this.#nextEvictionMs.get(zone) ?? 0)) return false;
    this.#nextEvictionMs.set(zone, nowMs + 1000 / rate);
    return true;
  }

  /** Pods of a node that is not ready are not ready either, whatever they said last. */
  async #tellPods(node: Node, context: ControllerContext): Promise<void> {
    const name = node.metadata?.name ?? '';
    if (isNodeReady(node) || readyCondition(node) === undefined) {
      this.#told.delete(name);
      return;
    }
    if (this.#told.has(name)) return;
    const onNode = context
      .informer(pods)
      .list()
      .filter((pod) => pod.spec?.nodeName === name && isReady(pod));
    const results = await Promise.allSettled(onNode.map((pod) => tellPod(pod, context)));
    if (results.every((result) => result.status === 'fulfilled')) this.#told.add(name);
  }
}

function byZone(all: readonly Node[]): ReadonlyMap<string, readonly Node[]> {
  const zones = new Map<string, Node[]>();
  for (const node of all) {
    const members = zones.get(zoneOf(node));
    if (members === undefined) zones.set(zoneOf(node), [node]);
    else members.push(node);
  }
  return zones;
}

async function tellPod(pod: Pod, { client, clock, events }: ControllerContext): Promise<void> {
  const conditions = (pod.status?.conditions ?? []).map((condition) =>
    condition.type === 'Ready'
      ? { ...condition, status: 'False', lastTransitionTime: timeText(clock.now()) }
      : condition,
  );
  try {
    await client.updateStatus(pods, { ...pod, status: { ...pod.status, conditions } });
    events.event(pod, 'Warning', 'NodeNotReady', 'Node is not ready');
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
