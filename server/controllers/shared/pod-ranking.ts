import type { Pod } from '../../../openapi/generated/types.ts';
import { isReady, podCondition, restartsOf } from './pods.ts';

const phaseOrder: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };
const deletionCostAnnotation = 'controller.kubernetes.io/pod-deletion-cost';

/** The order in which a smaller replica count deletes: what is worth least comes first. `related` are the pods of all siblings. */
export function inDeletionOrder(
  pods: readonly Pod[],
  related: readonly Pod[],
  nowMs: number,
): readonly Pod[] {
  const crowd = new Map<string, number>();
  for (const pod of related) {
    const node = pod.spec?.nodeName ?? '';
    if (node !== '') crowd.set(node, (crowd.get(node) ?? 0) + 1);
  }
  return pods
    .map((pod) => ({ pod, rank: rankOf(pod, crowd, nowMs) }))
    .sort((a, b) => {
      const difference = compareRanks(a.rank, b.rank);
      return difference === 0 ? compareUids(a.pod, b.pod) : difference;
    })
    .map(({ pod }) => pod);
}

/** Smaller goes first, entry by entry. */
function rankOf(pod: Pod, crowd: ReadonlyMap<string, number>, nowMs: number): readonly number[] {
  const node = pod.spec?.nodeName ?? '';
  const ready = isReady(pod);
  return [
    node === '' ? 0 : 1,
    phaseOrder[pod.status?.phase ?? 'Pending'] ?? 2,
    ready ? 1 : 0,
    Number(pod.metadata?.annotations?.[deletionCostAnnotation] ?? 0),
    -(crowd.get(node) ?? 0),
    ready ? ageRank(podCondition(pod, 'Ready')?.lastTransitionTime, nowMs) : 0,
    -restartsOf(pod),
    ageRank(pod.metadata?.creationTimestamp ?? undefined, nowMs),
  ];
}

/** Ages count by powers of two, so that among equals chance (the uid) decides and not always the youngest. */
function ageRank(since: string | undefined, nowMs: number): number {
  const ageMs = since === undefined ? 0 : nowMs - Date.parse(since);
  return ageMs <= 0 ? -1 : Math.floor(Math.log2(ageMs * 1e6));
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [index, rank] of a.entries()) {
    const difference = rank - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareUids(a: Pod, b: Pod): number {
  return (a.metadata?.uid ?? '') < (b.metadata?.uid ?? '') ? -1 : 1;
}
