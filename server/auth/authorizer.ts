import type { UserInfo } from './user.ts';

/** What is asked for: a resource request, or (path only) one for anything else. */
export interface AuthorizationAttributes {
  readonly user: UserInfo;
  /** get, list, watch, create, update, patch, delete, deletecollection, impersonate …; for a path, the method in lower case. */
  readonly verb: string;
  /** Set for what is not a resource; then the rest is empty. */
  readonly path?: string | undefined;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

export type Decision =
  | { readonly allowed: true; readonly reason: string }
  | { readonly allowed: false; readonly denied: boolean; readonly reason: string };

export interface Authorizer {
  authorize(attributes: AuthorizationAttributes): Decision;
}
