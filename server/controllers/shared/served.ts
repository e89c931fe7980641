import { apiVersionOf, qualifiedName, type Resource } from '../../../openapi/machinery/resource.ts';
import type { Watch } from '../controller.ts';
import { storedResources } from './listable.ts';

/** The resources that the server serves: more come and some go with CustomResourceDefinitions. */
export interface ServedResources {
  /** One for each kind of stored object. The same array as long as nothing changes. */
  list(): readonly Resource[];
  /** Calls `listener` after each change until the returned function is called. */
  subscribe(listener: () => void): () => void;
}

/** The resources that never change: for tests. */
export function fixedResources(all: readonly Resource[]): ServedResources {
  const list = storedResources(all);
  return { list: () => list, subscribe: () => () => undefined };
}

/** A part of what is served, chosen anew only when that changes. */
export function chooseServed(
  served: ServedResources,
  choose: (all: readonly Resource[]) => readonly Resource[],
): ServedResources {
  let from: readonly Resource[] | undefined;
  let chosen: readonly Resource[] = [];
  return {
    list() {
      const all = served.list();
      if (all !== from) chosen = choose(all);
      from = all;
      return chosen;
    },
    subscribe: (listener) => served.subscribe(listener),
  };
}

/** Starts a watch while the controller runs. Returns how to end it. */
export type StartWatch = (watch: Watch) => () => void;

/** Keeps one watch for each resource that comes after those of the beginning. Returns how to end all of them. */
export function followServed(
  served: ServedResources,
  watchOf: (resource: Resource) => Watch,
  start: StartWatch,
): () => void {
  const known = new Set(served.list().map(nameOf));
  const started = new Map<string, () => void>();
  function follow(): void {
    const now = new Map(served.list().map((resource) => [nameOf(resource), resource]));
    for (const [name, stop] of started) {
      if (now.has(name)) continue;
      stop();
      started.delete(name);
    }
    for (const [name, resource] of now) {
      if (!known.has(name) && !started.has(name)) started.set(name, start(watchOf(resource)));
    }
  }
  const unsubscribe = served.subscribe(follow);
  return () => {
    unsubscribe();
    for (const stop of started.values()) stop();
    started.clear();
  };
}

function nameOf(resource: Resource): string {
  return `${apiVersionOf(resource)}/${qualifiedName(resource)}`;
}
