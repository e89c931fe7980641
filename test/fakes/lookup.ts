import type { KubeObject } from '../../openapi/machinery/object.ts';
import { apiVersionOf, type Resource } from '../../openapi/machinery/resource.ts';
import type { Lookup } from '../../server/admission/lookup.ts';

/** A Lookup over a list of objects, told apart by apiVersion and kind. */
export function lookupOf(objects: readonly KubeObject[]): Lookup {
  const of = <T extends KubeObject>(resource: Resource<T>): T[] =>
    objects.filter(
      (each) => each.kind === resource.kind && each.apiVersion === apiVersionOf(resource),
    ) as T[];
  return {
    get: (resource, key) =>
      Promise.resolve(
        of(resource).find(
          ({ metadata }) =>
            metadata?.name === key.name && (metadata.namespace ?? '') === (key.namespace ?? ''),
        ),
      ),
    list: (resource, namespace) =>
      Promise.resolve(
        of(resource).filter((each) => namespace === undefined || each.metadata?.namespace === namespace),
      ),
  };
}
