import { resourceResourceClaims } from '../../openapi/generated/resources.ts';
import type { ResourceResourceClaim } from '../../openapi/generated/types.ts';
import { quantityOf } from '../../openapi/machinery/quantity.ts';
import { greaterAmounts, one, sumAmounts, type Amounts } from './amounts.ts';
import { countName, type Evaluator } from './evaluator.ts';

const devicesOf = '.deviceclass.resource.k8s.io/devices';
/** What "all devices" may come to. */
const devicesMax = 32;

/** Claims of devices count by device class: `gpus.deviceclass.resource.k8s.io/devices`. */
export const deviceClaimEvaluator: Evaluator = {
  handles: ({ operation, subresource }) =>
    subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'),
  counts: (name) => name === countName(resourceResourceClaims) || name.endsWith(devicesOf),
  matchesScope: () => false,
  usage: (object) => usage(object as ResourceResourceClaim),
};

interface Wish {
  readonly deviceClassName: string;
  readonly allocationMode?: string;
  readonly count?: number;
}

function usage({ spec }: ResourceResourceClaim): Amounts {
  let sum: Amounts = new Map([[countName(resourceResourceClaims), one]]);
  for (const { exactly, firstAvailable = [] } of spec.devices?.requests ?? []) {
    const wishes: readonly Wish[] = exactly === undefined ? firstAvailable : [exactly];
    sum = sumAmounts(sum, wishes.map(devices).reduce(greaterAmounts, new Map()));
  }
  return sum;
}

function devices({ deviceClassName, allocationMode = 'ExactCount', count = 1 }: Wish): Amounts {
  const number = allocationMode === 'All' ? devicesMax : count;
  return new Map([[`${deviceClassName}${devicesOf}`, quantityOf(BigInt(number))]]);
}
