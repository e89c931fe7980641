import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../../openapi/machinery/object.ts';

/** For Strategy.generationGrows: an update that changes the spec counts. */
export function specChanged(
  object: KubeObject & { readonly spec?: unknown },
  old: KubeObject & { readonly spec?: unknown },
): boolean {
  return !isDeepStrictEqual(object.spec, old.spec);
}
