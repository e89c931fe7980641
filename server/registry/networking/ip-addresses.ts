import { isDeepStrictEqual } from 'node:util';
import { ipAddresses } from '../../../openapi/generated/resources.ts';
import type { IPAddress, ParentReference } from '../../../openapi/generated/types.ts';
import { type FieldError, invalidValue, required } from '../../../openapi/machinery/status.ts';
import type { Strategy } from '../strategy.ts';
import { ipAddressTable } from '../table/others.ts';
import { canonicalIpProblems } from '../validation/addresses.ts';
import { texts } from '../validation/field-errors.ts';
import { goValue } from '../validation/go-text.ts';
import { dnsSubdomain, pathSegment } from '../validation/names.ts';

const path = 'spec.parentRef';

/** Its name is the address itself, in the one form that an address has. */
export const ipAddressStrategy: Strategy<IPAddress> = {
  resource: ipAddresses,
  validateName: canonicalIpProblems,
  validate: (object) => parentFaults(parentOf(object)),
  validateUpdate: (object, old) => {
    const parent = parentOf(object);
    const faults = parentFaults(parent);
    if (isDeepStrictEqual(parent, parentOf(old))) return faults;
    const shown = parent === undefined ? null : goValue('networking.ParentReference', parent);
    return [...faults, invalidValue(path, shown, 'field is immutable')];
  },
  table: ipAddressTable,
};

function parentOf({ spec }: IPAddress): ParentReference | undefined {
  return (spec as Partial<IPAddress['spec']> | undefined)?.parentRef ?? undefined;
}

function parentFaults(parent: ParentReference | undefined): FieldError[] {
  if (parent === undefined) return [required(path)];
  const { group = '', resource = '', namespace = '', name = '' } = parent as Partial<ParentReference>;
  return [
    ...(group === '' ? [] : texts(`${path}.group`, group, dnsSubdomain)),
    ...(resource === '' ? [required(`${path}.resource`)] : texts(`${path}.resource`, resource, pathSegment)),
    ...(name === '' ? [required(`${path}.name`)] : texts(`${path}.name`, name, pathSegment)),
    ...(namespace === '' ? [] : texts(`${path}.namespace`, namespace, pathSegment)),
  ];
}
