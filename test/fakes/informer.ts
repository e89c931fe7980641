import type { Change, Informer } from '../../openapi/client/informer.ts';
import type { KubeObject, ObjectKey } from '../../openapi/machinery/object.ts';

/** An informer over a list that a test sets; it keeps the contract, without a server. */
export interface SetInformer<T extends KubeObject> extends Informer<T> {
  set(objects: readonly T[]): void;
}

export function setInformer<T extends KubeObject>(first: readonly T[] = []): SetInformer<T> {
  let all = first;
  const listeners = new Set<(change: Change<T>) => void>();
  const same = (object: T, key: ObjectKey): boolean =>
    object.metadata?.name === key.name && (object.metadata.namespace ?? '') === (key.namespace ?? '');
  return {
    synced: true,
    get: (key) => all.find((object) => same(object, key)),
    list: (namespace) =>
      all.filter((each) => namespace === undefined || each.metadata?.namespace === namespace),
    ownedBy: (uid) =>
      all.filter((each) => (each.metadata?.ownerReferences ?? []).some((owner) => owner.uid === uid)),
    orphans: (namespace) =>
      all.filter(
        (each) =>
          each.metadata?.namespace === namespace &&
          !(each.metadata.ownerReferences ?? []).some((owner) => owner.controller === true),
      ),
    covers: () => true,
    subscribe(listener) {
      listeners.add(listener);
      for (const object of all) listener({ object, old: undefined });
      return () => listeners.delete(listener);
    },
    waitForSync: () => Promise.resolve(),
    set(objects) {
      const before = all;
      all = objects;
      for (const listener of listeners) {
        for (const old of before) listener({ object: undefined, old });
        for (const object of objects) listener({ object, old: undefined });
      }
    },
  };
}
