import type { KubeObject, ObjectKey } from '../../openapi/machinery/object.ts';
import type { Resource } from '../../openapi/machinery/resource.ts';

/** Reads what the store holds now, beside the request under way. Objects are shared: never change them. main.ts joins the registry to it. */
export interface Lookup {
  get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): Promise<T | undefined>;
  /** In the order of their names. Few objects only: it reads them all. */
  list<T extends KubeObject>(resource: Resource<T>, namespace?: string): Promise<readonly T[]>;
}

/** Writes of what admission itself keeps count of; no admission is asked about them. */
export interface Accounts {
  /**
   * Reads, changes and writes; reads anew when another wrote between. The change is pure, and may throw a StatusError, with which the
   * update rejects. Rejects with NotFound when the object is gone.
   */
  update<T extends KubeObject>(resource: Resource<T>, key: ObjectKey, change: (current: T) => T): Promise<T>;
}
