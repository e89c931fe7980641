import type { KubeObject } from '../../../openapi/machinery/object.ts';
import type { Resource } from '../../../openapi/machinery/resource.ts';
import { isNotFound } from '../../../openapi/machinery/status.ts';
import type { ControllerContext } from '../controller.ts';

/** Holds an object by a finalizer while it is used, and lets it go when it is being deleted and is not. */
export async function protect<T extends KubeObject>(
  resource: Resource<T>,
  object: T,
  { client }: Pick<ControllerContext, 'client'>,
  { finalizer, isUsed }: { readonly finalizer: string; readonly isUsed: () => Promise<boolean> },
): Promise<void> {
  const { finalizers = [], deletionTimestamp } = object.metadata ?? {};
  const isHeld = finalizers.includes(finalizer);
  if (isHeld === (deletionTimestamp === undefined)) return;
  if (isHeld && (await isUsed())) return;
  const wanted = isHeld ? finalizers.filter((each) => each !== finalizer) : [...finalizers, finalizer];
  try {
    await client.update(resource, { ...object, metadata: { ...object.metadata, finalizers: wanted } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
