import type { KubeObject, ObjectKey } from '../../openapi/machinery/object.ts';
import type { Resource } from '../../openapi/machinery/resource.ts';

/** Reads what the store holds now, beside the request under way. main.ts joins the registry to it. */
export interface Lookup {
  get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): Promise<T | undefined>;
  /** Few objects only: it reads them all. */
  list<T extends KubeObject>(resource: Resource<T>, namespace?: string): Promise<readonly T[]>;
}
