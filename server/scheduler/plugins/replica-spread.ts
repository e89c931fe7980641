import { normalizeByMax, type ScorePlugin } from '../framework.ts';

/**
 * Prefers nodes with few pods of the same owner, so that replicas do not share a node while others are free:
 * what kube-scheduler's default constraints of PodTopologySpread do for pods that state none, by host name.
 */
export const replicaSpread = {
  name: 'ReplicaSpread',
  weight: 2,
  preScore({ ownerUid, pod }) {
    if (ownerUid === '' || (pod.spec?.topologySpreadConstraints ?? []).length > 0) return undefined;
    return (node) => node.replicas.get(ownerUid) ?? 0;
  },
  normalize(scores) {
    normalizeByMax(scores, true);
  },
} satisfies ScorePlugin;
