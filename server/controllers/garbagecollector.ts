import { keyOfObject } from '../../openapi/client/object-cache.ts';
import type { KubeObject, ObjectKey, OwnerReference } from '../../openapi/machinery/object.ts';
import { qualifiedName, type Resource } from '../../openapi/machinery/resource.ts';
import { isConflict, isNotFound } from '../../openapi/machinery/status.ts';
import type { Controller, ControllerContext, Watch } from './controller.ts';
import {
  blocksOwner,
  dependentsOf,
  foregroundFinalizer,
  isDeleting,
  orphanFinalizer,
  ownerKey,
  resourceOf,
  sortOwners,
  waitsForDependents,
  type Item,
  type OwnerGraph,
  type OwnerStates,
} from './shared/owners.ts';

import { chooseServed, followServed, type ServedResources } from './shared/served.ts';

/** Owners that were found absent are remembered, by uid. */
const absentMax = 5000;

/**
 * Deletes what has lost its last owner, and carries foreground and orphan deletions out. It looks at all that is `served` and stored.
 * Keys name any object: "resource|namespace|name".
 */
export function createGarbageCollector({ served }: { readonly served: ServedResources }): Controller {
  const absent = new Set<string>();
  // Events own nothing, and nobody owns them.
  const collected = chooseServed(served, (all) => all.filter((each) => qualifiedName(each) !== 'events'));
  return {
    name: 'garbagecollector',
    workers: 20,
    watches: collected.list().map((resource) => watchAll(resource, collected)),
    follow: (start) => followServed(collected, (resource) => watchAll(resource, collected), start),
    async reconcile(key, context) {
      const { resource, objectKey } = parseKey(key, collected.list());
      const object = resource === undefined ? undefined : context.informer(resource).get(objectKey);
      if (resource === undefined || object === undefined) return undefined;
      await new Collection({ resource, object }, graphOf(collected, context), context, absent).run();
      return undefined;
    },
  };
}

function graphOf(served: ServedResources, context: ControllerContext): OwnerGraph {
  return { resources: served.list(), informer: (resource) => context.informer(resource) };
}

function keyFor(resource: Resource, object: KubeObject): ObjectKey {
  const { namespace = '', name = '' } = object.metadata ?? {};
  return { name: `${qualifiedName(resource)}|${namespace}|${name}` };
}

function parseKey(
  key: ObjectKey,
  resources: readonly Resource[],
): { resource: Resource | undefined; objectKey: ObjectKey } {
  const text = key.namespace === undefined ? key.name : `${key.namespace}/${key.name}`;
  const [resourceName = '', namespace = '', ...name] = text.split('|');
  return {
    resource: resources.find((resource) => qualifiedName(resource) === resourceName),
    objectKey: { namespace: namespace === '' ? undefined : namespace, name: name.join('|') },
  };
}

/** An object with owners or with a deletion to carry out is work; so is what a change means to owners and dependents. */
function watchAll(resource: Resource, served: ServedResources): Watch {
  return {
    resource,
    keys({ object, old }, context) {
      const graph = graphOf(served, context);
      if (object === undefined && old !== undefined)
        return [
          ...dependentsOf(graph, old.metadata?.uid ?? '').map((item) => keyFor(item.resource, item.object)),
          ...waitingOwners(graph, old),
        ];
      if (object === undefined) return [];
      const own = hasWork(object) ? [keyFor(resource, object)] : [];
      // A dependent that lets go of its owner, or of the right to block it, may be what the owner waits for.
      const owners = old === undefined ? [] : waitingOwners(graph, old);
      return [...own, ...owners];
    },
  };
}

function hasWork(object: KubeObject): boolean {
  const { ownerReferences = [], finalizers = [] } = object.metadata ?? {};
  const carriesDeletion = finalizers.includes(foregroundFinalizer) || finalizers.includes(orphanFinalizer);
  return ownerReferences.length > 0 || (isDeleting(object) && carriesDeletion);
}

function waitingOwners(graph: OwnerGraph, dependent: KubeObject): readonly ObjectKey[] {
  return (dependent.metadata?.ownerReferences ?? []).flatMap((reference) => {
    const resource = resourceOf(graph, reference);
    if (resource === undefined) return [];
    const owner = graph.informer(resource).get(ownerKey(reference, resource, dependent));
    return owner?.metadata?.uid === reference.uid && waitsForDependents(owner)
      ? [keyFor(resource, owner)]
      : [];
  });
}

class Collection {
  readonly #item: Item;
  readonly #graph: OwnerGraph;
  readonly #context: ControllerContext;
  readonly #absent: Set<string>;

  constructor(item: Item, graph: OwnerGraph, context: ControllerContext, absent: Set<string>) {
    this.#item = item;
    this.#graph = graph;
    this.#context = context;
    this.#absent = absent;
  }

