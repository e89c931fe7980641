import type { PodInfo } from './node-info.ts';
import type { PodTerm } from './pod-terms.ts';

/** Pods that somebody wants counted. */
export interface PodQuery {
  /** Equal for queries that hold for the same pods. */
  readonly key: string;
  /** The one namespace it is about; undefined when there may be several. */
  readonly namespace: string | undefined;
  matches(pod: PodInfo): boolean;
}

export type CountByNode = ReadonlyMap<string, number>;

interface Counted {
  readonly query: PodQuery;
  readonly byNode: Map<string, number>;
}

/** Queries that are kept; the one that was asked longest ago goes first. */
const queriesMax = 256;

/**
 * How many pods that a query holds for are on each node. A query is counted when it is first asked, and kept up to date from then on:
 * the pods of one Deployment ask the same. While nobody asks, pods come and go at no cost.
 */
export class PodIndex {
  readonly #queries = new Map<string, Counted>();

  /** `pods`: all there are, with their nodes; read only for a query that is new. */
  count(query: PodQuery, pods: () => Iterable<readonly [PodInfo, string]>): CountByNode {
    const known = this.#queries.get(query.key);
    if (known !== undefined) {
      this.#queries.delete(query.key);
      this.#queries.set(query.key, known);
      return known.byNode;
    }
    const fresh: Counted = { query, byNode: new Map() };
    for (const [pod, node] of pods()) change(fresh, pod, node, 1);
    this.#queries.set(query.key, fresh);
    const oldest = this.#queries.keys().next();
    if (this.#queries.size > queriesMax && oldest.done !== true) this.#queries.delete(oldest.value);
    return fresh.byNode;
  }

  add(pod: PodInfo, node: string): void {
    for (const counted of this.#queries.values()) change(counted, pod, node, 1);
  }

  remove(pod: PodInfo, node: string): void {
    for (const counted of this.#queries.values()) change(counted, pod, node, -1);
  }

  /** What was counted by the labels of namespaces is counted anew. */
  forgetNamespaces(): void {
    for (const [key, { query }] of this.#queries)
      if (query.namespace === undefined) this.#queries.delete(key);
  }
}

function change({ query, byNode }: Counted, pod: PodInfo, node: string, by: 1 | -1): void {
  if (query.namespace !== undefined && query.namespace !== pod.pod.metadata?.namespace) return;
  if (query.matches(pod)) raise(byNode, node, by);
}

function raise(counts: Map<string, number>, node: string, by: number): void {
  const count = (counts.get(node) ?? 0) + by;
  if (count === 0) counts.delete(node);
  else counts.set(node, count);
}

/** A term of pods that are placed already, and on which nodes how many of them say it. */
export interface PlacedTerm {
  readonly term: PodTerm;
  readonly weight: number;
  readonly byNode: CountByNode;
}

interface MutableTerm extends PlacedTerm {
  readonly byNode: Map<string, number>;
}

/** A required affinity of a placed pod is worth so much to those that it likes. */
const requiredWeight = 1;

/** What placed pods say of others: each different term once. */
export class TermIndex {
  readonly #antiAffinity = new Map<string, MutableTerm>();
  readonly #weighted = new Map<string, MutableTerm>();

  get antiAffinity(): Iterable<PlacedTerm> {
    return this.#antiAffinity.values();
  }

  get weighted(): Iterable<PlacedTerm> {
    return this.#weighted.values();
  }

  change({ terms }: PodInfo, node: string, by: 1 | -1): void {
    if (terms === undefined) return;
    for (const term of terms.antiAffinity) note(this.#antiAffinity, { term, weight: 0 }, node, by);
    for (const term of terms.affinity) note(this.#weighted, { term, weight: requiredWeight }, node, by);
    for (const weighted of terms.preferred) note(this.#weighted, weighted, node, by);
  }
}

function note(
  index: Map<string, MutableTerm>,
  { term, weight }: { readonly term: PodTerm; readonly weight: number },
  node: string,
  by: 1 | -1,
): void {
  const key = `${weight} ${term.topologyKey} ${term.about}`;
  const known = index.get(key) ?? { term, weight, byNode: new Map<string, number>() };
  raise(known.byNode, node, by);
  if (known.byNode.size === 0) index.delete(key);
  else index.set(key, known);
}
