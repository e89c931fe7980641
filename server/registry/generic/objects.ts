import { invariant } from '../../../openapi/machinery/invariant.ts';
import type { KubeObject, ObjectKey } from '../../../openapi/machinery/object.ts';
import { notFound } from '../../../openapi/machinery/status.ts';
import type { Resource } from '../../../openapi/machinery/resource.ts';
import { RevisionConflictError } from '../../storage/storage.ts';
import { listPrefix, objectKey } from '../keys.ts';
import { encodeFor, objectOf, storedResource } from '../stored.ts';
import type { DeleteOptions, Objects, Registered, RequestContext } from '../strategy.ts';
import { remember, type Admit, type PathOptions } from './path.ts';
import { removeObject } from './remove.ts';
import { sameJson } from './same.ts';

const noAdmission: Admit = {
  mutate: (_operation, object) => Promise.resolve(object),
  validate: () => Promise.resolve(),
};

/** Access for the server's own parts: no admission, no authorization. */
export function createObjects(options: PathOptions): Objects {
  const { storage, registry } = options;
  function registeredOf({ group, version, plural }: Resource): Registered {
    const registered = registry.find(group, version, plural);
    invariant(registered !== undefined, 'the server asks for what it serves', { group, version, plural });
    return registered;
  }
  function keyText(registered: Registered, { namespace = '', name }: ObjectKey): string {
    return objectKey(storedResource(registered), namespace, name);
  }
  const objects: Objects = {
    async get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): Promise<T | undefined> {
      const registered = registeredOf(resource);
      const found = await storage.get(keyText(registered, key));
      return found === undefined ? undefined : (objectOf(registered, found) as T);
    },
    async list<T extends KubeObject>(resource: Resource<T>, namespace = ''): Promise<readonly T[]> {
      const registered = registeredOf(resource);
      const { items } = await storage.list(listPrefix(storedResource(registered), namespace));
      return items.map((item) => objectOf(registered, item) as T);
    },
    async update<T extends KubeObject>(
      resource: Resource<T>,
      key: ObjectKey,
      change: (current: T) => T,
      dryRun = false,
    ): Promise<T> {
      const registered = registeredOf(resource);
      for (;;) {
        const current = await storage.get(keyText(registered, key));
        if (current === undefined) throw notFound(registered.resource, key.name);
        const old = objectOf(registered, current) as T;
        const changed = change(old);
        if (dryRun || sameJson(changed, old)) return changed;
        try {
          const encode = encodeFor(registered, changed);
          const written = await storage.update(current.key, current.modRevision, encode);
          remember(registered, written, changed);
          return objectOf(registered, written) as T;
        } catch (error) {
          if (!(error instanceof RevisionConflictError)) throw error;
        }
      }
    },
    async delete(
      resource: Resource,
      key: ObjectKey,
      wish: DeleteOptions,
      dryRun = false,
    ): Promise<KubeObject> {
      const registered = registeredOf(resource);
      return await deleteStored(options, { registered, objects }, key, { wish, dryRun });
    },
  };
  return objects;
}

/** Deletes an object of `registered`, which need not be in the registry. Resolves with the object as it stays, or as it was. */
export async function deleteStored(
  options: PathOptions,
  { registered, objects }: { readonly registered: Registered; readonly objects: Objects },
  { namespace = '', name }: ObjectKey,
  { wish, dryRun }: { readonly wish: DeleteOptions; readonly dryRun: boolean },
): Promise<KubeObject> {
  const context = internalContext(options, objects, dryRun);
  const request = { registered, namespace, name, context, admit: noAdmission };
  return (await removeObject(options, request, wish)).answer.object();
}

/** Who acts when the server itself does. */
function internalContext({ clock, random }: PathOptions, objects: Objects, dryRun: boolean): RequestContext {
  return {
    user: { name: 'system:apiserver', groups: ['system:masters'] },
    dryRun,
    signal: new AbortController().signal,
    warn: () => undefined,
    clock,
    random,
    objects,
    query: new URLSearchParams(),
  };
}
