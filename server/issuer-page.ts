import type { ApiRequest, ApiResponse } from '../openapi/client/transport.ts';
import type { TokenSigner } from './auth/authentication/service-account-token.ts';

/** The issuer's discovery document and keys, by which others verify service account tokens. */
export function issuerPage(signer: TokenSigner): (request: ApiRequest) => Promise<ApiResponse | undefined> {
  return async ({ method, url }) => {
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
    if (path === '/openid/v1/jwks') return page('application/jwk-set+json', await signer.keys());
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
