import type { Informer } from '../../../openapi/client/informer.ts';
import { keyOfObject } from '../../../openapi/client/object-cache.ts';
import type { LabelSelector } from '../../../openapi/generated/types.ts';
import type { KubeObject, ObjectMeta } from '../../../openapi/machinery/object.ts';
import type { Resource } from '../../../openapi/machinery/resource.ts';
import { isNotFound, isStatusError } from '../../../openapi/machinery/status.ts';
import type { ControllerContext } from '../controller.ts';
import { selects } from './selectors.ts';
import { controllerOf, controllerReference } from './watches.ts';

export interface ClaimOptions<T extends KubeObject> {
  readonly owner: KubeObject;
  readonly ownerResource: Resource;
  readonly resource: Resource<T>;
  readonly selector: LabelSelector | undefined;
  /** What it asks of an orphan beyond the selector. */
  readonly adoptable?: (object: T) => boolean;
  /** Comes with the adoption, and goes with the release. */
  readonly finalizer?: string;
}

/**
 * The objects that belong to an owner: those it controls and that match, after adopting orphans that match and
 * releasing what does not match any more. An owner that is being deleted adopts nothing.
 */
export async function claimObjects<T extends KubeObject>(
  context: ControllerContext,
  options: ClaimOptions<T>,
): Promise<readonly T[]> {
  const { owner, resource, selector } = options;
  const informer: Informer<T> = context.informer(resource);
  const uid = owner.metadata?.uid ?? '';
  const claimed: T[] = [];
  for (const object of informer.ownedBy(uid)) {
    if (controllerOf(object)?.uid !== uid) continue;
    if (selects(selector, object.metadata?.labels)) claimed.push(object);
    else if (owner.metadata?.deletionTimestamp === undefined) await release(context, object, options);
  }
  if (owner.metadata?.deletionTimestamp !== undefined) return claimed;
  for (const orphan of orphansFor(informer, options)) {
    const adopted = await adopt(context, orphan, options);
    if (adopted !== undefined) claimed.push(adopted);
  }
  return claimed;
}

function orphansFor<T extends KubeObject>(informer: Informer<T>, options: ClaimOptions<T>): readonly T[] {
  const { owner, selector, adoptable = () => true } = options;
  return informer
    .orphans(owner.metadata?.namespace ?? '')
    .filter(
      (each) =>
        each.metadata?.deletionTimestamp === undefined &&
        selects(selector, each.metadata?.labels) &&
        adoptable(each),
    );
}

/** Asks the server first whether the owner still is what the informer shows: an adoption by a dead owner would be a leak. */
async function adopt<T extends KubeObject>(
  { client }: ControllerContext,
  orphan: T,
  { owner, ownerResource, resource, finalizer }: ClaimOptions<T>,
): Promise<T | undefined> {
  const fresh = await client.get(ownerResource, keyOfObject(owner));
  if (fresh.metadata?.uid !== owner.metadata?.uid || fresh.metadata?.deletionTimestamp !== undefined)
    return undefined;
  const { ownerReferences = [], finalizers = [] } = orphan.metadata ?? {};
  return await patchMeta(client, resource, orphan, {
    ownerReferences: [...ownerReferences, controllerReference(owner, ownerResource)],
    ...(finalizer === undefined ? {} : { finalizers: [...new Set([...finalizers, finalizer])] }),
  });
}

async function release<T extends KubeObject>(
  { client }: ControllerContext,
  object: T,
  { owner, resource, finalizer }: ClaimOptions<T>,
): Promise<void> {
  const { ownerReferences = [], finalizers = [] } = object.metadata ?? {};
  await patchMeta(client, resource, object, {
    ownerReferences: ownerReferences.filter((each) => each.uid !== owner.metadata?.uid),
    ...(finalizer === undefined ? {} : { finalizers: finalizers.filter((each) => each !== finalizer) }),
  });
}

/** Undefined when the object is gone, or another one stands in its place. */
async function patchMeta<T extends KubeObject>(
  client: ControllerContext['client'],
  resource: Resource<T>,
  object: T,
  fields: Pick<ObjectMeta, 'ownerReferences' | 'finalizers'>,
): Promise<T | undefined> {
  const { uid = '', resourceVersion = '' } = object.metadata ?? {};
  const patch = { metadata: { uid, resourceVersion, ...fields } };
  try {
    return await client.patch(resource, keyOfObject(object), patch as never, { type: 'merge' });
  } catch (error) {
    if (isNotFound(error) || isStatusError(error, 'Invalid')) return undefined;
    throw error;
  }
}
