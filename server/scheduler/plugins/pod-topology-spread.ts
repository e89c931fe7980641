import { matchesNodeTerm, tolerates } from '../../../openapi/client/node-rules.ts';
import type { Pod, TopologySpreadConstraint } from '../../../openapi/generated/types.ts';
import { matchesLabels } from '../../../openapi/machinery/labels.ts';
import {
  scoreMax,
  type ClusterFacts,
  type FilterPlugin,
  type Refusal,
  type ScorePlugin,
} from '../framework.ts';
import type { NodeInfo, PodInfo } from '../node-info.ts';
import type { CountByNode } from '../pod-index.ts';
import { readSelector } from '../pod-terms.ts';

const text = "node(s) didn't match pod topology spread constraints";
const isUneven: Refusal = { reasons: [text], resolvable: true };
const lacksLabel: Refusal = { reasons: [`${text} (missing required label)`], resolvable: false };
const hostNameLabel = 'kubernetes.io/hostname';
const noCounts: CountByNode = new Map();

/** Keeps pods even over places: strictly as a filter, as well as can be as a score. */
export const podTopologySpread = {
  name: 'PodTopologySpread',
  weight: 2,
  wokenBy: ['PodRemoved', 'PodAdded', 'PodLabels', 'NodeLabels', 'NodeTaints'],
  preFilter({ pod }, cluster) {
    const constraints = constraintsOf(pod, 'DoNotSchedule', cluster);
    if (constraints.length === 0) return undefined;
    const domains = constraints.map(() => new Map<string, number>());
    for (const node of cluster.nodes) countIn(node, constraints, domains);
    const fewest = constraints.map(({ minDomains }, i) => fewestOf(domains[i] ?? new Map(), minDomains));
    return ({ node }) => {
      for (let i = 0; i < constraints.length; i++) {
        const constraint = constraints[i];
        if (constraint === undefined) continue;
        const value = node?.metadata?.labels?.[constraint.topologyKey];
        if (value === undefined) return lacksLabel;
        const here = (domains[i]?.get(value) ?? 0) + constraint.self;
        if (here - (fewest[i] ?? 0) > constraint.maxSkew) return isUneven;
      }
      return undefined;
    };
  },
  preScore({ pod }, cluster, nodes) {
    const constraints = constraintsOf(pod, 'ScheduleAnyway', cluster);
    if (constraints.length === 0) return undefined;
    const scored = nodes.filter((node) => hasAllLabels(node, constraints));
    const domains = constraints.map(({ topologyKey }) => {
      const values = scored.map(({ node }) => node?.metadata?.labels?.[topologyKey] ?? '');
      return new Map(values.map((value) => [value, 0]));
    });
    for (const node of cluster.nodes) countIn(node, constraints, domains, true);
    const weights = constraints.map(({ topologyKey }, i) =>
      Math.log((topologyKey === hostNameLabel ? scored.length : (domains[i]?.size ?? 0)) + 2),
    );
    return (node) => {
      if (!hasAllLabels(node, constraints)) return Number.NaN;
      let score = 0;
      for (const [i, { topologyKey, maxSkew, byNode }] of constraints.entries()) {
        const value = node.node?.metadata?.labels?.[topologyKey] ?? '';
        const here = topologyKey === hostNameLabel ? byNode.get(node.name) : domains[i]?.get(value);
        score += (here ?? 0) * (weights[i] ?? 0) + maxSkew - 1;
      }
      return Math.round(score);
    };
  },
  normalize(scores) {
    let [min, max] = [Infinity, 0];
    for (const score of scores) {
      if (Number.isNaN(score)) continue;
      min = Math.min(min, score);
      max = Math.max(max, score);
    }
    for (const [i, score] of scores.entries())
      if (Number.isNaN(score)) scores[i] = 0;
      else scores[i] = max === 0 ? scoreMax : Math.floor((scoreMax * (max + min - score)) / max);
  },
} satisfies FilterPlugin & ScorePlugin;

