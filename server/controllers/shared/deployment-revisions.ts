import type { Deployment, PodTemplateSpec, ReplicaSet } from '../../../openapi/generated/types.ts';
import { without } from './compact.ts';
import { sameValue } from './hash.ts';

export const templateHashLabel = 'pod-template-hash';
export const revisionAnnotation = 'deployment.kubernetes.io/revision';
const revisionHistoryAnnotation = 'deployment.kubernetes.io/revision-history';
const desiredReplicasAnnotation = 'deployment.kubernetes.io/desired-replicas';
const maxReplicasAnnotation = 'deployment.kubernetes.io/max-replicas';

/** Of the Deployment's own annotations these are never copied to its ReplicaSets. */
const notCopied = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  revisionHistoryAnnotation,
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
  'deprecated.deployment.rollback.to',
]);

/** 64 bits, since users may write any number there. 0 where there is none that can be read. */
export function revisionOf(object: ReplicaSet | Deployment): bigint {
  return parseRevision(object.metadata?.annotations?.[revisionAnnotation]) ?? 0n;
}

function parseRevision(text = '0'): bigint | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const value = BigInt(text.replace('+', ''));
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

export function maxRevision(sets: readonly ReplicaSet[]): bigint {
  return sets.map(revisionOf).reduce((most, revision) => (revision > most ? revision : most), 0n);
}

function withoutHash(template: PodTemplateSpec | undefined): unknown {
  const labels = without(template?.metadata?.labels ?? {}, templateHashLabel);
  const metadata = without(template?.metadata ?? {}, 'labels');
  return { ...template, metadata: { ...metadata, ...(Object.keys(labels).length === 0 ? {} : { labels }) } };
}

export function sameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return sameValue(withoutHash(a), withoutHash(b));
}

/** The set of the Deployment's present template: of several the oldest, so that every run picks the same. */
export function findNewSet(deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined {
  return [...sets]
    .sort(byCreation)
    .find((set) => sameTemplate(set.spec?.template, deployment.spec?.template));
}

export function byCreation(a: ReplicaSet, b: ReplicaSet): number {
  const left = `${a.metadata?.creationTimestamp ?? ''} ${a.metadata?.name ?? ''}`;
  const right = `${b.metadata?.creationTimestamp ?? ''} ${b.metadata?.name ?? ''}`;
  return left < right ? -1 : Number(left > right);
}

/** A new set's annotations: the Deployment's own where the set has none, then its revision; an older one goes into its history. */
export function newSetAnnotations(
  deployment: Deployment,
  current: Readonly<Record<string, string>>,
  revision: bigint,
): Readonly<Record<string, string>> {
  const copied = Object.entries(deployment.metadata?.annotations ?? {}).filter(
    ([name]) => !notCopied.has(name),
  );
  const result: Record<string, string> = { ...current, ...Object.fromEntries(copied) };
  const before = result[revisionAnnotation];
  const beforeNumber = parseRevision(before);
  if (beforeNumber === undefined || beforeNumber >= revision) return result;
  result[revisionAnnotation] = String(revision);
  if (before !== undefined) {
    const history = result[revisionHistoryAnnotation];
    const entries = history === undefined || history === '' ? [] : history.split(',');
    result[revisionHistoryAnnotation] = [...entries, before].join(',');
  }
  return result;
}

/** The sizes that a later run scales in proportion to. */
export function replicasAnnotations(desired: number, max: number): Readonly<Record<string, string>> {
  return { [desiredReplicasAnnotation]: String(desired), [maxReplicasAnnotation]: String(max) };
}

export function desiredReplicasOf(set: ReplicaSet): number | undefined {
  return numberIn(set, desiredReplicasAnnotation);
}

export function maxReplicasOf(set: ReplicaSet): number | undefined {
  return numberIn(set, maxReplicasAnnotation);
}

function numberIn(set: ReplicaSet, annotation: string): number | undefined {
  const text = set.metadata?.annotations?.[annotation];
  return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
}
