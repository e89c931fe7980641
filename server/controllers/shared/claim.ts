import type { Informer } from '../../../openapi/client/informer.ts';
import { keyOfObject } from '../../../openapi/client/object-cache.ts';
import type { LabelSelector } from '../../../openapi/generated/types.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
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
  { owner, ownerResource, resource }: ClaimOptions<T>,
): Promise<T | undefined> {
  const fresh = await client.get(ownerResource, keyOfObject(owner));
  if (fresh.metadata?.uid !== owner.metadata?.uid || fresh.metadata?.deletionTimestamp !== undefined)
    return undefined;
  const owners = [...(orphan.metadata?.ownerReferences ?? []), controllerReference(owner, ownerResource)];
  return await patchOwners(client, resource, orphan, owners);
}

async function release<T extends KubeObject>(
  { client }: ControllerContext,
  object: T,
  { owner, resource }: ClaimOptions<T>,
): Promise<void> {
  const owners = (object.metadata?.ownerReferences ?? []).filter((each) => each.uid !== owner.metadata?.uid);
  await patchOwners(client, resource, object, owners);
}

/** Undefined when the object is gone, or another one stands in its place. */
async function patchOwners<T extends KubeObject>(
  client: ControllerContext['client'],
  resource: Resource<T>,
  object: T,
  owners: readonly object[],
): Promise<T | undefined> {
  const { uid = '', resourceVersion = '' } = object.metadata ?? {};
  const patch = { metadata: { uid, resourceVersion, ownerReferences: owners as readonly [] } };
  try {
    return await client.patch(resource, keyOfObject(object), patch, { type: 'merge' });
  } catch (error) {
    if (isNotFound(error) || isStatusError(error, 'Invalid')) return undefined;
    throw error;
  }
}
