import type { Pod, PodAffinityTerm, WeightedPodAffinityTerm } from '../../openapi/generated/types.ts';
import {
  matchesLabels,
  nothing,
  SelectorError,
  selectorOf,
  type Labels,
  type LabelSelector,
  type LabelSelectorObject,
} from '../../openapi/machinery/labels.ts';

/** The labels of a namespace. */
export type NamespaceLabels = (name: string) => Labels | undefined;

/** One affinity term of a pod, read once: which other pods it is about, and what counts as the same place. */
export interface PodTerm {
  readonly topologyKey: string;
  readonly namespaces: ReadonlySet<string>;
  /** Undefined when the namespaces are named only. */
  readonly namespaceSelector: LabelSelector | undefined;
  readonly selector: LabelSelector;
  /** Equal for terms that are about the same pods. */
  readonly about: string;
}

export interface WeightedTerm {
  readonly term: PodTerm;
  /** Below 0 for one that asks to stay away. */
  readonly weight: number;
}

export interface PodTerms {
  readonly affinity: readonly PodTerm[];
  readonly antiAffinity: readonly PodTerm[];
  readonly preferred: readonly WeightedTerm[];
}

/** Undefined for a pod that says nothing of other pods. */
export function termsOf(pod: Pod): PodTerms | undefined {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  if (podAffinity === undefined && podAntiAffinity === undefined) return undefined;
  const namespace = pod.metadata?.namespace ?? '';
  const read = (term: PodAffinityTerm): PodTerm => termOf(term, namespace);
  const weigh =
    (sign: 1 | -1) =>
    ({ podAffinityTerm, weight }: WeightedPodAffinityTerm): WeightedTerm => ({
      term: read(podAffinityTerm),
      weight: sign * weight,
    });
  return {
    affinity: (podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(read),
    antiAffinity: (podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(read),
    preferred: [
      ...(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(weigh(1)),
      ...(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(weigh(-1)),
    ],
  };
}

function termOf(term: PodAffinityTerm, ownNamespace: string): PodTerm {
  const { topologyKey, labelSelector, namespaces = [], namespaceSelector } = term;
  const named = namespaces.length === 0 && namespaceSelector === undefined ? [ownNamespace] : namespaces;
  return {
    topologyKey,
    namespaces: new Set(named),
    namespaceSelector: namespaceSelector === undefined ? undefined : readSelector(namespaceSelector),
    selector: readSelector(labelSelector),
    about: JSON.stringify([[...named].sort(), namespaceSelector ?? null, labelSelector ?? null]),
  };
}

/** A selector that cannot be read, which validation lets nobody store, holds for nothing. */
export function readSelector(selector: LabelSelectorObject | undefined): LabelSelector {
  try {
    return selectorOf(selector);
  } catch (error) {
    if (error instanceof SelectorError) return nothing;
    throw error;
  }
}

/** True when the term is about this pod. */
export function concerns(term: PodTerm, pod: Pod, labelsOf: NamespaceLabels): boolean {
  const { namespace = '', labels } = pod.metadata ?? {};
  const inNamespace =
    term.namespaces.has(namespace) ||
    (term.namespaceSelector !== undefined && matchesLabels(term.namespaceSelector, labelsOf(namespace)));
  return inNamespace && matchesLabels(term.selector, labels);
}
