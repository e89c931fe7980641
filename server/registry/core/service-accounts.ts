import { serviceAccounts } from '../../../openapi/generated/resources.ts';
import type { ServiceAccount } from '../../../openapi/generated/types.ts';
import type { Strategy } from '../strategy.ts';
import { serviceAccountTable } from '../table/core.ts';
import { type TokenIssuer, tokenSubresource } from './service-account-tokens.ts';

const limiting = 'kubernetes.io/enforce-mountable-secrets';
const insteadOfLimiting = 'prefer separate namespaces to isolate access to mounted secrets';

/** Without an issuer no tokens are given out. */
export function serviceAccountStrategyWith(issuer: TokenIssuer | undefined): Strategy<ServiceAccount> {
  return {
    resource: serviceAccounts,
    deleteReturnsObject: true,
    prepareForCreate: withSecretNames,
    prepareForUpdate: withSecretNames,
    warnings: ({ metadata }, old) =>
      metadata?.annotations?.[limiting] === undefined || old?.metadata?.annotations?.[limiting] !== undefined
        ? []
        : [`metadata.annotations[${limiting}]: deprecated in v1.32+; ${insteadOfLimiting}`],
    table: serviceAccountTable,
    ...(issuer === undefined ? {} : { subresources: { token: tokenSubresource(issuer) } }),
  };
}

/** Of the secrets of an account only the names are kept. */
function withSecretNames(account: ServiceAccount): ServiceAccount {
  const { secrets } = account;
  if (secrets === undefined) return account;
  return { ...account, secrets: secrets.map(({ name }) => (name === undefined ? {} : { name })) };
}
