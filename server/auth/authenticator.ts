import type { UserInfo } from './user.ts';

/** What a request brings to prove who sends it. */
export interface Credentials {
  /** The verified client certificate's subject, when TLS gave one: O is the list of groups. */
  readonly certificate?:
    { readonly commonName: string; readonly organizations: readonly string[] } | undefined;
  /** The bearer token of the Authorization header. */
  readonly token?: string | undefined;
}

/** A value: known. Undefined: not mine, ask the next. Rejects with StatusError Unauthorized: mine, and wrong. */
export interface Authenticator {
  readonly name: string;
  authenticate(credentials: Credentials): Promise<UserInfo | undefined>;
}
