import { operations } from '../../openapi/generated/operations.ts';
import { allResources } from '../../openapi/generated/resources.ts';
import { schemaOfDefinition } from '../../openapi/generated/schemas.ts';
import { invariant } from '../../openapi/machinery/invariant.ts';
import type { ResourceOperations } from '../../openapi/machinery/operation.ts';
import type { Resource } from '../../openapi/machinery/resource.ts';
import type { Registered, Registry, Strategy } from './strategy.ts';

/** All resources of the OpenAPI document, each with its strategy or the default one. */
export function createRegistry(strategies: readonly Strategy[]): Registry {
  const strategyOf = new Map(strategies.map((strategy) => [nameOf(strategy.resource), strategy]));
  const resourceOf = new Map(allResources.map((resource) => [nameOf(resource), resource]));
  const all = operations.map((each) => registeredOf(each, resourceOf, strategyOf));
  const byName = new Map(all.map((each) => [nameOf(each.resource), each]));
  const byKind = new Map(all.map((each) => [kindName(each.resource), each]));
  for (const name of strategyOf.keys())
    invariant(byName.has(name), 'a strategy is of a served resource', { name });
  return {
    all,
    find: (group, version, plural) => byName.get(`${group}/${version}/${plural}`),
    findKind: (group, version, kind) => byKind.get(`${group}/${version}/${kind}`),
  };
}

function nameOf({ group, version, plural }: Pick<Resource, 'group' | 'version' | 'plural'>): string {
  return `${group}/${version}/${plural}`;
}

function kindName({ group, version, kind }: Pick<Resource, 'group' | 'version' | 'kind'>): string {
  return `${group}/${version}/${kind}`;
}

function registeredOf(
  served: ResourceOperations,
  resources: ReadonlyMap<string, Resource>,
  strategies: ReadonlyMap<string, Strategy>,
): Registered {
  const name = nameOf(served);
  const resource = resources.get(name);
  invariant(resource !== undefined, 'what is served is a resource', { name });
  return {
    resource,
    strategy: strategies.get(name) ?? { resource },
    schema: schemaOfDefinition(served.definition),
    singular: served.singular,
    verbs: served.verbs,
    shortNames: served.shortNames,
    categories: served.categories,
    subresources: served.subresources.map((each) => ({
      name: each.name,
      verbs: each.verbs,
      ...each.responseKind,
    })),
  };
}
