import type { KubeObject } from '../../../openapi/machinery/object.ts';
import type { PartSubresource } from '../strategy.ts';
import { syncContext, type PathRequest } from './path.ts';
import { onlyStatus } from './status-split.ts';
import type { UpdateHooks } from './update.ts';

/** Status as most kinds have it. */
export const defaultStatus: PartSubresource<KubeObject> = {
  form: 'part',
  verbs: ['get', 'update', 'patch'],
  prepareForUpdate: onlyStatus,
};

/** The hooks of a write to a part of the object. `counts`: it may change what is asked for, and so the generation. */
export function partHooks(
  request: PathRequest,
  part: PartSubresource<KubeObject>,
  counts: boolean,
): UpdateHooks {
  const { registered } = request;
  return {
    prepare: (object, old) => part.prepareForUpdate(object, old, syncContext(request)),
    validate: (object, old) => part.validateUpdate?.(object, old) ?? [],
    warnings: (object, old) => part.warnings?.(object, old) ?? [],
    ...(part.reserve === undefined
      ? {}
      : {
          reserve: (object, old, context) =>
            part.reserve?.(object, old, context) ?? Promise.resolve({ object, finish: () => undefined }),
        }),
    counts,
    requiresResourceVersion:
      part.requiresResourceVersion ?? registered.strategy.allowUnconditionalUpdate === false,
    removes: (object) =>
      part.removes?.(object) ??
      registered.strategy.keepWhileDeleting?.(object, request.context.clock.now()) === undefined,
  };
}