  async run(): Promise<void> {
    const { object } = this.#item;
    const finalizers = object.metadata?.finalizers ?? [];
    if (isDeleting(object)) {
      if (finalizers.includes(orphanFinalizer)) await this.#orphanDependents();
      else if (finalizers.includes(foregroundFinalizer)) await this.#deleteDependents();
      return;
    }
    const owners = await sortOwners(object, (owner) => this.#stateOf(owner));
    if (owners.dangling.length + owners.waiting.length === 0) return;
    if (owners.solid.length > 0) await this.#dropOwners(owners);
    else await this.#delete(owners);
  }

  async #stateOf(reference: OwnerReference): Promise<keyof OwnerStates> {
    const { object } = this.#item;
    const resource = resourceOf(this.#graph, reference);
    // A kind that is not served says nothing about its objects: their dependents stay.
    if (resource === undefined) return 'solid';
    if (resource.namespaced && object.metadata?.namespace === undefined) {
      this.#warn(reference, `cluster-scoped object must not have a namespace-scoped owner`);
      return 'solid';
    }
    if (this.#absent.has(reference.uid)) return 'dangling';
    const key = ownerKey(reference, resource, object);
    const known = this.#graph.informer(resource).get(key);
    const owner = known?.metadata?.uid === reference.uid ? known : await this.#ask(resource, key, reference);
    if (owner === undefined) return 'dangling';
    return waitsForDependents(owner) ? 'waiting' : 'solid';
  }

  /** The informer may be behind: only the server's own answer makes an owner absent. */
  async #ask(resource: Resource, key: ObjectKey, reference: OwnerReference): Promise<KubeObject | undefined> {
    try {
      const owner = await this.#context.client.get(resource, key);
      if (owner.metadata?.uid === reference.uid) return owner;
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    this.#absent.add(reference.uid);
    if (this.#absent.size > absentMax)
      for (const oldest of [...this.#absent].slice(0, absentMax / 2)) this.#absent.delete(oldest);
    return undefined;
  }

  #warn(reference: OwnerReference, why: string): void {
    const message = `ownerRef [${reference.apiVersion}/${reference.kind}, namespace: , name: ${reference.name}, uid: ${reference.uid}] does not exist: ${why}`;
    this.#context.events.event(this.#item.object, 'Warning', 'OwnerRefInvalidNamespace', message);
  }

  /** Other owners remain: only the references to those that are gone, or going, are taken away. */
  async #dropOwners({ solid }: OwnerStates): Promise<void> {
    await this.#patch(this.#item, { ownerReferences: solid });
  }

  async #delete({ waiting }: OwnerStates): Promise<void> {
    const { resource, object } = this.#item;
    const dependents = dependentsOf(this.#graph, object.metadata?.uid ?? '');
    const foreground = waiting.length > 0 && dependents.length > 0;
    // A circle of owners that wait for each other would wait for ever.
    if (foreground && dependents.some((dependent) => waitsForDependents(dependent.object)))
      await this.#unblockOwners();
    const { uid = '' } = object.metadata ?? {};
    const propagationPolicy = foreground ? 'Foreground' : this.#ownPolicy();
    try {
      await this.#context.client.delete(resource, keyOfObject(object), {
        propagationPolicy,
        preconditions: { uid },
      });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  #ownPolicy(): 'Orphan' | 'Foreground' | 'Background' {
    const finalizers = this.#item.object.metadata?.finalizers ?? [];
    if (finalizers.includes(orphanFinalizer)) return 'Orphan';
    return finalizers.includes(foregroundFinalizer) ? 'Foreground' : 'Background';
  }

  async #unblockOwners(): Promise<void> {
    const owners = (this.#item.object.metadata?.ownerReferences ?? []).map((owner) => ({
      ...owner,
      blockOwnerDeletion: false,
    }));
    await this.#patch(this.#item, { ownerReferences: owners });
  }

  async #orphanDependents(): Promise<void> {
    const { uid = '' } = this.#item.object.metadata ?? {};
    for (const dependent of dependentsOf(this.#graph, uid)) {
      const left = (dependent.object.metadata?.ownerReferences ?? []).filter((owner) => owner.uid !== uid);
      await this.#patch(dependent, { ownerReferences: left });
    }
    await this.#dropFinalizer(orphanFinalizer);
  }

  async #deleteDependents(): Promise<void> {
    const { uid = '' } = this.#item.object.metadata ?? {};
    const blocking = dependentsOf(this.#graph, uid).filter((dependent) => blocksOwner(dependent, uid));
    if (blocking.length === 0) {
      await this.#dropFinalizer(foregroundFinalizer);
      return;
    }
    for (const dependent of dependentsOf(this.#graph, uid)) {
      if (isDeleting(dependent.object)) continue;
      await new Collection(dependent, this.#graph, this.#context, this.#absent).run();
    }
  }

  async #dropFinalizer(finalizer: string): Promise<void> {
    const finalizers = (this.#item.object.metadata?.finalizers ?? []).filter((each) => each !== finalizer);
    await this.#patch(this.#item, { finalizers });
  }

  /** Refused by Conflict when the object changed meanwhile: the change brings the key back. */
  async #patch(
    { resource, object }: Item,
    metadata: { readonly ownerReferences?: readonly object[]; readonly finalizers?: readonly string[] },
  ): Promise<void> {
    const { uid = '', resourceVersion = '' } = object.metadata ?? {};
    const patch = { metadata: { ...metadata, uid, resourceVersion } } as never;
    try {
      await this.#context.client.patch(resource, keyOfObject(object), patch, { type: 'merge' });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
