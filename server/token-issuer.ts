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
  if (wish.boundObject === undefined) return {};
  const { kind = '', name = '', uid = '' } = wish.boundObject;
  const resource = boundResource(wish.boundObject);
  if (name === '') throw badRequest('Name parameter required.');
  const found = await objects.get(resource, { name, ...(resource.namespaced ? { namespace } : {}) });
  const foundUid = found?.metadata?.uid;
  if (foundUid === undefined) throw notFound(resource, name);
  if (kind === 'Pod') refuseOtherAccount(found as Pod, wish.account.metadata?.name ?? '');
  if (uid !== '' && uid !== foundUid) {
    const text = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict({ ...resource, plural: resource.kind }, name, text);
  }
  const bound: BoundObject = { kind: kind as BoundObject['kind'], name, uid: foundUid };
  const nodeName = kind === 'Pod' ? ((found as Pod).spec?.nodeName ?? '') : '';
  return nodeName === '' ? { bound } : { bound, node: await nodeOf(nodeName, objects) };
}

/** A node that is not there any more is told by its name alone. */
async function nodeOf(name: string, objects: RequestContext['objects']): Promise<NonNullable<Bound['node']>> {
  const uid = (await objects.get(nodes, { name }))?.metadata?.uid;
  return { name, ...(uid === undefined ? {} : { uid }) };
}

function boundResource({ kind = '', apiVersion = '' }: NonNullable<TokenWish['boundObject']>): Resource {
  const slash = apiVersion.indexOf('/');
  const [group, version] = [apiVersion.slice(0, Math.max(0, slash)), apiVersion.slice(slash + 1)];
  const resource = group === '' && Object.hasOwn(boundKinds, kind) ? boundKinds[kind] : undefined;
  if (resource !== undefined) return resource;
  throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${kind}`);
}

function refuseOtherAccount({ spec }: Pod, account: string): void {
  if (spec?.serviceAccountName === account) return;
  throw badRequest(
    `cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`,
  );
}
