import type { Refusal } from './framework.ts';

/** Why no node took a pod, counted. */
export interface Refusals {
  readonly nodeCount: number;
  /** Reason to number of nodes. */
  readonly reasons: ReadonlyMap<string, number>;
  /** Nodes that could take the pod if others went. */
  readonly resolvable: number;
  readonly plugins: ReadonlySet<string>;
}

/** Adds refusals up while nodes are gone through. */
export class RefusalCounter {
  readonly #reasons = new Map<string, number>();
  readonly #plugins = new Set<string>();
  #resolvable = 0;

  add(plugin: string, refusal: Refusal): void {
    this.#plugins.add(plugin);
    if (refusal.resolvable) this.#resolvable += 1;
    for (const reason of refusal.reasons) this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
  }

  result(nodeCount: number): Refusals {
    return { nodeCount, reasons: this.#reasons, resolvable: this.#resolvable, plugins: this.#plugins };
  }
}

export const noNodesMessage = 'no nodes available to schedule pods';

/** kube-scheduler's text of FailedScheduling and of the condition PodScheduled. */
export function fitErrorText(refusals: Refusals, preemptionPolicy: string | undefined): string {
  const { nodeCount, reasons } = refusals;
  if (nodeCount === 0) return noNodesMessage;
  const head = `0/${nodeCount} nodes are available: ${histogram(reasons)}.`;
  return `${head} no new claims to deallocate, preemption: ${preemptionText(refusals, preemptionPolicy)}`;
}

function preemptionText({ nodeCount, resolvable }: Refusals, policy: string | undefined): string {
  if (policy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  const counts = new Map([
    ['No preemption victims found for incoming pod', resolvable],
    ['Preemption is not helpful for scheduling', nodeCount - resolvable],
  ]);
  for (const [reason, count] of counts) if (count === 0) counts.delete(reason);
  return `0/${nodeCount} nodes are available: ${histogram(counts)}.`;
}

/** "2 Insufficient cpu, 1 node(s) were unschedulable", in the order of the texts. */
function histogram(reasons: ReadonlyMap<string, number>): string {
  return [...reasons]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ');
}
