import type { Node, NodeSelectorRequirement, NodeSelectorTerm } from '../../../openapi/generated/types.ts';
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
        (required === undefined || required.nodeSelectorTerms.some((term) => matchesTerm(term, node)));
      return fits ? undefined : refusal;
    };
  },
  preScore({ pod }) {
    const preferred = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    if (preferred.length === 0) return undefined;
    return ({ node }) =>
      preferred.reduce(
        (sum, { weight, preference }) => sum + (matchesPreference(preference, node) ? weight : 0),
        0,
      );
  },
  normalize(scores) {
    normalizeByMax(scores, false);
  },
} satisfies FilterPlugin & ScorePlugin;

/** A term without requirements matches no node; all its requirements must hold. */
export function matchesTerm(term: NodeSelectorTerm, node: Node | undefined): boolean {
  const { matchExpressions = [], matchFields = [] } = term;
  if (matchExpressions.length + matchFields.length === 0) return false;
  return holdsAll(term, node);
}

/** A preference without requirements is for every node. */
function matchesPreference(term: NodeSelectorTerm, node: Node | undefined): boolean {
  return holdsAll(term, node);
}

function holdsAll(
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
  node: Node | undefined,
): boolean {
  const labels = node?.metadata?.labels ?? {};
  return (
    matchExpressions.every((each) => holds(each, labels[each.key])) &&
    matchFields.every((each) => holds(each, each.key === 'metadata.name' ? node?.metadata?.name : undefined))
  );
}

function holds({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return compares(value, values[0], 1);
    case 'Lt':
      return compares(value, values[0], -1);
    default:
      return false;
  }
}

function compares(value: string | undefined, bound: string | undefined, sign: 1 | -1): boolean {
  const integer = /^-?\d+$/;
  if (value === undefined || bound === undefined || !integer.test(value) || !integer.test(bound))
    return false;
  return sign * (Number(value) - Number(bound)) > 0;
}
