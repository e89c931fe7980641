import { apiVersionOf } from '../../../openapi/machinery/resource.ts';
import type { Registered, Registry } from '../../registry/strategy.ts';
import { storageVersionHash } from './operations-source.ts';
import type { ServedResource } from './served-resource.ts';

/** What CustomResourceDefinitions serve, as discovery tells of it. Made anew when the registry changes. */
export function customResourcesOf(registry: Pick<Registry, 'all'>): () => readonly ServedResource[] {
  let made: readonly ServedResource[] = [];
  let from: readonly Registered[] | undefined;
  return () => {
    if (from === registry.all) return made;
    from = registry.all;
    made = from.filter(({ custom }) => custom !== undefined).map(servedResource);
    return made;
  };
}

function servedResource(registered: Registered): ServedResource {
  const { resource, strategy, singular, shortNames, categories, subresources } = registered;
  const stored = strategy.stored?.resource ?? resource;
  return {
    ...resource,
    singular,
    verbs: registered.custom?.shownVerbs ?? registered.verbs,
    shortNames,
    categories,
    subresources,
    isCustom: true,
    storageVersionHash: storageVersionHash(`${apiVersionOf(stored)}/${resource.kind}`),
  };
}
