import type { KubeObject, ObjectKey } from '../machinery/object.ts';

/** "namespace/name", or "name" for what is cluster-scoped. */
export function keyText(key: ObjectKey): string {
  return key.namespace === undefined || key.namespace === '' ? key.name : `${key.namespace}/${key.name}`;
}

export function keyFromText(text: string): ObjectKey {
  const slash = text.indexOf('/');
  return slash === -1 ? { name: text } : { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}

export function keyOfObject(object: KubeObject): ObjectKey {
  return { namespace: object.metadata?.namespace, name: object.metadata?.name ?? '' };
}

/** Objects by key, by namespace and by the uid of their owners; those without a controller by namespace too. */
export class ObjectCache<T extends KubeObject> {
  readonly #objects = new Map<string, T>();
  readonly #byNamespace = new Map<string, Map<string, T>>();
  readonly #byOwner = new Map<string, Map<string, T>>();
  readonly #orphans = new Map<string, Map<string, T>>();

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  list(namespace?: string): readonly T[] {
    return valuesOf(namespace === undefined ? this.#objects : this.#byNamespace.get(namespace));
  }

  ownedBy(uid: string): readonly T[] {
    return valuesOf(this.#byOwner.get(uid));
  }

  orphans(namespace: string): readonly T[] {
    return valuesOf(this.#orphans.get(namespace));
  }

  /** Puts `object` in the place of what was there, which it returns. */
  set(key: string, object: T): T | undefined {
    const old = this.delete(key);
    this.#objects.set(key, object);
    this.#index(object, (index, value) => {
      const group = index.get(value);
      if (group === undefined) index.set(value, new Map([[key, object]]));
      else group.set(key, object);
    });
    return old;
  }

  delete(key: string): T | undefined {
    const old = this.#objects.get(key);
    if (old === undefined) return undefined;
    this.#objects.delete(key);
    this.#index(old, (index, value) => {
      const group = index.get(value);
      group?.delete(key);
      if (group?.size === 0) index.delete(value);
    });
    return old;
  }

  #index(object: T, apply: (index: Map<string, Map<string, T>>, value: string) => void): void {
    const { namespace = '', ownerReferences = [] } = object.metadata ?? {};
    if (namespace !== '') apply(this.#byNamespace, namespace);
    for (const uid of new Set(ownerReferences.map((owner) => owner.uid))) apply(this.#byOwner, uid);
    if (!ownerReferences.some((owner) => owner.controller === true)) apply(this.#orphans, namespace);
  }
}

function valuesOf<T>(group: ReadonlyMap<string, T> | undefined): readonly T[] {
  return group === undefined ? [] : [...group.values()];
}
