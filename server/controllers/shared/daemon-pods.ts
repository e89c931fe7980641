import { matchesNodeTerm, tolerates } from '../../../openapi/client/node-rules.ts';
import { daemonSets } from '../../../openapi/generated/resources.ts';
import type { DaemonSet, Node, Pod, PodSpec, Toleration } from '../../../openapi/generated/types.ts';
import { podFromTemplate } from './pods.ts';

export const revisionHashLabel = 'controller-revision-hash';
const generationLabel = 'pod-template-generation';
const generationAnnotation = 'deprecated.daemonset.template.generation';

/** A daemon stays on a node through its troubles. */
const ownTolerations: readonly Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
];
const networkToleration: Toleration = {
  key: 'node.kubernetes.io/network-unavailable',
  operator: 'Exists',
  effect: 'NoSchedule',
};

function tolerationsOf(set: DaemonSet): readonly Toleration[] {
  const spec = set.spec?.template.spec;
  const added = spec?.hostNetwork === true ? [...ownTolerations, networkToleration] : ownTolerations;
  const given = spec?.tolerations ?? [];
  return [
    ...given,
    ...added.filter(
      (each) =>
        !given.some(
          (one) => one.key === each.key && one.effect === each.effect && one.operator === each.operator,
        ),
    ),
  ];
}

/** A pod for one node: bound to it by affinity, so that the scheduler still checks whether it fits. */
export function daemonPod(set: DaemonSet, nodeName: string, hash: string): Pod {
  const pod = podFromTemplate(set.spec?.template, set, daemonSets);
  const generation = set.metadata?.annotations?.[generationAnnotation];
  const { spec = { containers: [] } } = pod;
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: {
        ...pod.metadata?.labels,
        [revisionHashLabel]: hash,
        ...(generation === undefined ? {} : { [generationLabel]: generation }),
      },
    },
    spec: {
      ...spec,
      tolerations: tolerationsOf(set),
      affinity: { ...spec.affinity, nodeAffinity: pinned(spec, nodeName) },
    },
  };
}

type NodeAffinity = NonNullable<NonNullable<PodSpec['affinity']>['nodeAffinity']>;

/** The name of the node takes the place of whatever fields the terms asked for; their labels stay. */
function pinned(spec: PodSpec, nodeName: string): NodeAffinity {
  const given = spec.affinity?.nodeAffinity;
  const terms = given?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [nodeName] }];
  const pinnedTerms =
    terms.length === 0 ? [{ matchFields }] : terms.map((term) => ({ ...term, matchFields }));
  return { ...given, requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: pinnedTerms } };
}

/** The node that a daemon's pod is for: where it runs, or where its affinity wants it. */
export function nodeOfDaemon(pod: Pod): string {
  if ((pod.spec?.nodeName ?? '') !== '') return pod.spec?.nodeName ?? '';
  const terms =
    pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const field = terms.flatMap((term) => term.matchFields ?? []).find((each) => each.key === 'metadata.name');
  return field?.values?.[0] ?? '';
}

/** `run`: a pod should be there. `stay`: one that is there need not go. */
export function fitOf(set: DaemonSet, node: Node): { readonly run: boolean; readonly stay: boolean } {
  const spec = set.spec?.template.spec;
  if (!isChosen(spec, node)) return { run: false, stay: false };
  const tolerations = tolerationsOf(set);
  const taints = (node.spec?.taints ?? []).filter((taint) => !tolerates(tolerations, taint));
  const evicts = taints.some((taint) => taint.effect === 'NoExecute');
  return { run: !evicts && !taints.some((taint) => taint.effect === 'NoSchedule'), stay: !evicts };
}

function isChosen(spec: PodSpec | undefined, node: Node): boolean {
  if ((spec?.nodeName ?? '') !== '' && spec?.nodeName !== node.metadata?.name) return false;
  const labels = node.metadata?.labels;
  if (!Object.entries(spec?.nodeSelector ?? {}).every(([name, value]) => labels?.[name] === value))
    return false;
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined || required.nodeSelectorTerms.some((term) => matchesNodeTerm(term, node));
}
