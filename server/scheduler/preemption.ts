import type { PodDisruptionBudget } from '../../openapi/generated/types.ts';
import { matchesLabels } from '../../openapi/machinery/labels.ts';
import type { NodeInfo, PodInfo } from './node-info.ts';
import type { Nominations } from './nominations.ts';
import { readSelector } from './pod-terms.ts';
import type { Placer } from './schedule-one.ts';
import type { Snapshot } from './snapshot.ts';

export interface PreemptionInput {
  readonly pod: PodInfo;
  /** Nodes that refused the pod for what other pods take. */
  readonly nodes: readonly NodeInfo[];
  readonly snapshot: Snapshot;
  readonly placer: Placer;
  readonly nominations: Nominations;
  readonly budgets: readonly PodDisruptionBudget[];
  /** When a pod started; Infinity when it has not. */
  readonly startMs: (pod: PodInfo) => number;
  readonly random: () => number;
}

/** Pods that would go so that another fits, the most important one first. */
export interface Candidate {
  readonly node: NodeInfo;
  readonly victims: readonly PodInfo[];
  /** How many of them their disruption budget would rather keep. */
  readonly violations: number;
}

export type Preemption =
  | { readonly candidate: Candidate }
  | {
      readonly candidate: undefined;
      /** By node that was tried, why it would not do; undefined: no pod there has a lower priority. */
      readonly tried: readonly (readonly string[] | undefined)[];
    };

/** So many candidates are enough to choose from, or a tenth of the nodes. */
const candidatesMin = 100;

/**
 * The fewest and least important pods of one node that would have to go so that `pod` fits there. Only pods of a lower priority may.
 * The snapshot is afterwards as it was before.
 */
export function findPreemption(input: PreemptionInput): Preemption {
  const { nodes, snapshot, random } = input;
  const enough = Math.max(candidatesMin, Math.floor(snapshot.nodeCount / 10));
  const first = Math.floor(random() * nodes.length);
  const candidates: Candidate[] = [];
  const tried: (readonly string[] | undefined)[] = [];
  for (let i = 0; i < nodes.length && candidates.length < enough; i++) {
    const node = nodes[(first + i) % nodes.length];
    if (node === undefined) continue;
    if (!node.hasLowerThan(input.pod.priority)) {
      tried.push(undefined);
      continue;
    }
    const candidate = candidateOn(node, input);
    if ('reasons' in candidate) tried.push(candidate.reasons);
    else candidates.push(candidate);
  }
  const ranked = candidates.map((candidate) => ({ candidate, rank: rankOf(candidate, input.startMs) }));
  const best = ranked.sort((a, b) => compareRanks(a.rank, b.rank))[0]?.candidate;
  return best === undefined ? { candidate: undefined, tried } : { candidate: best };
}

/** All go that may; then one after the other comes back that leaves room, the most important first. */
function candidateOn(
  node: NodeInfo,
  { pod, snapshot, placer, nominations, budgets, startMs }: PreemptionInput,
): Candidate | { readonly reasons: readonly string[] } {
  const byImportance = (a: PodInfo, b: PodInfo): number => compareImportance(a, b, startMs);
  const lower = [...node.pods.values()].filter(({ priority }) => priority < pod.priority).sort(byImportance);
  for (const { uid } of lower) snapshot.remove(uid);
  const restore = (): void => {
    for (const info of lower) snapshot.place(info, node.name);
  };
  const objection = placer.objection(pod, node, snapshot, nominations);
  if (objection !== undefined) {
    restore();
    return { reasons: objection.refusal.reasons };
  }
  const victims: PodInfo[] = [];
  const guarded = guardedBy(budgets, lower);
  let violations = 0;
  for (const info of [
    ...lower.filter((each) => guarded.has(each)),
    ...lower.filter((each) => !guarded.has(each)),
  ]) {
    snapshot.place(info, node.name);
    if (placer.objection(pod, node, snapshot, nominations) === undefined) continue;
    snapshot.remove(info.uid);
    victims.push(info);
    if (guarded.has(info)) violations += 1;
  }
  restore();
  return { node, victims: victims.sort(byImportance), violations };
}

/** Pods whose budget does not allow one more to go, when those before them in the list have gone. */
function guardedBy(budgets: readonly PodDisruptionBudget[], pods: readonly PodInfo[]): ReadonlySet<PodInfo> {
  const guarded = new Set<PodInfo>();
  if (budgets.length === 0) return guarded;
  const left = budgets.map((budget) => ({
    budget,
    selector: readSelector(budget.spec?.selector),
    allowed: budget.status?.disruptionsAllowed ?? 0,
  }));
  for (const info of pods) {
    const { namespace, labels, name = '' } = info.pod.metadata ?? {};
    for (const each of left) {
      const { budget, selector } = each;
      // An empty selector holds for no pod here, unlike for evictions.
      if (budget.metadata?.namespace !== namespace || selector.length === 0) continue;
      if (!matchesLabels(selector, labels) || budget.status?.disruptedPods?.[name] !== undefined) continue;
      each.allowed -= 1;
      if (each.allowed < 0) guarded.add(info);
    }
  }
  return guarded;
}

/** The higher priority first, then what runs for longer. */
function compareImportance(a: PodInfo, b: PodInfo, startMs: (pod: PodInfo) => number): number {
  const difference = b.priority - a.priority;
  if (difference !== 0) return difference;
  const [left, right] = [startMs(a), startMs(b)];
  return left === right ? 0 : left - right;
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [i, rank] of a.entries()) {
    const other = b[i] ?? 0;
    if (rank !== other) return rank < other ? -1 : 1;
  }
  return 0;
}

/** The less the better: broken budgets, the highest priority, the sum of priorities, the number of pods, the age of the most important. */
function rankOf({ victims, violations }: Candidate, startMs: (pod: PodInfo) => number): readonly number[] {
  const highest = victims[0]?.priority ?? -Infinity;
  const eldest = Math.min(...victims.filter(({ priority }) => priority === highest).map(startMs));
  // Every pod weighs something, also one of a negative priority.
  const sum = victims.reduce((total, { priority }) => total + priority + 2 ** 31, 0);
  return [violations, highest, sum, victims.length, -eldest];
}
