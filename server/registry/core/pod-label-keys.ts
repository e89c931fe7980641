import type { LabelSelector, Pod, PodAffinityTerm, PodSpec } from '../../../openapi/generated/types.ts';

/**
 * matchLabelKeys and mismatchLabelKeys name labels of the pod; at creation their values go into the selectors,
 * so that later the selectors alone decide.
 */
export function withMergedLabelKeys(pod: Pod): Pod {
  const { spec } = pod;
  if (spec === undefined) return pod;
  const labels = pod.metadata?.labels ?? {};
  return {
    ...pod,
    spec: {
      ...spec,
      ...(spec.topologySpreadConstraints === undefined
        ? {}
        : {
            topologySpreadConstraints: spec.topologySpreadConstraints.map((each) => ({
              ...each,
              ...mergedSelector(each.labelSelector, labels, each.matchLabelKeys ?? [], []),
            })),
          }),
      ...mergedAffinity(spec, labels),
    },
  };
}

type Labels = Readonly<Record<string, string>>;

function mergedAffinity({ affinity }: PodSpec, labels: Labels): Pick<PodSpec, 'affinity'> {
  if (affinity === undefined) return {};
  const { podAffinity, podAntiAffinity } = affinity;
  return {
    affinity: {
      ...affinity,
      ...(podAffinity === undefined ? {} : { podAffinity: mergedTerms(podAffinity, labels) }),
      ...(podAntiAffinity === undefined ? {} : { podAntiAffinity: mergedTerms(podAntiAffinity, labels) }),
    },
  };
}

type Terms = NonNullable<NonNullable<PodSpec['affinity']>['podAffinity']>;

function mergedTerms(terms: Terms, labels: Labels): Terms {
  const required = terms.requiredDuringSchedulingIgnoredDuringExecution;
  const preferred = terms.preferredDuringSchedulingIgnoredDuringExecution;
  return {
    ...(required === undefined
      ? {}
      : { requiredDuringSchedulingIgnoredDuringExecution: required.map((term) => mergedTerm(term, labels)) }),
    ...(preferred === undefined
      ? {}
      : {
          preferredDuringSchedulingIgnoredDuringExecution: preferred.map((each) => ({
            ...each,
            podAffinityTerm: mergedTerm(each.podAffinityTerm, labels),
          })),
        }),
  };
}

function mergedTerm(term: PodAffinityTerm, labels: Labels): PodAffinityTerm {
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] } = term;
  return { ...term, ...mergedSelector(labelSelector, labels, matchLabelKeys, mismatchLabelKeys) };
}

function mergedSelector(
  selector: LabelSelector | undefined,
  labels: Labels,
  match: readonly string[],
  mismatch: readonly string[],
): { readonly labelSelector?: LabelSelector } {
  if (selector === undefined) return {};
  const added = [
    ...match.map((key) => ({ key, operator: 'In' })),
    ...mismatch.map((key) => ({ key, operator: 'NotIn' })),
  ].flatMap(({ key, operator }) => {
    const value = labels[key];
    return value === undefined ? [] : [{ key, operator, values: [value] }];
  });
  if (added.length === 0) return { labelSelector: selector };
  return {
    labelSelector: { ...selector, matchExpressions: [...(selector.matchExpressions ?? []), ...added] },
  };
}
