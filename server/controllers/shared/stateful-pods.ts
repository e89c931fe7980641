import { statefulSets } from '../../../openapi/generated/resources.ts';
import type {
  ControllerRevision,
  PersistentVolumeClaim,
  Pod,
  PodTemplateSpec,
  StatefulSet,
  Volume,
} from '../../../openapi/generated/types.ts';
import { podFromTemplate } from './pods.ts';

/** On a pod: the name of the revision that it was made of. */
export const revisionLabel = 'controller-revision-hash';
const podNameLabel = 'statefulset.kubernetes.io/pod-name';
const podIndexLabel = 'apps.kubernetes.io/pod-index';

/** The parts of a name "web-3"; ordinal -1 for a name that no StatefulSet gives. */
function partsOf(name: string): { readonly parent: string; readonly ordinal: number } {
  const match = /^(.*)-(\d+)$/.exec(name);
  const ordinal = Number(match?.[2] ?? -1);
  return match === null || ordinal > 2147483647
    ? { parent: match?.[1] ?? '', ordinal: -1 }
    : { parent: match[1] ?? '', ordinal };
}

export function ordinalOf(pod: Pod): number {
  return partsOf(pod.metadata?.name ?? '').ordinal;
}

/** True when the pod's name is one that the set gives: nothing else is adopted. */
export function isMember(set: StatefulSet, pod: Pod): boolean {
  return partsOf(pod.metadata?.name ?? '').parent === (set.metadata?.name ?? '');
}

export function replicasOf(set: StatefulSet): number {
  return set.spec?.replicas ?? 1;
}

/** The first ordinal of the set. */
export function startOf(set: StatefulSet): number {
  return set.spec?.ordinals?.start ?? 0;
}

export function isInRange(set: StatefulSet, ordinal: number): boolean {
  return ordinal >= startOf(set) && ordinal < startOf(set) + replicasOf(set);
}

export function podName(set: StatefulSet, ordinal: number): string {
  return `${set.metadata?.name ?? ''}-${ordinal}`;
}

export function revisionOf(pod: Pod): string {
  return pod.metadata?.labels?.[revisionLabel] ?? '';
}

/** The template that a revision keeps: what is stored is a patch that puts it into the set. */
export function templateOf(revision: ControllerRevision): PodTemplateSpec {
  const data = revision.data as
    { readonly spec?: { readonly template?: Record<string, unknown> } } | undefined;
  const { $patch: _directive, ...template } = data?.spec?.template ?? {};
  return template;
}

function claimName(set: StatefulSet, template: PersistentVolumeClaim, ordinal: number): string {
  return `${template.metadata?.name ?? ''}-${podName(set, ordinal)}`;
}

/** Names of the claims of one ordinal, in the order of their templates. */
export function claimNames(set: StatefulSet, ordinal: number): readonly string[] {
  return (set.spec?.volumeClaimTemplates ?? []).map((template) => claimName(set, template, ordinal));
}

/** The claims that the pod of an ordinal needs; they have no owner yet. */
export function claimsFor(set: StatefulSet, ordinal: number): readonly PersistentVolumeClaim[] {
  return (set.spec?.volumeClaimTemplates ?? []).map((template) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      ...template.metadata,
      name: claimName(set, template, ordinal),
      namespace: set.metadata?.namespace ?? '',
      labels: { ...template.metadata?.labels, ...set.spec?.selector.matchLabels },
    },
    ...(template.spec === undefined ? {} : { spec: template.spec }),
  }));
}

/** The pod's volumes, with those of the claims in the place of any others of their names. */
function volumesFor(set: StatefulSet, ordinal: number, volumes: readonly Volume[]): readonly Volume[] {
  const templates = set.spec?.volumeClaimTemplates ?? [];
  const claimed = templates.map((template) => ({
    name: template.metadata?.name ?? '',
    persistentVolumeClaim: { claimName: claimName(set, template, ordinal) },
  }));
  const names = new Set(claimed.map((volume) => volume.name));
  return [...claimed, ...volumes.filter((volume) => !names.has(volume.name))];
}

function identityLabels(set: StatefulSet, ordinal: number): Readonly<Record<string, string>> {
  return { [podNameLabel]: podName(set, ordinal), [podIndexLabel]: String(ordinal) };
}

/** The pod of an ordinal, made of one revision's template. */
export function statefulPod(set: StatefulSet, revision: ControllerRevision, ordinal: number): Pod {
  const name = podName(set, ordinal);
  const generateName = `${set.metadata?.name ?? ''}-`;
  const pod = podFromTemplate(templateOf(revision), set, statefulSets, { name, generateName });
  const { spec = { containers: [] } } = pod;
  const volumes = volumesFor(set, ordinal, spec.volumes ?? []);
  const subdomain = set.spec?.serviceName ?? '';
  const labels = {
    ...pod.metadata?.labels,
    ...identityLabels(set, ordinal),
    [revisionLabel]: revision.metadata?.name ?? '',
  };
  return {
    ...pod,
    metadata: { ...pod.metadata, labels },
    spec: {
      ...spec,
      hostname: name,
      ...(subdomain === '' ? {} : { subdomain }),
      ...(volumes.length === 0 ? {} : { volumes }),
    },
  };
}

/** False for an adopted pod, say, that lacks the labels of its identity or a volume of its claims. */
export function isConsistent(set: StatefulSet, pod: Pod): boolean {
  const ordinal = ordinalOf(pod);
  const templates = set.spec?.volumeClaimTemplates ?? [];
  return (
    pod.metadata?.labels?.[podNameLabel] === podName(set, ordinal) &&
    templates.every((template) =>
      (pod.spec?.volumes ?? []).some(
        (volume) =>
          volume.name === template.metadata?.name &&
          volume.persistentVolumeClaim?.claimName === claimName(set, template, ordinal),
      ),
    )
  );
}

/** The pod with the identity and the volumes that it should have. */
export function madeConsistent(set: StatefulSet, pod: Pod): Pod {
  const ordinal = ordinalOf(pod);
  const volumes = volumesFor(set, ordinal, pod.spec?.volumes ?? []);
  return {
    ...pod,
    metadata: { ...pod.metadata, labels: { ...pod.metadata?.labels, ...identityLabels(set, ordinal) } },
    spec: { ...(pod.spec ?? { containers: [] }), ...(volumes.length === 0 ? {} : { volumes }) },
  };
}
