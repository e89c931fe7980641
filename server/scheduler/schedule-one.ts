import { invariant } from '../../openapi/machinery/invariant.ts';
import type { FilterPlugin, NodeFilter, NodeScore, ScorePlugin } from './framework.ts';
import { RefusalCounter, type Refusals } from './fit-error.ts';
import type { NodeInfo, PodInfo } from './node-info.ts';
import type { Snapshot } from './snapshot.ts';

export interface Profile {
  readonly filters: readonly FilterPlugin[];
  readonly scores: readonly ScorePlugin[];
}

export type Placement =
  { readonly node: NodeInfo } | { readonly node: undefined; readonly refusals: Refusals };

/** With fewer nodes all are looked at. */
const sampledMin = 100;

/** How many fitting nodes are enough: all of up to 100, then a share that falls from 50 % to 5 % as the cluster grows. */
export function enoughNodes(nodeCount: number): number {
  if (nodeCount < sampledMin) return nodeCount;
  const percent = Math.max(5, 50 - Math.floor(nodeCount / 125));
  return Math.max(sampledMin, Math.floor((nodeCount * percent) / 100));
}

/** Finds nodes for pods, one pod at a time. It keeps only where the next search begins, so that all nodes get their turn. */
export class Placer {
  readonly #profile: Profile;
  readonly #random: () => number;
  #start = 0;

  constructor(profile: Profile, random: () => number) {
    this.#profile = profile;
    this.#random = random;
  }

  /** The best node of those looked at, or why there is none. Changes nothing. */
  place(pod: PodInfo, snapshot: Snapshot): Placement {
    const counter = new RefusalCounter();
    const fitting = this.#fittingNodes(pod, snapshot, counter);
    const [only] = fitting;
    if (only === undefined) return { node: undefined, refusals: counter.result(snapshot.nodeCount) };
    return { node: fitting.length === 1 ? only : this.#best(pod, snapshot, fitting) };
  }

  #fittingNodes(pod: PodInfo, snapshot: Snapshot, counter: RefusalCounter): NodeInfo[] {
    const filters = this.#profile.filters.flatMap((plugin) => {
      const filter = plugin.preFilter(pod);
      return filter === undefined ? [] : [{ name: plugin.name, filter }];
    });
    const { nodes } = snapshot;
    const enough = enoughNodes(nodes.length);
    const fitting: NodeInfo[] = [];
    let looked = 0;
    for (; looked < nodes.length && fitting.length < enough; looked++) {
      const node = nodes[(this.#start + looked) % nodes.length];
      if (node !== undefined && fits(node, filters, counter)) fitting.push(node);
    }
    this.#start = nodes.length === 0 ? 0 : (this.#start + looked) % nodes.length;
    return fitting;
  }

  #best(pod: PodInfo, snapshot: Snapshot, nodes: readonly NodeInfo[]): NodeInfo {
    const totals = new Float64Array(nodes.length);
    for (const plugin of this.#profile.scores) {
      const score = plugin.preScore(pod, snapshot);
      if (score !== undefined) addScores(totals, nodes, plugin, score);
    }
    return this.#highest(nodes, totals);
  }

  /** Of several best ones any, with the same chance. */
  #highest(nodes: readonly NodeInfo[], totals: Float64Array): NodeInfo {
    let best = 0;
    let equals = 1;
    for (let i = 1; i < totals.length; i++) {
      const difference = (totals[i] ?? 0) - (totals[best] ?? 0);
      if (difference > 0) {
        best = i;
        equals = 1;
      } else if (difference === 0) {
        equals += 1;
        if (this.#random() * equals < 1) best = i;
      }
    }
    const node = nodes[best];
    invariant(node !== undefined, 'a best node is one of those that fit', { best, count: nodes.length });
    return node;
  }
}

function fits(
  node: NodeInfo,
  filters: readonly { readonly name: string; readonly filter: NodeFilter }[],
  counter: RefusalCounter,
): boolean {
  for (const { name, filter } of filters) {
    const refusal = filter(node);
    if (refusal === undefined) continue;
    counter.add(name, refusal);
    return false;
  }
  return true;
}

function addScores(
  totals: Float64Array,
  nodes: readonly NodeInfo[],
  plugin: ScorePlugin,
  score: NodeScore,
): void {
  const scores = new Float64Array(nodes.length);
  // Counted, not iterated: this loop runs for every node and plugin of every pod.
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i];
    if (node !== undefined) scores[i] = score(node);
  }
  plugin.normalize?.(scores);
  for (let i = 0; i < totals.length; i++) totals[i] = (totals[i] ?? 0) + plugin.weight * (scores[i] ?? 0);
}
