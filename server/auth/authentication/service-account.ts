import { StatusError } from '../../../openapi/machinery/status.ts';
import type { Authenticator } from '../authenticator.ts';
import type { UserInfo } from '../user.ts';
import type { TokenClaims, TokenSigner } from './service-account-token.ts';

/** Finds the uid of what a token is bound to, and whether it is being deleted; undefined when it is gone. */
export type FindUid = (
  plural: 'serviceaccounts' | 'pods' | 'secrets' | 'nodes',
  key: { readonly namespace?: string; readonly name: string },
) => Promise<{ readonly uid: string; readonly deletionMs?: number | undefined } | undefined>;

/** A pod's token lives on so long after the pod's deletion began, as in Kubernetes: its containers may still be ending. */
const deletionGraceMs = 60_000;

/** Accepts our own service account tokens, as long as all that they are bound to is there with the same uid. */
export function serviceAccountAuthenticator(
  signer: TokenSigner,
  find: FindUid,
  nowMs: () => number,
): Authenticator {
  return {
    name: 'service-account',
    async authenticate({ token }) {
      if (token === undefined) return undefined;
      const claims = await verified(signer, token, signer.apiAudiences);
      if (claims === undefined) return undefined;
      const problem = await findProblem(claims, find, nowMs());
      if (problem !== undefined) throw unauthorized(problem);
      return userOf(claims);
    },
  };
}

/** As the authenticator, for TokenReview: any audience may be asked for. Rejects with the reason when it does not hold. */
export async function reviewToken(
  signer: TokenSigner,
  find: FindUid,
  review: { readonly token: string; readonly audiences: readonly string[]; readonly nowMs: number },
): Promise<{ readonly user: UserInfo; readonly audiences: readonly string[] } | undefined> {
  const claims = await verified(signer, review.token, review.audiences);
  if (claims === undefined) return undefined;
  const problem = await findProblem(claims, find, review.nowMs);
  if (problem !== undefined) throw unauthorized(problem);
  return {
    user: userOf(claims),
    audiences: claims.audiences.filter((each) => review.audiences.includes(each)),
  };
}

async function verified(
  signer: TokenSigner,
  token: string,
  audiences: readonly string[],
): Promise<TokenClaims | undefined> {
  try {
    return await signer.verify(token, audiences);
  } catch (error) {
    throw unauthorized(whyOf(error, audiences));
  }
}

function unauthorized(why: string): StatusError {
  return new StatusError('Unauthorized', 'Unauthorized', { cause: new Error(why) });
}

/** jose's refusal in Kubernetes' words. */
function whyOf(error: unknown, audiences: readonly string[]): string {
  const { claim, payload, code } = error as {
    claim?: string;
    code?: string;
    payload?: { aud?: string | string[] };
  };
  const list = (values: readonly string[]): string =>
    `[${values.map((each) => JSON.stringify(each)).join(' ')}]`;
  if (claim === 'aud')
    return `token audiences ${list([payload?.aud ?? []].flat())} is invalid for the target audiences ${list(audiences)}`;
  if (code === 'ERR_JWT_EXPIRED') return 'service account token has expired';
  return 'invalid signature or claims';
}

async function findProblem(claims: TokenClaims, find: FindUid, nowMs: number): Promise<string | undefined> {
  const { namespace } = claims;
  const asked = [
    ['serviceaccounts', { namespace, name: claims.serviceAccount.name }, claims.serviceAccount.uid],
    ...(claims.pod === undefined ? [] : [['pods', { namespace, name: claims.pod.name }, claims.pod.uid]]),
    ...(claims.secret === undefined
      ? []
      : [['secrets', { namespace, name: claims.secret.name }, claims.secret.uid]]),
    ...(claims.node?.uid === undefined || claims.pod !== undefined
      ? []
      : [['nodes', { name: claims.node.name }, claims.node.uid]]),
  ] as [Parameters<FindUid>[0], Parameters<FindUid>[1], string][];
  for (const [plural, key, uid] of asked) {
    const found = await find(plural, key);
    const problem = problemOf(plural, key.name, uid, found);
    if (problem !== undefined) return problem;
    if (found?.deletionMs !== undefined && nowMs > found.deletionMs + deletionGraceMs) return invalidated;
  }
  return undefined;
}

const invalidated = 'service account token has been invalidated';

/** Kubernetes' words, which TokenReview shows. */
function problemOf(
  plural: string,
  name: string,
  uid: string,
  found: { readonly uid: string } | undefined,
): string | undefined {
  if (found?.uid === uid) return undefined;
  if (plural !== 'serviceaccounts') return invalidated;
  if (found === undefined) return `serviceaccounts ${JSON.stringify(name)} not found`;
  return `service account UID (${found.uid}) does not match claim (${uid})`;
}

/** The user that a token stands for: name, groups and extra as Kubernetes gives them. */
function userOf(claims: TokenClaims): UserInfo {
  const { namespace, serviceAccount } = claims;
  const extra: Record<string, string[]> = {};
  if (claims.id !== '') extra['authentication.kubernetes.io/credential-id'] = [`JTI=${claims.id}`];
  if (claims.node !== undefined) {
    extra['authentication.kubernetes.io/node-name'] = [claims.node.name];
    if (claims.node.uid !== undefined) extra['authentication.kubernetes.io/node-uid'] = [claims.node.uid];
  }
  if (claims.pod !== undefined) {
    extra['authentication.kubernetes.io/pod-name'] = [claims.pod.name];
    extra['authentication.kubernetes.io/pod-uid'] = [claims.pod.uid];
  }
  return {
    name: `system:serviceaccount:${namespace}:${serviceAccount.name}`,
    uid: serviceAccount.uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
    extra,
  };
}