interface Constraint {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  /** 1 when the pod is one of those it counts. */
  readonly self: number;
  /** Pods that count, by node. */
  readonly byNode: CountByNode;
  /** False: the node's place is none for this pod. */
  counts(node: NodeInfo): boolean;
}

const noConstraints: readonly Constraint[] = [];

function constraintsOf(pod: Pod, when: string, cluster: ClusterFacts): readonly Constraint[] {
  const given = pod.spec?.topologySpreadConstraints;
  if (given === undefined || given.length === 0) return noConstraints;
  return given
    .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === when)
    .map((constraint) => read(constraint, pod, cluster));
}

function read(constraint: TopologySpreadConstraint, pod: Pod, cluster: ClusterFacts): Constraint {
  const { topologyKey, maxSkew, minDomains = 1, labelSelector } = constraint;
  const { namespace = '', labels } = pod.metadata ?? {};
  const matchLabels = { ...labelSelector?.matchLabels };
  for (const key of constraint.matchLabelKeys ?? []) {
    const value = labels?.[key];
    if (value !== undefined) matchLabels[key] = value;
  }
  const merged = labelSelector === undefined ? undefined : { ...labelSelector, matchLabels };
  const selector = readSelector(merged);
  // An empty selector counts no pods, though it holds for all.
  const byNode =
    selector.length === 0
      ? noCounts
      : cluster.countPods({
          key: `spread ${namespace} ${JSON.stringify(merged ?? null)}`,
          namespace,
          matches: (other: PodInfo) =>
            other.pod.metadata?.deletionTimestamp === undefined &&
            matchesLabels(selector, other.pod.metadata?.labels),
        });
  return {
    topologyKey,
    maxSkew,
    minDomains,
    self: matchesLabels(selector, labels) ? 1 : 0,
    byNode,
    counts: nodeRule(constraint, pod),
  };
}

function nodeRule(
  { nodeAffinityPolicy, nodeTaintsPolicy }: TopologySpreadConstraint,
  { spec }: Pod,
): (node: NodeInfo) => boolean {
  const selector = Object.entries(spec?.nodeSelector ?? {});
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const heedsAffinity = nodeAffinityPolicy !== 'Ignore' && (selector.length > 0 || required !== undefined);
  const tolerations = spec?.tolerations ?? [];
  return ({ node }) => {
    if (heedsAffinity) {
      const labels = node?.metadata?.labels;
      if (!selector.every(([name, value]) => labels?.[name] === value)) return false;
      if (required !== undefined && !required.nodeSelectorTerms.some((term) => matchesNodeTerm(term, node)))
        return false;
    }
    if (nodeTaintsPolicy !== 'Honor') return true;
    return (node?.spec?.taints ?? []).every(
      (taint) => taint.effect === 'PreferNoSchedule' || tolerates(tolerations, taint),
    );
  };
}

function hasAllLabels({ node }: NodeInfo, constraints: readonly Constraint[]): boolean {
  const labels = node?.metadata?.labels;
  return constraints.every(({ topologyKey }) => labels?.[topologyKey] !== undefined);
}

/** Adds a node's pods to its places; with `onlyKnown` places that are not there already do not matter. */
function countIn(
  node: NodeInfo,
  constraints: readonly Constraint[],
  domains: readonly Map<string, number>[],
  onlyKnown = false,
): void {
  if (!hasAllLabels(node, constraints)) return;
  for (const [i, constraint] of constraints.entries()) {
    const value = node.node?.metadata?.labels?.[constraint.topologyKey] ?? '';
    const known = domains[i]?.get(value);
    if ((onlyKnown && known === undefined) || !constraint.counts(node)) continue;
    domains[i]?.set(value, (known ?? 0) + (constraint.byNode.get(node.name) ?? 0));
  }
}

function fewestOf(domains: ReadonlyMap<string, number>, minDomains: number): number {
  if (domains.size < minDomains) return 0;
  let fewest = Infinity;
  for (const count of domains.values()) fewest = Math.min(fewest, count);
  return fewest === Infinity ? 0 : fewest;
}
