import { nodes, pods, secrets } from '../openapi/generated/resources.ts';
import type { Pod } from '../openapi/generated/types.ts';
import { timeText, type Clock } from '../openapi/machinery/clock.ts';
import type { Resource } from '../openapi/machinery/resource.ts';
import { badRequest, conflict, notFound } from '../openapi/machinery/status.ts';
import type { BoundObject, TokenSigner } from './auth/authentication/service-account-token.ts';
import type { IssuedToken, TokenIssuer, TokenWish } from './registry/core/service-account-tokens.ts';
import type { RequestContext } from './registry/strategy.ts';

/** What pods ask for when they say nothing: an hour, and seven seconds by which these tokens are known. */
const podTokenSeconds = 3607;
const yearSeconds = 365 * 24 * 3600;
const boundKinds: Readonly<Record<string, Resource>> = { Pod: pods, Secret: secrets, Node: nodes };

/** Issues service account tokens, as kube-apiserver does: a pod's default token lives a year, so that clients that never read it anew go on. */
export function tokenIssuer(signer: TokenSigner, clock: Clock): TokenIssuer {
  return {
    async issue(wish, context): Promise<IssuedToken> {
      const { account, expirationSeconds } = wish;
      const audiences = wish.audiences.length === 0 ? signer.apiAudiences : wish.audiences;
      const namespace = account.metadata?.namespace ?? '';
      const { bound, node } = await boundOf(wish, namespace, context);
      const ours =
        signer.apiAudiences.every((each) => audiences.includes(each)) &&
        audiences.length === signer.apiAudiences.length;
      const extended = expirationSeconds === podTokenSeconds && bound?.kind === 'Pod' && ours;
      const { token } = await signer.sign({
        namespace,
        serviceAccount: { name: account.metadata?.name ?? '', uid: account.metadata?.uid ?? '' },
        bound,
        node,
        audiences,
        expirationSeconds: extended ? yearSeconds : expirationSeconds,
        warnAfterSeconds: extended ? podTokenSeconds : undefined,
      });
      const expirationTimestamp = timeText(clock.now() + expirationSeconds * 1000);
      return { token, expirationTimestamp, audiences, expirationSeconds };
    },
  };
}

interface Bound {
  readonly bound?: BoundObject;
  readonly node?: { readonly name: string; readonly uid?: string };
}

/** Finds what the token is to end with. Throws StatusError when it is not there, or another one of that name. */
async function boundOf(wish: TokenWish, namespace: string, { objects }: RequestContext): Promise<Bound> {
  const { kind, name, uid } = wish.boundObject ?? {};
  if (kind === undefined || name === undefined) return {};
  const resource = Object.hasOwn(boundKinds, kind) ? boundKinds[kind] : undefined;
  if (resource === undefined) throw badRequest(`cannot bind token to object of type ${kind}`);
  const found = await objects.get(resource, { name, ...(resource.namespaced ? { namespace } : {}) });
  const foundUid = found?.metadata?.uid;
  if (foundUid === undefined) throw notFound(resource, name);
  if (uid !== undefined && uid !== '' && uid !== foundUid)
    throw conflict(
      resource,
      name,
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  const bound: BoundObject = { kind: kind as BoundObject['kind'], name, uid: foundUid };
  const nodeName = kind === 'Pod' ? ((found as Pod).spec?.nodeName ?? '') : '';
  if (nodeName === '') return { bound };
  const nodeUid = (await objects.get(nodes, { name: nodeName }))?.metadata?.uid;
  return { bound, node: { name: nodeName, ...(nodeUid === undefined ? {} : { uid: nodeUid }) } };
}
