import { keyOfObject } from '../../../openapi/client/object-cache.ts';
import type { KubeObject, ObjectKey, OwnerReference } from '../../../openapi/machinery/object.ts';
import { apiVersionOf, type Resource } from '../../../openapi/machinery/resource.ts';
import type { ControllerContext, Watch } from '../controller.ts';

/** The object itself: each change of it is work on its own key. */
export function watchOf<T extends KubeObject>(resource: Resource<T>): Watch<T> {
  return {
    resource,
    keys: ({ object, old }) => {
      const changed = object ?? old;
      return changed === undefined ? [] : [keyOfObject(changed)];
    },
  };
}

/** What an owner controls: a change is work on the owner's key, before and after. */
export function watchControlled<T extends KubeObject>(resource: Resource<T>, owner: Resource): Watch<T> {
  return {
    resource,
    keys: ({ object, old }) =>
      [object, old].flatMap((each) => {
        const reference = controllerOf(each);
        return reference !== undefined && refersTo(reference, owner)
          ? [{ namespace: owner.namespaced ? each?.metadata?.namespace : undefined, name: reference.name }]
          : [];
      }),
  };
}

/** Any other mapping from what changed to keys. Called with the new state, or the last one of what is gone; with both when there are two. */
export function watchMapped<T extends KubeObject>(
  resource: Resource<T>,
  keysOf: (object: T, context: ControllerContext) => readonly ObjectKey[],
): Watch<T> {
  return {
    resource,
    keys: ({ object, old }, context) =>
      [object, old].flatMap((each) => (each === undefined ? [] : keysOf(each, context))),
  };
}

export function controllerOf(object: KubeObject | undefined): OwnerReference | undefined {
  return object?.metadata?.ownerReferences?.find((owner) => owner.controller === true);
}

/** True when the reference names an object of this resource, in whatever version. */
export function refersTo(reference: OwnerReference, resource: Resource): boolean {
  const group = reference.apiVersion.includes('/') ? reference.apiVersion.split('/')[0] : '';
  return reference.kind === resource.kind && group === resource.group;
}

export function controllerReference(owner: KubeObject, resource: Resource): OwnerReference {
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    name: owner.metadata?.name ?? '',
    uid: owner.metadata?.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}
