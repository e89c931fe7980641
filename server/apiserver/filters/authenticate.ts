import { StatusError } from '../../../openapi/machinery/status.ts';
import type { Authenticator } from '../../auth/authenticator.ts';
import { anonymous, type UserInfo } from '../../auth/user.ts';
import { headerText, type Exchange } from '../exchange.ts';

const unauthorized = 'Unauthorized';

/** Who asks. A credential that nobody knows is refused; none at all is the anonymous user. */
export async function authenticate(
  authenticators: readonly Authenticator[],
  exchange: Exchange,
): Promise<UserInfo> {
  if (exchange.user !== undefined) return exchange.user;
  const token = bearerToken(exchange);
  const { certificate } = exchange;
  if (token === undefined && certificate === undefined) {
    if (exchange.hasBadCertificate === true) throw new StatusError('Unauthorized', unauthorized);
    return anonymous;
  }
  for (const authenticator of authenticators) {
    const user = await asked(authenticator, { certificate, token });
    if (user !== undefined) return withAuthenticatedGroup(user);
  }
  if (token === undefined) return anonymous;
  throw new StatusError('Unauthorized', unauthorized);
}

async function asked(
  authenticator: Authenticator,
  credentials: Parameters<Authenticator['authenticate']>[0],
): Promise<UserInfo | undefined> {
  try {
    return await authenticator.authenticate(credentials);
  } catch (error) {
    // What was wrong with a credential is for the log, not for who sent it.
    if (error instanceof StatusError && error.reason === 'Unauthorized') {
      throw new StatusError('Unauthorized', unauthorized, { cause: error });
    }
    throw error;
  }
}

function withAuthenticatedGroup(user: UserInfo): UserInfo {
  if (user.groups.includes('system:authenticated') || user.groups.includes('system:unauthenticated'))
    return user;
  return { ...user, groups: [...user.groups, 'system:authenticated'] };
}

/** Browsers cannot set headers on a WebSocket: they put the token into a subprotocol. */
function bearerToken(exchange: Exchange): string | undefined {
  const match = /^bearer (\S+)(?: |$)/i.exec(headerText(exchange, 'authorization').trim());
  if (match?.[1] !== undefined) return match[1];
  const protocols = headerText(exchange, 'sec-websocket-protocol').split(',');
  const prefix = 'base64url.bearer.authorization.k8s.io.';
  const found = protocols.map((each) => each.trim()).find((each) => each.startsWith(prefix));
  if (found === undefined) return undefined;
  return Buffer.from(found.slice(prefix.length), 'base64url').toString('utf8');
}
