import { serviceAccounts } from '../../../openapi/generated/resources.ts';
import type { ServiceAccount } from '../../../openapi/generated/types.ts';
import type { Strategy } from '../strategy.ts';
import { serviceAccountTable } from '../table/core.ts';

export const serviceAccountStrategy: Strategy<ServiceAccount> = {
  resource: serviceAccounts,
  deleteReturnsObject: true,
  table: serviceAccountTable,
};
