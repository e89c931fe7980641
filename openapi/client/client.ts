import type { JsonValue } from '../machinery/json.ts';
import type { KubeObject, ObjectKey } from '../machinery/object.ts';
import type { Resource } from '../machinery/resource.ts';

export interface ListOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

export interface List<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  /** Every item carries its apiVersion and kind, also where the wire leaves them out. */
  readonly items: readonly T[];
}

export interface WatchOptions extends ListOptions {
  readonly resourceVersion: string;
  readonly signal: AbortSignal;
  /** The server ends the watch after this long. Default 600. */
  readonly timeoutSeconds?: number | undefined;
}

export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: T;
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

export interface PatchOptions {
  readonly type: PatchType;
  readonly subresource?: string;
  readonly fieldManager?: string;
}

/**
 * The Kubernetes API, typed. Every call rejects with StatusError when the server refuses (isNotFound, isConflict …),
 * and with a plain Error when the server cannot be reached. Objects are never cached here: see Informer.
 */
export interface Client {
  get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): Promise<T>;
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<List<T>>;
  /** Ends when the server ends it or the signal aborts; rejects with StatusError Expired when the revision is too old. */
  watch<T extends KubeObject>(resource: Resource<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  create<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T>;
  /** With metadata.resourceVersion it is refused (Conflict) when the object changed meanwhile. */
  update<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T>;
  updateStatus<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T>;
  /** PUT to a subresource: namespaces/finalize, pods/resize. */
  updateSubresource<T extends KubeObject>(resource: Resource<T>, object: T, subresource: string): Promise<T>;
  patch<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    patch: JsonValue,
    options: PatchOptions,
  ): Promise<T>;
  delete(resource: Resource, key: ObjectKey, options?: DeleteOptions): Promise<void>;
  /** Deletes all that the selection holds, each as `delete` would. */
  deleteCollection(resource: Resource, selection: ListOptions, options?: DeleteOptions): Promise<void>;
  /** POST to a subresource: pods/binding, pods/eviction, serviceaccounts/token. */
  createSubresource<Out>(resource: Resource, key: ObjectKey, subresource: string, body: object): Promise<Out>;
}
