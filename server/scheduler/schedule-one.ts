import { invariant } from '../../openapi/machinery/invariant.ts';
import type { FilterPlugin, NodeFilter, NodeScore, Refusal, ScorePlugin } from './framework.ts';
import { RefusalCounter, type Refusals } from './fit-error.ts';
import type { NodeInfo, PodInfo } from './node-info.ts';
import type { Nominations } from './nominations.ts';
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

interface NamedFilter {
  readonly name: string;
  readonly filter: NodeFilter;
}

/** What a plugin said against a node, or against the pod. */
export interface Objection {
  readonly plugin: string;
  readonly refusal: Refusal;
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

  /** The best node of those looked at, or why there is none. The snapshot is afterwards as it was before. */
  place(pod: PodInfo, snapshot: Snapshot, nominations: Nominations): Placement {
    const filters = this.#filtersOf(pod, snapshot);
    const counter = new RefusalCounter();
    if ('podReason' in filters) {
      const refusals = { ...counter.result(snapshot.nodeCount), podReason: filters.podReason };
      return { node: undefined, refusals: { ...refusals, plugins: new Set([filters.plugin]) } };
    }
    const promised = this.#promisedNode(pod, snapshot, nominations);
    if (promised !== undefined) return { node: promised };
    const fits = (node: NodeInfo): boolean => {
      const objection =
        firstObjection(node, filters) ?? this.#besideNominated(pod, node, snapshot, nominations);
      if (objection === undefined) return true;
      counter.add(objection.plugin, objection.refusal, node);
      return false;
    };
    const fitting = this.#fittingNodes(snapshot.nodes, fits);
    const [only] = fitting;
    if (only === undefined) return { node: undefined, refusals: counter.result(snapshot.nodeCount) };
    return { node: fitting.length === 1 ? only : this.#best(pod, snapshot, fitting) };
  }

  /** What stands against the pod on one node, as the snapshot is now; undefined: it fits. */
  objection(
    pod: PodInfo,
    node: NodeInfo,
    snapshot: Snapshot,
    nominations: Nominations,
  ): Objection | undefined {
    const filters = this.#filtersOf(pod, snapshot);
    if ('podReason' in filters)
      return { plugin: filters.plugin, refusal: { reasons: [filters.podReason], resolvable: false } };
    return firstObjection(node, filters) ?? this.#besideNominated(pod, node, snapshot, nominations);
  }

  #filtersOf(
    pod: PodInfo,
    snapshot: Snapshot,
  ): readonly NamedFilter[] | { readonly podReason: string; readonly plugin: string } {
    const filters: NamedFilter[] = [];
    for (const plugin of this.#profile.filters) {
      const filter = plugin.preFilter(pod, snapshot);
      if (filter === undefined) continue;
      if (typeof filter !== 'function') return { podReason: filter.podReason, plugin: plugin.name };
      filters.push({ name: plugin.name, filter });
    }
    return filters;
  }

  /** The node that was cleared for the pod comes before all others. */
  #promisedNode(pod: PodInfo, snapshot: Snapshot, nominations: Nominations): NodeInfo | undefined {
    const name = nominations.nodeOf(pod.uid);
    const node = name === undefined ? undefined : snapshot.info(name);
    if (node?.node === undefined) return undefined;
    return this.objection(pod, node, snapshot, nominations) === undefined ? node : undefined;
  }

  /** Room that was made for pods of the same or a higher priority is not free, though they are not there yet. */
  #besideNominated(
    pod: PodInfo,
    node: NodeInfo,
    snapshot: Snapshot,
    nominations: Nominations,
  ): Objection | undefined {
    if (nominations.size === 0) return undefined;
    const others = nominations
      .on(node.name)
      .filter((other) => other.uid !== pod.uid && other.priority >= pod.priority);
    if (others.length === 0) return undefined;
    for (const other of others) snapshot.place(other, node.name);
    const filters = this.#filtersOf(pod, snapshot);
    const objection = 'podReason' in filters ? undefined : firstObjection(node, filters);
    for (const other of others) snapshot.remove(other.uid);
    return objection;
  }

  #fittingNodes(nodes: readonly NodeInfo[], fits: (node: NodeInfo) => boolean): NodeInfo[] {
    const enough = enoughNodes(nodes.length);
    const fitting: NodeInfo[] = [];
    let looked = 0;
    for (; looked < nodes.length && fitting.length < enough; looked++) {
      const node = nodes[(this.#start + looked) % nodes.length];
      if (node !== undefined && fits(node)) fitting.push(node);
    }
    this.#start = nodes.length === 0 ? 0 : (this.#start + looked) % nodes.length;
    return fitting;
  }

  #best(pod: PodInfo, snapshot: Snapshot, nodes: readonly NodeInfo[]): NodeInfo {
    const totals = new Float64Array(nodes.length);
    for (const plugin of this.#profile.scores) {
      const score = plugin.preScore(pod, snapshot, nodes);
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

function firstObjection(node: NodeInfo, filters: readonly NamedFilter[]): Objection | undefined {
  for (const { name, filter } of filters) {
    const refusal = filter(node);
    if (refusal !== undefined) return { plugin: name, refusal };
  }
  return undefined;
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
