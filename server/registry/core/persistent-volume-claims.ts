import { isDeepStrictEqual } from 'node:util';
import { persistentVolumeClaims } from '../../../openapi/generated/resources.ts';
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../../../openapi/generated/types.ts';
import { compareQuantities, milliValue, parseQuantity } from '../../../openapi/machinery/quantity.ts';
import { type FieldError, forbiddenField, invalidValue } from '../../../openapi/machinery/status.ts';
import { onlyStatus } from '../generic/status-split.ts';
import type { Strategy } from '../strategy.ts';
import { persistentVolumeClaimTable } from '../table/core.ts';
import { claimSpecFaults } from '../validation/claims.ts';
import { notSupported, unchanged } from '../validation/field-errors.ts';

type Claim = PersistentVolumeClaim;
const mayChange =
  'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

export const persistentVolumeClaimStrategy: Strategy<Claim> = {
  resource: persistentVolumeClaims,
  deleteReturnsObject: true,
  defaults: (claim) => ({
    ...claim,
    spec: { ...claim.spec, volumeMode: claim.spec?.volumeMode ?? 'Filesystem' },
    status: { ...claim.status, phase: claim.status?.phase ?? 'Pending' },
  }),
  prepareForCreate: (claim) => ({
    ...claim,
    spec: withBothSources(claim.spec ?? {}),
    status: { phase: 'Pending' },
  }),
  validate: ({ spec }) => claimSpecFaults('spec', spec ?? {}),
  validateUpdate: (claim, old) => [...claimSpecFaults('spec', claim.spec ?? {}), ...updateFaults(claim, old)],
  table: persistentVolumeClaimTable,
  subresources: {
    status: {
      form: 'part',
      verbs: ['get', 'patch', 'update'],
      prepareForUpdate: (claim, old) => onlyStatus(claim, old),
      validateUpdate: statusFaults,
    },
  },
};

const snapshots = 'snapshot.storage.k8s.io';

/** dataSource knows two kinds only and forgets others; dataSourceRef takes any. Each fills the other. */
function withBothSources(spec: PersistentVolumeClaimSpec): PersistentVolumeClaimSpec {
  const { dataSource, dataSourceRef, ...rest } = spec;
  const known =
    dataSource === undefined ||
    (dataSource.kind === 'PersistentVolumeClaim' && (dataSource.apiGroup ?? '') === '') ||
    (dataSource.kind === 'VolumeSnapshot' && dataSource.apiGroup === snapshots);
  const source = known ? dataSource : undefined;
  const ref = dataSourceRef ?? source;
  const namespaced = (dataSourceRef?.namespace ?? '') !== '';
  const both = source ?? (namespaced ? undefined : dataSourceRef);
  return {
    ...rest,
    ...(both === undefined ? {} : { dataSource: both }),
    ...(ref === undefined ? {} : { dataSourceRef: ref }),
  };
}

function storageOf(spec: PersistentVolumeClaimSpec | undefined): string | undefined {
  return spec?.resources?.requests?.['storage'];
}

function updateFaults(claim: Claim, old: Claim): FieldError[] {
  const bound = claim.status?.phase === 'Bound';
  const faults: FieldError[] = [];
  if (!isDeepStrictEqual(fixedPart(claim.spec, old.spec, bound), fixedPart(old.spec, old.spec, bound))) {
    faults.push(forbiddenField('spec', mayChange));
  }
  const [now, before] = [storageOf(claim.spec), storageOf(old.spec)];
  if (now !== undefined && before !== undefined && isLess(now, before)) {
    const capacity = old.status?.capacity?.['storage'] ?? '0';
    if (!isLess(capacity, now)) {
      const text = 'field can not be less than status.capacity';
      faults.push(forbiddenField('spec.resources.requests.storage', text));
    }
  }
  return [...faults, ...unchanged('volumeMode', claim.spec?.volumeMode, old.spec?.volumeMode)];
}

function isLess(a: string, b: string): boolean {
  return compareQuantities(parseQuantity(a), parseQuantity(b)) < 0;
}

/** What must stay: the volume's name can be set once, the size and class of a bound claim may change. */
function fixedPart(
  spec: PersistentVolumeClaimSpec | undefined,
  old: PersistentVolumeClaimSpec | undefined,
  bound: boolean,
): object {
  const { volumeName, resources, volumeAttributesClassName, ...rest } = spec ?? {};
  const { storage: _storage, ...requests } = resources?.requests ?? {};
  return {
    ...rest,
    ...((old?.volumeName ?? '') === '' ? {} : { volumeName }),
    resources: bound ? { ...resources, requests } : resources,
    ...(bound ? {} : { volumeAttributesClassName }),
  };
}

function statusFaults({ status }: Claim): FieldError[] {
  const faults: FieldError[] = [];
  for (const [name, value] of Object.entries(status?.capacity ?? {})) {
    if (milliValue(parseQuantity(value)) >= 0n) continue;
    faults.push(invalidValue(`status.capacity[${name}]`, Number(value), 'must be a valid resource quantity'));
  }
  for (const name of Object.keys(status?.allocatedResources ?? {})) {
    if (name === 'storage' || name.includes('/')) continue;
    faults.push(notSupported('status.allocatedResources', name, ['storage']));
  }
  return faults;
}
