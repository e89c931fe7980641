import { serviceCIDRs } from '../../../openapi/generated/resources.ts';
import type { ServiceCIDR } from '../../../openapi/generated/types.ts';
import { type FieldError, invalidValue, required } from '../../../openapi/machinery/status.ts';
import type { Strategy } from '../strategy.ts';
import { serviceCIDRTable } from '../table/others.ts';
import { canonicalCidrFaults, cidrParts } from '../validation/addresses.ts';
import { unchanged } from '../validation/field-errors.ts';

const path = 'spec.cidrs';

export const serviceCIDRStrategy: Strategy<ServiceCIDR> = {
  resource: serviceCIDRs,
  resetFields: { '': [['status']], status: [['metadata'], ['spec']] },
  validate: (object) => cidrsFaults(cidrsOf(object)),
  validateUpdate: (object, old) => changeFaults(cidrsOf(object), cidrsOf(old)),
  table: serviceCIDRTable,
};

function cidrsOf({ spec }: ServiceCIDR): readonly string[] {
  return spec?.cidrs ?? [];
}

function cidrsFaults(cidrs: readonly string[]): FieldError[] {
  if (cidrs.length === 0) return [required(path, 'at least one CIDR required')];
  if (cidrs.length > 2) return [invalidValue(path, { CIDRs: cidrs }, 'may only hold up to 2 values')];
  const faults = cidrs.flatMap((cidr, i) => canonicalCidrFaults(`${path}[${i}]`, cidr));
  if (faults.length > 0) return faults;
  const [first = '', second] = cidrs;
  if (second === undefined || isIPv6(first) !== isIPv6(second)) return [];
  const detail = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64';
  return [invalidValue(path, cidrs, detail)];
}

/** A second family may join a single one; nothing else changes. */
function changeFaults(cidrs: readonly string[], old: readonly string[]): FieldError[] {
  if (old.length === 1 && cidrs.length === 2) {
    const faults = unchanged(`${path}[0]`, cidrs[0], old[0]);
    return faults.length > 0 ? faults : cidrsFaults(cidrs);
  }
  if (cidrs.length !== old.length) return unchanged(path, cidrs, old);
  return cidrs.flatMap((cidr, i) => unchanged(`${path}[${i}]`, cidr, old[i]));
}

function isIPv6(cidr: string): boolean {
  return cidrParts(cidr)?.ip.includes(':') ?? false;
}
