import type { KubeObject } from './object.ts';

declare const objectType: unique symbol;

/** A served resource that carries its object's type, so that `client.get(pods, key)` yields a Pod. Generated, one per resource. */
export interface Resource<T extends KubeObject = KubeObject> {
  /** "" for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  readonly [objectType]?: T;
}

/** "v1" for the core group, else "apps/v1". */
export function apiVersionOf(resource: Pick<Resource, 'group' | 'version'>): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** "pods" for the core group, else "deployments.apps": the name that errors carry. */
export function qualifiedName(resource: Pick<Resource, 'group' | 'plural'>): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}
