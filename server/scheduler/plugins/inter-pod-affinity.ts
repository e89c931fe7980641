import type { ClusterFacts, FilterPlugin, NodeFilter, Refusal, ScorePlugin } from '../framework.ts';
import { scoreMax } from '../framework.ts';
import type { NodeInfo, PodInfo } from '../node-info.ts';
import type { CountByNode, PodQuery } from '../pod-index.ts';
import { concerns, type PodTerm } from '../pod-terms.ts';

const lacksFriends: Refusal = { reasons: ["node(s) didn't match pod affinity rules"], resolvable: false };
const hasFoes: Refusal = { reasons: ["node(s) didn't match pod anti-affinity rules"], resolvable: true };
const isUnwanted: Refusal = {
  reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"],
  resolvable: true,
};

/** Values of one label of nodes, with a number each: pods there, or what the place is worth. */
type ByValue = Map<string, number>;

/** Near the pods that the pod's affinity asks for, away from those that it or they want to be away from. */
export const interPodAffinity = {
  name: 'InterPodAffinity',
  weight: 2,
  wokenBy: ['PodRemoved', 'PodAdded', 'PodLabels', 'NodeLabels', 'NamespaceLabels'],
  preFilter(pod, cluster) {
    const filters = [
      affinityFilter(pod, cluster),
      antiAffinityFilter(pod, cluster),
      existingFilter(pod, cluster),
    ].filter((filter) => filter !== undefined);
    if (filters.length === 0) return undefined;
    return (node) => {
      for (const filter of filters) {
        const refusal = filter(node);
        if (refusal !== undefined) return refusal;
      }
      return undefined;
    };
  },
  preScore(pod, cluster) {
    const worth = new Map<string, ByValue>();
    for (const { term, weight } of pod.terms?.preferred ?? [])
      addUp(worth, { term, weight, byNode: cluster.countPods(queryOf([term], cluster)) }, cluster);
    for (const placed of cluster.terms.weighted)
      if (concerns(placed.term, pod.pod, cluster.namespaceLabels)) addUp(worth, placed, cluster);
    if (worth.size === 0) return undefined;
    const keys = [...worth];
    return ({ node }) => {
      const labels = node?.metadata?.labels ?? {};
      let sum = 0;
      for (const [key, values] of keys) sum += values.get(labels[key] ?? '') ?? 0;
      return sum;
    };
  },
  normalize(scores) {
    const [min, max] = [Math.min(...scores), Math.max(...scores)];
    for (const [i, score] of scores.entries())
      scores[i] = max === min ? 0 : Math.floor((scoreMax * (score - min)) / (max - min));
  },
} satisfies FilterPlugin & ScorePlugin;

/** Pods that all of the terms are about. */
function queryOf(terms: readonly PodTerm[], { namespaceLabels }: ClusterFacts): PodQuery {
  const [only] = terms.length === 1 ? terms : [];
  const isOne = only?.namespaceSelector === undefined && only?.namespaces.size === 1;
  return {
    key: terms.map((term) => term.about).join(' '),
    namespace: isOne ? [...only.namespaces][0] : undefined,
    matches: ({ pod }) => terms.every((term) => concerns(term, pod, namespaceLabels)),
  };
}

/** Pods by the value that their node's label has. */
function byValue(counts: CountByNode, key: string, cluster: ClusterFacts): ByValue {
  const values: ByValue = new Map();
  for (const [name, count] of counts) {
    const value = cluster.info(name)?.node?.metadata?.labels?.[key];
    if (value !== undefined) values.set(value, (values.get(value) ?? 0) + count);
  }
  return values;
}

function affinityFilter({ terms, pod }: PodInfo, cluster: ClusterFacts): NodeFilter | undefined {
  const wanted = terms?.affinity ?? [];
  if (wanted.length === 0) return undefined;
  const counts = cluster.countPods(queryOf(wanted, cluster));
  const places = wanted.map(({ topologyKey }) => ({
    topologyKey,
    values: byValue(counts, topologyKey, cluster),
  }));
  // The first of a group that likes itself has to start somewhere.
  const isFirst =
    places.every(({ values }) => values.size === 0) &&
    wanted.every((term) => concerns(term, pod, cluster.namespaceLabels));
  return ({ node }) => {
    const labels = node?.metadata?.labels ?? {};
    const fits = places.every(({ topologyKey, values }) => {
      const value = labels[topologyKey];
      return value !== undefined && (isFirst || values.has(value));
    });
    return fits ? undefined : lacksFriends;
  };
}

function antiAffinityFilter({ terms }: PodInfo, cluster: ClusterFacts): NodeFilter | undefined {
  const places = (terms?.antiAffinity ?? []).map((term) => ({
    key: term.topologyKey,
    values: byValue(cluster.countPods(queryOf([term], cluster)), term.topologyKey, cluster),
  }));
  return away(places, hasFoes);
}

function existingFilter({ pod }: PodInfo, cluster: ClusterFacts): NodeFilter | undefined {
  const places: { key: string; values: ByValue }[] = [];
  for (const { term, byNode } of cluster.terms.antiAffinity)
    if (concerns(term, pod, cluster.namespaceLabels))
      places.push({ key: term.topologyKey, values: byValue(byNode, term.topologyKey, cluster) });
  return away(places, isUnwanted);
}

function away(
  places: readonly { readonly key: string; readonly values: ByValue }[],
  refusal: Refusal,
): NodeFilter | undefined {
  const taken = places.filter(({ values }) => values.size > 0);
  if (taken.length === 0) return undefined;
  return ({ node }: NodeInfo) => {
    const labels = node?.metadata?.labels ?? {};
    for (const { key, values } of taken) if (values.has(labels[key] ?? '')) return refusal;
    return undefined;
  };
}

function addUp(
  worth: Map<string, ByValue>,
  { term, weight, byNode }: { readonly term: PodTerm; readonly weight: number; readonly byNode: CountByNode },
  cluster: ClusterFacts,
): void {
  const values = worth.get(term.topologyKey) ?? new Map<string, number>();
  for (const [value, count] of byValue(byNode, term.topologyKey, cluster))
    values.set(value, (values.get(value) ?? 0) + weight * count);
  if (values.size > 0) worth.set(term.topologyKey, values);
}
