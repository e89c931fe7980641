import { operations } from '../../openapi/generated/operations.ts';
import { allResources } from '../../openapi/generated/resources.ts';
import { schemaOfDefinition } from '../../openapi/generated/schemas.ts';
import { invariant } from '../../openapi/machinery/invariant.ts';
import type { ResourceOperations } from '../../openapi/machinery/operation.ts';
import type { Resource } from '../../openapi/machinery/resource.ts';
import type { Registered, Registry, Strategy } from './strategy.ts';

/** All resources of the OpenAPI document, each with its strategy or the default one, and behind them what definitions serve. */
export function createRegistry(strategies: readonly Strategy[]): Registry {
  const strategyOf = new Map(strategies.map((strategy) => [nameOf(strategy.resource), strategy]));
  const resourceOf = new Map(allResources.map((resource) => [nameOf(resource), resource]));
  const builtIn = operations.map((each) => registeredOf(each, resourceOf, strategyOf));
  const registry = new LiveRegistry(builtIn);
  for (const name of strategyOf.keys()) {
    invariant(registry.hasBuiltIn(name), 'a strategy is of a served resource', { name });
  }
  return registry;
}

class LiveRegistry implements Registry {
  readonly #builtIn: readonly Registered[];
  readonly #builtInNames: ReadonlySet<string>;
  readonly #builtInGroups: ReadonlySet<string>;
  readonly #byName: Map<string, Registered>;
  readonly #byKind: Map<string, Registered>;
  readonly #custom = new Map<string, readonly Registered[]>();
  readonly #listeners = new Set<() => void>();
  #all: readonly Registered[];

  constructor(builtIn: readonly Registered[]) {
    this.#builtIn = builtIn;
    this.#all = builtIn;
    this.#byName = new Map(builtIn.map((each) => [nameOf(each.resource), each]));
    this.#byKind = new Map(builtIn.map((each) => [kindName(each.resource), each]));
    this.#builtInNames = new Set(this.#byName.keys());
    this.#builtInGroups = new Set(builtIn.map(({ resource }) => resource.group));
  }

  get all(): readonly Registered[] {
    return this.#all;
  }

  find(group: string, version: string, plural: string): Registered | undefined {
    return this.#byName.get(`${group}/${version}/${plural}`);
  }

  findKind(group: string, version: string, kind: string): Registered | undefined {
    return this.#byKind.get(`${group}/${version}/${kind}`);
  }

  isBuiltIn(group: string): boolean {
    return this.#builtInGroups.has(group);
  }

  hasBuiltIn(name: string): boolean {
    return this.#builtInNames.has(name);
  }

  replace(definition: string, resources: readonly Registered[]): void {
    for (const old of this.#custom.get(definition) ?? []) {
      this.#byName.delete(nameOf(old.resource));
      this.#byKind.delete(kindName(old.resource));
    }
    const own = resources.filter(({ resource }) => !this.#builtInNames.has(nameOf(resource)));
    for (const each of own) {
      this.#byName.set(nameOf(each.resource), each);
      if (!this.#byKind.has(kindName(each.resource))) this.#byKind.set(kindName(each.resource), each);
    }
    if (own.length === 0) this.#custom.delete(definition);
    else this.#custom.set(definition, own);
    this.#all = [...this.#builtIn, ...[...this.#custom.values()].flat()];
    for (const listener of this.#listeners) listener();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
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
