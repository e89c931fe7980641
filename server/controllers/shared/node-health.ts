import type { Lease, Node, NodeCondition, Taint } from '../../../openapi/generated/types.ts';
import { timeText } from '../../../openapi/machinery/clock.ts';

export const taintKeys = {
  notReady: 'node.kubernetes.io/not-ready',
  unreachable: 'node.kubernetes.io/unreachable',
  unschedulable: 'node.kubernetes.io/unschedulable',
  outOfService: 'node.kubernetes.io/out-of-service',
} as const;

/** What a node last gave as a sign of life, and when we saw it change, by our own clock: the node's clock may be wrong. */
export interface Sign {
  readonly renewTime: string | undefined;
  readonly heartbeat: string | undefined;
  readonly seenMs: number;
}

export function readyCondition(node: Node): NodeCondition | undefined {
  return node.status?.conditions?.find((condition) => condition.type === 'Ready');
}

export function isNodeReady(node: Node): boolean {
  return readyCondition(node)?.status === 'True';
}

/** The sign as it is now. A node seen for the first time counts as alive now. */
export function signOf(node: Node, lease: Lease | undefined, before: Sign | undefined, nowMs: number): Sign {
  const renewTime = lease?.spec?.renewTime;
  const heartbeat = readyCondition(node)?.lastHeartbeatTime;
  if (before?.renewTime === renewTime && before?.heartbeat === heartbeat && before !== undefined)
    return before;
  // A condition that we wrote ourselves is no sign of life.
  const isOurs =
    readyCondition(node)?.status === 'Unknown' && before?.renewTime === renewTime && before !== undefined;
  return { renewTime, heartbeat, seenMs: isOurs ? before.seenMs : nowMs };
}

const watchedConditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const;

/** The conditions of a node that gives no sign: Unknown, each with its last heartbeat. */
export function unknownConditions(node: Node, nowMs: number): readonly NodeCondition[] {
  const now = timeText(nowMs);
  const conditions = [...(node.status?.conditions ?? [])];
  for (const type of watchedConditions) {
    const index = conditions.findIndex((condition) => condition.type === type);
    const known = conditions[index];
    if (known === undefined)
      conditions.push({
        type,
        status: 'Unknown',
        reason: 'NodeStatusNeverUpdated',
        message: 'Kubelet never posted node status.',
        lastHeartbeatTime: node.metadata?.creationTimestamp ?? now,
        lastTransitionTime: now,
      });
    else if (known.status !== 'Unknown')
      conditions[index] = {
        ...known,
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
        message: 'Kubelet stopped posting node status.',
        lastTransitionTime: now,
      };
  }
  return conditions;
}

/** Condition, status and the taint that keeps new pods away then. */
const conditionTaints: readonly (readonly [type: string, status: string, key: string])[] = [
  ['Ready', 'False', taintKeys.notReady],
  ['Ready', 'Unknown', taintKeys.unreachable],
  ['MemoryPressure', 'True', 'node.kubernetes.io/memory-pressure'],
  ['DiskPressure', 'True', 'node.kubernetes.io/disk-pressure'],
  ['PIDPressure', 'True', 'node.kubernetes.io/pid-pressure'],
  ['NetworkUnavailable', 'True', 'node.kubernetes.io/network-unavailable'],
];
const ownNoSchedule = new Set<string>([...conditionTaints.map(([, , key]) => key), taintKeys.unschedulable]);

function same(a: Taint, b: Taint): boolean {
  return a.key === b.key && a.effect === b.effect;
}

/** The NoSchedule taints that the node's conditions and cordon ask for, in the place of those that they do not. */
export function scheduleTaints(node: Node, nowMs: number): readonly Taint[] {
  const wanted = conditionTaints
    .filter(([type, status]) =>
      (node.status?.conditions ?? []).some((each) => each.type === type && each.status === status),
    )
    .map(([, , key]) => key);
  if (node.spec?.unschedulable === true) wanted.push(taintKeys.unschedulable);
  const present = node.spec?.taints ?? [];
  const kept = present.filter(
    (taint) => taint.effect !== 'NoSchedule' || !ownNoSchedule.has(taint.key) || wanted.includes(taint.key),
  );
  const added = wanted
    .map((key): Taint => ({ key, effect: 'NoSchedule', timeAdded: timeText(nowMs) }))
    .filter((taint) => !kept.some((each) => same(each, taint)));
  return [...kept, ...added];
}

/** The NoExecute taint that a node's state asks for. */
export function executeTaintKey(node: Node): string | undefined {
  const status = readyCondition(node)?.status;
  if (status === 'True' || status === undefined) return undefined;
  return status === 'False' ? taintKeys.notReady : taintKeys.unreachable;
}

/** With the NoExecute taint `key` (or none) in the place of both of ours. */
export function withExecuteTaint(
  taints: readonly Taint[],
  key: string | undefined,
  nowMs: number,
): readonly Taint[] {
  const isOurs = (taint: Taint): boolean =>
    taint.effect === 'NoExecute' && (taint.key === taintKeys.notReady || taint.key === taintKeys.unreachable);
  const kept = taints.filter((taint) => !isOurs(taint) || taint.key === key);
  if (key === undefined || kept.some(isOurs)) return kept;
  return [...kept, { key, effect: 'NoExecute', timeAdded: timeText(nowMs) }];
}

export type ZoneState = 'normal' | 'partial' | 'full';

/** How much of a zone is down. Of two nodes or less that are down only all count as an outage. */
export function zoneStateOf(zoneNodes: readonly Node[], unhealthyShare: number): ZoneState {
  const down = zoneNodes.filter((node) => !isNodeReady(node)).length;
  if (zoneNodes.length > 0 && down === zoneNodes.length) return 'full';
  return down > 2 && down / zoneNodes.length >= unhealthyShare ? 'partial' : 'normal';
}

export function zoneOf(node: Node): string {
  const labels = node.metadata?.labels ?? {};
  const region = labels['topology.kubernetes.io/region'] ?? '';
  return `${region}:${labels['topology.kubernetes.io/zone'] ?? ''}`;
}
