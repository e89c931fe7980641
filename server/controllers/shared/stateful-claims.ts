import { pods, statefulSets } from '../../../openapi/generated/resources.ts';
import type { PersistentVolumeClaim, Pod, StatefulSet } from '../../../openapi/generated/types.ts';
import type { KubeObject, OwnerReference } from '../../../openapi/machinery/object.ts';
import { apiVersionOf, type Resource } from '../../../openapi/machinery/resource.ts';
import { isInRange, ordinalOf } from './stateful-pods.ts';
import { controllerReference } from './watches.ts';

/**
 * Who should own a claim, by the set's persistentVolumeClaimRetentionPolicy: the garbage collector deletes it with its owner.
 * A claim that is to go on scaling down belongs to its pod once that is out of range, so that it goes with it.
 */
function ownerWanted(set: StatefulSet, pod: Pod): 'set' | 'pod' | 'nobody' {
  const { whenDeleted, whenScaled } = set.spec?.persistentVolumeClaimRetentionPolicy ?? {};
  if (whenScaled === 'Delete' && !isInRange(set, ordinalOf(pod))) return 'pod';
  return whenDeleted === 'Delete' ? 'set' : 'nobody';
}

function retainsAll(set: StatefulSet): boolean {
  const { whenDeleted, whenScaled } = set.spec?.persistentVolumeClaimRetentionPolicy ?? {};
  return whenDeleted !== 'Delete' && whenScaled !== 'Delete';
}

function names(reference: OwnerReference, object: KubeObject, resource: Resource): boolean {
  return (
    reference.apiVersion === apiVersionOf(resource) &&
    reference.kind === resource.kind &&
    reference.name === object.metadata?.name
  );
}

function ownersOf(claim: PersistentVolumeClaim): readonly OwnerReference[] {
  return claim.metadata?.ownerReferences ?? [];
}

/** True when the claim belongs to an earlier object of the same name: it will go with the garbage. */
function hasStaleOwner(claim: PersistentVolumeClaim, object: KubeObject, resource: Resource): boolean {
  const reference = ownersOf(claim).find((each) => names(each, object, resource));
  return reference !== undefined && reference.uid !== (object.metadata?.uid ?? '');
}

/** A pod must not be made while a claim of its name waits to be deleted with the last pod of that name. */
export function isStale(set: StatefulSet, pod: Pod, claim: PersistentVolumeClaim): boolean {
  if (set.spec?.persistentVolumeClaimRetentionPolicy?.whenScaled !== 'Delete') return false;
  return hasStaleOwner(claim, pod, pods);
}

/** True when something else than the set or the pod manages a claim whose retention the set should see to. */
export function hasForeignController(set: StatefulSet, pod: Pod, claim: PersistentVolumeClaim): boolean {
  if (retainsAll(set)) return false;
  return ownersOf(claim).some((reference) => {
    if (names(reference, set, statefulSets)) return reference.uid !== set.metadata?.uid;
    if (names(reference, pod, pods)) return reference.uid !== pod.metadata?.uid;
    return reference.controller === true;
  });
}

/** The owner references that the claim should have instead of its own; undefined when they are right, or not ours to touch. */
export function ownersToWrite(
  set: StatefulSet,
  pod: Pod,
  claim: PersistentVolumeClaim,
): readonly OwnerReference[] | undefined {
  if (hasStaleOwner(claim, set, statefulSets) || hasStaleOwner(claim, pod, pods)) return undefined;
  const known = ownersOf(claim);
  const isOurs = (reference: OwnerReference): boolean =>
    names(reference, set, statefulSets) || names(reference, pod, pods);
  const others = known.filter((reference) => !isOurs(reference));
  const ours = known.filter(isOurs);
  if (hasForeignController(set, pod, claim)) return ours.length === 0 ? undefined : others;
  const wanted = wantedReferences(set, pod);
  const isRight =
    ours.length === wanted.length &&
    ours.every((reference) => reference.controller === true && reference.uid === wanted[0]?.uid);
  return isRight ? undefined : [...others, ...wanted];
}

/** Empty when nobody should own the claim. */
export function wantedReferences(set: StatefulSet, pod: Pod): readonly OwnerReference[] {
  switch (ownerWanted(set, pod)) {
    case 'set':
      return [controllerReference(set, statefulSets)];
    case 'pod':
      return [controllerReference({ ...pod, kind: 'Pod' }, pods)];
    case 'nobody':
      return [];
  }
}
