import { isNotFound } from '../../../openapi/machinery/status.ts';
import { objectOf } from '../stored.ts';
import type { DeleteOptions } from '../strategy.ts';
import { listObjects, type Listed } from './list.ts';
import type { ListOptions } from './list-options.ts';
import type { PathOptions, PathRequest } from './path.ts';
import { removeObject } from './remove.ts';

const atOnce = 32;

/** Deletes what the options select, each by its own rules. Resolves with the list as it was before. */
export async function removeCollection(
  options: PathOptions,
  request: PathRequest,
  wanted: ListOptions,
  wish: DeleteOptions,
): Promise<Listed> {
  const listed = await listObjects(options, request, wanted);
  const { registered, context } = request;
  const warning = registered.strategy.defaultPropagationWarning;
  const unstated = wish.propagationPolicy === undefined && wish.orphanDependents === undefined;
  if (warning !== undefined && unstated) context.warn(warning);
  for (let from = 0; from < listed.items.length; from += atOnce) {
    const part = listed.items.slice(from, from + atOnce).map(async (item) => {
      const { name = '', namespace = '' } = objectOf(registered, item).metadata ?? {};
      await removeOne(options, { ...request, name, namespace }, wish);
    });
    await Promise.all(part);
  }
  return listed;
}

/** What is gone meanwhile is gone. */
async function removeOne(options: PathOptions, request: PathRequest, wish: DeleteOptions): Promise<void> {
  try {
    await removeObject(options, request, wish);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
