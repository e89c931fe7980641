import type { Taint } from '../../../openapi/generated/types.ts';
import { normalizeByMax, type FilterPlugin, type Refusal, type ScorePlugin } from '../framework.ts';
import { tolerates } from '../../../openapi/client/node-rules.ts';

const refusal: Refusal = { reasons: ['node(s) had untolerated taint(s)'], resolvable: false };
const none: readonly Taint[] = [];

/** Keeps pods off nodes with taints that they do not tolerate, and prefers nodes with few that only ask to stay away. */
export const taintToleration = {
  name: 'TaintToleration',
  weight: 3,
  wokenBy: ['NodeTaints'],
  preFilter({ pod }) {
    const tolerations = pod.spec?.tolerations ?? [];
    return ({ node }) => {
      for (const taint of node?.spec?.taints ?? none) {
        const forbids = taint.effect === 'NoSchedule' || taint.effect === 'NoExecute';
        if (forbids && !tolerates(tolerations, taint)) return refusal;
      }
      return undefined;
    };
  },
  preScore({ pod }) {
    const tolerations = (pod.spec?.tolerations ?? []).filter(
      ({ effect = '' }) => effect === '' || effect === 'PreferNoSchedule',
    );
    return ({ node }) => {
      let count = 0;
      for (const taint of node?.spec?.taints ?? none)
        if (taint.effect === 'PreferNoSchedule' && !tolerates(tolerations, taint)) count += 1;
      return count;
    };
  },
  normalize(scores) {
    normalizeByMax(scores, true);
  },
} satisfies FilterPlugin & ScorePlugin;
