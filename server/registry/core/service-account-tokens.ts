import { serviceAccounts } from '../../../openapi/generated/resources.ts';
import type { ServiceAccount, TokenRequest } from '../../../openapi/generated/types.ts';
import type { ObjectKey } from '../../../openapi/machinery/object.ts';
import type { Resource } from '../../../openapi/machinery/resource.ts';
import {
  type FieldError,
  conflict,
  invalid,
  invalidValue,
  notFound,
} from '../../../openapi/machinery/status.ts';
import type { ActionRequest, ActionSubresource, RequestContext } from '../strategy.ts';

const tokenRequests: Resource<TokenRequest> = {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenRequest',
  plural: 'tokenrequests',
  namespaced: true,
};

/** What the issuer is asked for; everything has been checked but the object that the token is to be bound to. */
export interface TokenWish {
  readonly account: ServiceAccount;
  /** Empty: the server's own. */
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  readonly boundObject?: {
    readonly kind?: string;
    readonly apiVersion?: string;
    readonly name?: string;
    readonly uid?: string;
  };
}

export interface IssuedToken {
  readonly token: string;
  /** RFC 3339. */
  readonly expirationTimestamp: string;
  /** What the token is good for, after defaults. */
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
}

/** Signs tokens of service accounts. server/auth implements it; main.ts joins the two. */
export interface TokenIssuer {
  /** Rejects with StatusError when the bound object is not there or is another one. */
  issue(wish: TokenWish, context: RequestContext): Promise<IssuedToken>;
}

export function tokenSubresource(issuer: TokenIssuer): ActionSubresource<TokenRequest> {
  return {
    form: 'action',
    verbs: ['create'],
    resource: tokenRequests,
    create: (request) => createToken(issuer, request),
  };
}

async function createToken(
  issuer: TokenIssuer,
  { key, body, context, admit }: ActionRequest<TokenRequest>,
): Promise<object> {
  refuseOtherPlace(key, body);
  const account = await context.objects.get(serviceAccounts, key);
  if (account === undefined) throw notFound(serviceAccounts, key.name);
  refuseOtherAccount(key.name, body, account);
  const faults = lifetimeFaults(body);
  if (faults.length > 0) throw invalid(tokenRequests, '', faults);
  await admit(body);
  // Left out, the decoder gives null, as Go's nil reads.
  const expirationSeconds = body.spec?.expirationSeconds ?? 3600;
  const boundObjectRef = body.spec?.boundObjectRef ?? undefined;
  const audiences = (body.spec?.audiences as readonly string[] | null | undefined) ?? [];
  const issued = await issuer.issue(
    {
      account,
      audiences,
      expirationSeconds,
      ...(boundObjectRef === undefined ? {} : { boundObject: boundObjectRef }),
    },
    context,
  );
  return {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: {
      ...body.metadata,
      name: key.name,
      namespace: key.namespace,
      uid: account.metadata?.uid,
      creationTimestamp: `${new Date(context.clock.now()).toISOString().slice(0, 19)}Z`,
    },
    spec: {
      audiences: issued.audiences,
      expirationSeconds: issued.expirationSeconds,
      boundObjectRef: boundObjectRef ?? null,
    },
    status: { token: issued.token, expirationTimestamp: issued.expirationTimestamp },
  };
}

/** What the body says of itself must be what the path says. */
function refuseOtherPlace(key: ObjectKey, { metadata }: TokenRequest): void {
  for (const field of ['name', 'namespace'] as const) {
    const sent = metadata?.[field] ?? '';
    if (sent === '' || sent === key[field]) continue;
    const text = `must match the service account ${field} if specified`;
    throw invalid(tokenRequests, key.name, [invalidValue(`metadata.${field}`, sent, text)]);
  }
}

function refuseOtherAccount(name: string, { metadata }: TokenRequest, account: ServiceAccount): void {
  const sent = metadata?.uid ?? '';
  const uid = account.metadata?.uid ?? '';
  if (sent === '' || sent === uid) return;
  const text = `the UID in the token request (${sent}) does not match the UID of the service account (${uid})`;
  throw conflict({ ...tokenRequests, plural: tokenRequests.kind }, name, text);
}

function lifetimeFaults({ spec }: TokenRequest): FieldError[] {
  const seconds = spec?.expirationSeconds ?? 3600;
  const path = 'spec.expirationSeconds';
  if (seconds < 600) return [invalidValue(path, seconds, 'may not specify a duration less than 10 minutes')];
  return seconds > 2 ** 32
    ? [invalidValue(path, seconds, 'may not specify a duration larger than 2^32 seconds')]
    : [];
}
