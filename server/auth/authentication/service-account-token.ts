import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { exportJWK, jwtVerify, SignJWT, type JWK, type JWTPayload } from 'jose';
import type { Clock } from '../../../openapi/machinery/clock.ts';
import { isJsonObject } from '../../../openapi/machinery/json.ts';

/** What a token is bound to: it ends with this object's uid. */
export interface BoundObject {
  readonly kind: 'Pod' | 'Secret' | 'Node';
  readonly name: string;
  readonly uid: string;
}

export interface TokenClaims {
  readonly namespace: string;
  readonly serviceAccount: { readonly name: string; readonly uid: string };
  readonly pod?: { readonly name: string; readonly uid: string } | undefined;
  readonly node?: { readonly name: string; readonly uid?: string | undefined } | undefined;
  readonly secret?: { readonly name: string; readonly uid: string } | undefined;
  readonly audiences: readonly string[];
  readonly id: string;
}

export interface TokenRequest {
  readonly namespace: string;
  readonly serviceAccount: { readonly name: string; readonly uid: string };
  readonly bound?: BoundObject | undefined;
  readonly node?: { readonly name: string; readonly uid?: string | undefined } | undefined;
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  /** When clients should have renewed it; for tokens that live longer than asked for. Seconds from now. */
  readonly warnAfterSeconds?: number | undefined;
}

export interface TokenSigner {
  readonly issuer: string;
  readonly apiAudiences: readonly string[];
  sign(request: TokenRequest): Promise<{ readonly token: string; readonly expirationMs: number }>;
  /** Undefined: not a token of ours. Rejects when it is and does not hold (signature, time, audience). */
  verify(token: string, audiences: readonly string[]): Promise<TokenClaims | undefined>;
  /** The JSON Web Key Set for other verifiers. */
  keys(): Promise<{ readonly keys: readonly JWK[] }>;
}

export interface SignerOptions {
  readonly privateKey: KeyObject;
  readonly issuer: string;
  readonly apiAudiences: readonly string[];
  readonly clock: Clock;
  readonly randomId: () => string;
}

/** Signs and verifies service account tokens (RS256), with the claims of Kubernetes' bound tokens. */
export function tokenSigner(options: SignerOptions): TokenSigner {
  const { issuer, apiAudiences, clock } = options;
  const publicKey = createPublicKey(options.privateKey);
  const keyId = keyIdOf(publicKey);

  return {
    issuer,
    apiAudiences,
    async sign(request) {
      const now = Math.floor(clock.now() / 1000);
      const expiration = now + request.expirationSeconds;
      // In the order of the names, as others print them.
      const token = await new SignJWT({
        aud: [...request.audiences],
        exp: expiration,
        iat: now,
        iss: issuer,
        jti: options.randomId(),
        'kubernetes.io': kubernetesClaims(request, now),
        nbf: now,
        sub: `system:serviceaccount:${request.namespace}:${request.serviceAccount.name}`,
      })
        .setProtectedHeader({ alg: 'RS256', kid: keyId })
        .sign(options.privateKey);
      return { token, expirationMs: expiration * 1000 };
    },
    async verify(token, audiences) {
      if (issuerOf(token) !== issuer) return undefined;
      const { payload } = await jwtVerify(token, publicKey, {
        algorithms: ['RS256'],
        issuer,
        audience: [...audiences],
        currentDate: new Date(clock.now()),
      });
      return claimsOf(payload);
    },
    async keys() {
      const jwk = await exportJWK(publicKey);
      return { keys: [{ use: 'sig', kty: 'RSA', kid: keyId, alg: 'RS256', n: jwk.n ?? '', e: jwk.e ?? '' }] };
    },
  };
}

/** As Kubernetes: the base64url of the SHA-256 of the DER public key. */
function keyIdOf(publicKey: KeyObject): string {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(der).digest('base64url');
}

function kubernetesClaims(request: TokenRequest, now: number): Record<string, unknown> {
  const { bound, node, warnAfterSeconds } = request;
  return {
    namespace: request.namespace,
    ...(node === undefined ? {} : { node }),
    ...(bound === undefined ? {} : { [bound.kind.toLowerCase()]: { name: bound.name, uid: bound.uid } }),
    serviceaccount: request.serviceAccount,
    ...(warnAfterSeconds === undefined ? {} : { warnafter: now + warnAfterSeconds }),
  };
}

/** Reads the issuer without trusting it, to tell our tokens from others'. Never throws: junk is not ours. */
function issuerOf(token: string): string | undefined {
  const parts = token.split('.');
  if (parts.length !== 3 || token.length > 16_384) return undefined;
  try {
    const payload: unknown = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8'));
    return isJsonObject(payload) && typeof payload['iss'] === 'string' ? payload['iss'] : undefined;
  } catch {
    return undefined;
  }
}

function claimsOf(payload: JWTPayload): TokenClaims | undefined {
  const own = payload['kubernetes.io'];
  if (!isJsonObject(own) || typeof own['namespace'] !== 'string') return undefined;
  const serviceAccount = named(own['serviceaccount']);
  if (serviceAccount?.uid === undefined) return undefined;
  const node = named(own['node']);
  return {
    namespace: own['namespace'],
    serviceAccount: { name: serviceAccount.name, uid: serviceAccount.uid },
    pod: bound(own['pod']),
    secret: bound(own['secret']),
    node,
    audiences: typeof payload.aud === 'string' ? [payload.aud] : (payload.aud ?? []),
    id: payload.jti ?? '',
  };
}

function named(value: unknown): { name: string; uid?: string } | undefined {
  if (!isJsonObject(value) || typeof value['name'] !== 'string') return undefined;
  return typeof value['uid'] === 'string'
    ? { name: value['name'], uid: value['uid'] }
    : { name: value['name'] };
}

function bound(value: unknown): { name: string; uid: string } | undefined {
  const found = named(value);
  return found?.uid === undefined ? undefined : { name: found.name, uid: found.uid };
}
