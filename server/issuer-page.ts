import type { ApiRequest, ApiResponse } from '../openapi/client/transport.ts';
import { notAcceptable } from './apiserver/discovery/document.ts';
import type { TokenSigner } from './auth/authentication/service-account-token.ts';

const keysType = 'application/jwk-set+json';

/** The issuer's discovery document and keys, by which others verify service account tokens. */
export function issuerPage(signer: TokenSigner): (request: ApiRequest) => Promise<ApiResponse | undefined> {
  return async ({ method, url, headers }) => {
    if (method !== 'GET') return undefined;
    const path = url.split('?')[0];
    if (path === '/.well-known/openid-configuration')
      return page('application/json', {
        issuer: signer.issuer,
        jwks_uri: `${signer.issuer}/openid/v1/jwks`,
        response_types_supported: ['id_token'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
      });
    if (path === '/openid/v1/jwks') {
      if (!accepts(headers['accept'])) return refusal();
      return page(keysType, await signer.keys());
    }
    return undefined;
  };
}

function page(type: string, value: object): ApiResponse {
  return {
    status: 200,
    headers: { 'content-type': type, 'cache-control': 'public, max-age=3600' },
    body: Buffer.from(JSON.stringify(value)),
  };
}

/** Keys come in their own type only: to who asks for that, or for anything. */
function accepts(header: string | readonly string[] | undefined): boolean {
  const text = typeof header === 'string' ? header : (header ?? []).join(',');
  if (text === '') return true;
  const types = text.split(',').map((each) => (each.split(';', 1)[0] ?? '').trim());
  return types.some((type) => ['*/*', 'application/*', keysType].includes(type));
}

function refusal(): ApiResponse {
  return {
    status: 406,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-cache, private' },
    body: Buffer.from(JSON.stringify(notAcceptable([keysType]).toStatus())),
  };
}
