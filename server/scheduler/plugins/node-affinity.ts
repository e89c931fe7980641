import { matchesNodePreference, matchesNodeTerm } from '../../../openapi/client/node-rules.ts';
import { normalizeByMax, type FilterPlugin, type Refusal, type ScorePlugin } from '../framework.ts';

const refusal: Refusal = {
  reasons: ["node(s) didn't match Pod's node affinity/selector"],
  resolvable: false,
};

/** nodeSelector and the node affinity that is required, as a filter; the preferred one as a score. */
export const nodeAffinity = {
  name: 'NodeAffinity',
  weight: 2,
  wokenBy: ['NodeLabels'],
  preFilter({ pod }) {
    const selector = Object.entries(pod.spec?.nodeSelector ?? {});
    const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    if (selector.length === 0 && required === undefined) return undefined;
    return ({ node }) => {
      const labels = node?.metadata?.labels;
      const fits =
        selector.every(([name, value]) => labels?.[name] === value) &&
        (required === undefined || required.nodeSelectorTerms.some((term) => matchesNodeTerm(term, node)));
      return fits ? undefined : refusal;
    };
  },
  preScore({ pod }) {
    const preferred = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    if (preferred.length === 0) return undefined;
    return ({ node }) =>
      preferred.reduce(
        (sum, { weight, preference }) => sum + (matchesNodePreference(preference, node) ? weight : 0),
        0,
      );
  },
  normalize(scores) {
    normalizeByMax(scores, false);
  },
} satisfies FilterPlugin & ScorePlugin;
