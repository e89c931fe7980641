import type { Refusal } from './framework.ts';
import type { NodeInfo } from './node-info.ts';

/** Why no node took a pod, counted. */
export interface Refusals {
  readonly nodeCount: number;
  /** What stands against the pod wherever it goes. */
  readonly podReason?: string;
  /** Reason to number of nodes. */
  readonly reasons: ReadonlyMap<string, number>;
  /** Nodes that could take the pod if others went. */
  readonly resolvable: readonly NodeInfo[];
  readonly plugins: ReadonlySet<string>;
}

/** Adds refusals up while nodes are gone through. */
export class RefusalCounter {
  readonly #reasons = new Map<string, number>();
  readonly #plugins = new Set<string>();
  readonly #resolvable: NodeInfo[] = [];

  add(plugin: string, refusal: Refusal, node: NodeInfo): void {
    this.#plugins.add(plugin);
    if (refusal.resolvable) this.#resolvable.push(node);
    for (const reason of refusal.reasons) raise(this.#reasons, reason, 1);
  }

  result(nodeCount: number): Refusals {
    return { nodeCount, reasons: this.#reasons, resolvable: this.#resolvable, plugins: this.#plugins };
  }
}

function raise(counts: Map<string, number>, reason: string, by: number): void {
  counts.set(reason, (counts.get(reason) ?? 0) + by);
}

export const noNodesMessage = 'no nodes available to schedule pods';
export const neverPreempts = 'not eligible due to preemptionPolicy=Never.';
export const stillPreempting = 'not eligible due to a terminating pod on the nominated node.';
const noVictims = 'No preemption victims found for incoming pod';
const notHelpful = 'Preemption is not helpful for scheduling';

/**
 * kube-scheduler's text of FailedScheduling and of the condition PodScheduled. `preemption`: why no pod went for this one; undefined
 * when some do.
 */
export function fitErrorText(
  { nodeCount, reasons, podReason }: Refusals,
  preemption: string | undefined,
): string {
  if (nodeCount === 0) return noNodesMessage;
  // What follows a reason against the pod itself is a quirk of Kubernetes 1.36, whose next step misses what this one did not write.
  if (podReason !== undefined) return `0/${nodeCount} nodes are available: ${podReason}. not found`;
  const head = `0/${nodeCount} nodes are available: ${histogram(reasons)}.`;
  return preemption === undefined ? head : `${head} no new claims to deallocate, preemption: ${preemption}`;
}

/** Why no pod could go for this one. `tried`: by node that was tried, what stood against it when all that could go had gone. */
export function noPreemptionText(
  nodeCount: number,
  tried: readonly (readonly string[] | undefined)[],
): string {
  const counts = new Map<string, number>();
  for (const reasons of tried) for (const reason of reasons ?? [noVictims]) raise(counts, reason, 1);
  const others = nodeCount - tried.length;
  if (others > 0) raise(counts, notHelpful, others);
  return `0/${nodeCount} nodes are available: ${histogram(counts)}.`;
}

/** "2 Insufficient cpu, 1 node(s) were unschedulable", in the order of the texts. */
function histogram(reasons: ReadonlyMap<string, number>): string {
  return [...reasons]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ');
}
