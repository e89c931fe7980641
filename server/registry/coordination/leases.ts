import { leases } from '../../../openapi/generated/resources.ts';
import type { Lease } from '../../../openapi/generated/types.ts';
import { type FieldError, invalidValue } from '../../../openapi/machinery/status.ts';
import type { Strategy } from '../strategy.ts';
import { leaseTable } from '../table/others.ts';
import { notNegative } from '../validation/field-errors.ts';

export const leaseStrategy: Strategy<Lease> = {
  resource: leases,
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: false,
  prepareForCreate: withoutGated,
  prepareForUpdate: withoutGated,
  validate: leaseFaults,
  table: leaseTable,
};

function leaseFaults({ spec }: Lease): FieldError[] {
  return [
    ...durationFaults(spec?.leaseDurationSeconds),
    ...notNegative('spec.leaseTransitions', spec?.leaseTransitions),
  ];
}

function durationFaults(seconds: number | undefined): FieldError[] {
  return seconds === undefined || seconds > 0
    ? []
    : [invalidValue('spec.leaseDurationSeconds', seconds, 'must be greater than 0')];
}

/** Coordinated election is an alpha of Kubernetes: its fields are dropped without a word. */
function withoutGated(lease: Lease): Lease {
  if (lease.spec === undefined) return lease;
  const { strategy: _strategy, preferredHolder: _holder, ...spec } = lease.spec;
  return { ...lease, spec };
}
