import type { Node } from '../../openapi/generated/types.ts';
import type { ClusterEvent } from './framework.ts';
import { amountsOf } from './pod-resources.ts';

/** What a change of a node may mean to pods that fitted nowhere. A heartbeat means nothing. */
export function eventsOfNodeChange(old: Node | undefined, now: Node): readonly ClusterEvent[] {
  if (old === undefined) return ['NodeAdded'];
  const events: ClusterEvent[] = [];
  if (hasMore(old, now)) events.push('NodeAllocatable');
  if (differs(old.metadata?.labels, now.metadata?.labels)) events.push('NodeLabels');
  if (differs(old.spec?.taints, now.spec?.taints)) events.push('NodeTaints');
  if (old.spec?.unschedulable === true && now.spec?.unschedulable !== true) events.push('NodeSchedulable');
  return events;
}

function hasMore(old: Node, now: Node): boolean {
  const before = amountsOf(old.status?.allocatable);
  return Object.entries(amountsOf(now.status?.allocatable)).some(
    ([name, amount]) => amount > (before[name] ?? 0),
  );
}

function differs(a: object | undefined, b: object | undefined): boolean {
  return JSON.stringify(a ?? null) !== JSON.stringify(b ?? null);
}
