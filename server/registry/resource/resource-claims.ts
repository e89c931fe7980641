import { resourceClaimTemplates, resourceResourceClaims } from '../../../openapi/generated/resources.ts';
import type { ResourceClaimTemplate, ResourceResourceClaim } from '../../../openapi/generated/types.ts';
import { type FieldError, forbiddenField, invalidValue } from '../../../openapi/machinery/status.ts';
import { isDeepStrictEqual } from 'node:util';
import { onlyStatus } from '../generic/status-split.ts';
import type { Strategy } from '../strategy.ts';
import { ageTable, resourceClaimTable } from '../table/others.ts';

type Claim = ResourceResourceClaim;
type Spec = NonNullable<Claim['spec']>;

export const resourceClaimStrategy: Strategy<Claim> = {
  resource: resourceResourceClaims,
  resetFields: { '': [['status']], status: [['metadata'], ['spec']] },
  deleteReturnsObject: true,
  defaults: (claim) => ({ ...claim, spec: withDefaults(claim.spec) }),
  validateUpdate: (claim, old) => specFaults(claim.spec, old.spec),
  table: resourceClaimTable,
  subresources: {
    status: {
      form: 'part',
      verbs: ['get', 'patch', 'update'],
      prepareForUpdate: (claim, old) => onlyStatus(claim, old) as Claim,
      validateUpdate: ({ status }) =>
        status?.allocation === undefined && (status?.reservedFor ?? []).length > 0
          ? [forbiddenField('status.reservedFor', 'may not be specified when `allocated` is not set')]
          : [],
    },
  },
};

export const resourceClaimTemplateStrategy: Strategy<ResourceClaimTemplate> = {
  resource: resourceClaimTemplates,
  deleteReturnsObject: true,
  defaults: (template) => ({
    ...template,
    spec: { ...template.spec, spec: withDefaults(template.spec.spec) },
  }),
  validateUpdate: (template, old) => specFaults(template.spec, old.spec),
  table: ageTable,
};

/** One device is asked for where no number is stated. */
function withDefaults(spec: Spec): Spec {
  const requests = spec.devices?.requests;
  if (requests === undefined || (requests as readonly unknown[] | null) === null) return spec;
  return {
    ...spec,
    devices: {
      ...spec.devices,
      requests: requests.map((request) => ({
        ...request,
        ...(request.exactly === undefined ? {} : { exactly: exact(request.exactly) }),
        ...(request.firstAvailable === undefined
          ? {}
          : { firstAvailable: request.firstAvailable.map((each) => exact(each)) }),
      })),
    },
  };
}

function exact<T extends { readonly allocationMode?: string; readonly count?: number }>(request: T): T {
  const allocationMode =
    (request.allocationMode ?? '') === '' ? 'ExactCount' : (request.allocationMode ?? '');
  const count = (request.count ?? 0) === 0 && allocationMode === 'ExactCount' ? 1 : request.count;
  return { ...request, allocationMode, ...(count === undefined ? {} : { count }) };
}

function specFaults(spec: unknown, old: unknown): FieldError[] {
  return isDeepStrictEqual(spec, old) ? [] : [invalidValue('spec', spec, 'field is immutable')];
}
