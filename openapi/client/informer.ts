import type { KubeObject, ObjectKey } from '../machinery/object.ts';

/** What an informer tells: `old` is undefined for an addition, `object` is undefined for a removal. Never both. */
export interface Change<T> {
  readonly object: T | undefined;
  readonly old: T | undefined;
}

/**
 * A local copy of one resource, kept by list and watch, with back-off and relist on expiry. Objects in it are shared: never
 * change them. `get` and `list` cost no request.
 */
export interface Informer<T extends KubeObject> {
  /** True once the first list is in. */
  readonly synced: boolean;
  get(key: ObjectKey): T | undefined;
  list(namespace?: string): readonly T[];
  /** Objects whose controller or owner has this uid. */
  ownedBy(uid: string): readonly T[];
  /** Objects of the namespace that have no controller. */
  orphans(namespace: string): readonly T[];
  /** True when everything that was written up to this resourceVersion is in the copy: how a caller sees its own writes. */
  covers(resourceVersion: string): boolean;
  /** Calls `listener` for each object that is there (as an addition), then for each change. Returns how to stop. */
  subscribe(listener: (change: Change<T>) => void): () => void;
  /** Resolves when synced; rejects with the signal's reason. */
  waitForSync(signal: AbortSignal): Promise<void>;
}
