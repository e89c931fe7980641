import { serviceAccounts } from '../../../openapi/generated/resources.ts';
import type { ServiceAccount } from '../../../openapi/generated/types.ts';
import type { Strategy } from '../strategy.ts';
import { serviceAccountTable } from '../table/core.ts';
import { type TokenIssuer, tokenSubresource } from './service-account-tokens.ts';

/** Without an issuer no tokens are given out. */
export function serviceAccountStrategyWith(issuer: TokenIssuer | undefined): Strategy<ServiceAccount> {
  return {
    resource: serviceAccounts,
    deleteReturnsObject: true,
    table: serviceAccountTable,
    ...(issuer === undefined ? {} : { subresources: { token: tokenSubresource(issuer) } }),
  };
}
