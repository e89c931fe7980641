import type { Informer } from '../../../openapi/client/informer.ts';
import type { KubeObject, ObjectKey, OwnerReference } from '../../../openapi/machinery/object.ts';
import type { Resource } from '../../../openapi/machinery/resource.ts';

export const foregroundFinalizer = 'foregroundDeletion';
export const orphanFinalizer = 'orphan';

/** An object of any resource, in the collector's view. */
export interface Item {
  readonly resource: Resource;
  readonly object: KubeObject;
}

/** What owners and dependents are found in: one informer a resource. */
export interface OwnerGraph {
  readonly resources: readonly Resource[];
  informer(resource: Resource): Informer<KubeObject>;
}

export function isDeleting({ metadata }: KubeObject): boolean {
  return metadata?.deletionTimestamp !== undefined;
}

/** Being deleted in the foreground: it goes when its blocking dependents have gone. */
export function waitsForDependents(object: KubeObject): boolean {
  return isDeleting(object) && (object.metadata?.finalizers ?? []).includes(foregroundFinalizer);
}

export function dependentsOf(graph: OwnerGraph, uid: string): readonly Item[] {
  return graph.resources.flatMap((resource) =>
    graph
      .informer(resource)
      .ownedBy(uid)
      .map((object) => ({ resource, object })),
  );
}

export function blocksOwner({ object }: Item, uid: string): boolean {
  return (object.metadata?.ownerReferences ?? []).some(
    (owner) => owner.uid === uid && owner.blockOwnerDeletion === true,
  );
}

/** The resource that a reference names, in whatever version; undefined for a kind that is not served. */
export function resourceOf(graph: OwnerGraph, owner: OwnerReference): Resource | undefined {
  const slash = owner.apiVersion.indexOf('/');
  const group = slash === -1 ? '' : owner.apiVersion.slice(0, slash);
  return graph.resources.find((resource) => resource.kind === owner.kind && resource.group === group);
}

/** Where an owner must be: in the dependent's own namespace, or in none. */
export function ownerKey(owner: OwnerReference, resource: Resource, dependent: KubeObject): ObjectKey {
  return { namespace: resource.namespaced ? dependent.metadata?.namespace : undefined, name: owner.name };
}

export interface OwnerStates {
  readonly solid: readonly OwnerReference[];
  readonly dangling: readonly OwnerReference[];
  readonly waiting: readonly OwnerReference[];
}

/** Sorts an object's owners: those that are there, those that are gone, and those that wait for their dependents. */
export async function sortOwners(
  object: KubeObject,
  stateOf: (owner: OwnerReference) => Promise<keyof OwnerStates>,
): Promise<OwnerStates> {
  const sorted: Record<keyof OwnerStates, OwnerReference[]> = { solid: [], dangling: [], waiting: [] };
  for (const owner of object.metadata?.ownerReferences ?? []) sorted[await stateOf(owner)].push(owner);
  return sorted;
}
