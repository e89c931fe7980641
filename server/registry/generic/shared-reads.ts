import { invariant } from '../../../openapi/machinery/invariant.ts';
import type { KubeObject, ObjectKey } from '../../../openapi/machinery/object.ts';
import type { Resource } from '../../../openapi/machinery/resource.ts';
import type { Versioned } from '../../storage/storage.ts';
import { listPrefix, objectKey } from '../keys.ts';
import { objectOf, storedResource } from '../stored.ts';
import type { Registered } from '../strategy.ts';
import type { PathOptions } from './path.ts';

/** Reads of what is stored now. The objects are shared: never change them. */
export interface SharedReads {
  get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): Promise<T | undefined>;
  /** In the order of their names. */
  list<T extends KubeObject>(resource: Resource<T>, namespace?: string): Promise<readonly T[]>;
}

/** Of these there are many, and each is asked for seldom: they are read anew. */
const numerous = new Set(['pods', 'secrets', 'configmaps', 'events']);

/**
 * Each version of an object is parsed once, as long as the store has it: namespaces, accounts and quotas are asked for with
 * almost every write.
 */
export function createSharedReads({
  storage,
  registry,
}: Pick<PathOptions, 'storage' | 'registry'>): SharedReads {
  const known = new WeakMap<Versioned, KubeObject>();
  function registeredOf({ group, version, plural }: Resource): Registered {
    const registered = registry.find(group, version, plural);
    invariant(registered !== undefined, 'the server asks for what it serves', { group, version, plural });
    return registered;
  }
  function read(registered: Registered, versioned: Versioned): KubeObject {
    if (numerous.has(registered.resource.plural)) return objectOf(registered, versioned);
    let object = known.get(versioned);
    if (object === undefined) known.set(versioned, (object = objectOf(registered, versioned)));
    return object;
  }
  return {
    async get<T extends KubeObject>(
      resource: Resource<T>,
      { namespace = '', name }: ObjectKey,
    ): Promise<T | undefined> {
      const registered = registeredOf(resource);
      const found = await storage.get(objectKey(storedResource(registered), namespace, name));
      return found === undefined ? undefined : (read(registered, found) as T);
    },
    async list<T extends KubeObject>(resource: Resource<T>, namespace = ''): Promise<readonly T[]> {
      const registered = registeredOf(resource);
      const { items } = await storage.list(listPrefix(storedResource(registered), namespace));
      return items.map((item) => read(registered, item) as T);
    },
  };
}
