import { isDeepStrictEqual } from 'node:util';
import { persistentVolumeClaims } from '../../../openapi/generated/resources.ts';
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../../../openapi/generated/types.ts';
import { compareQuantities, parseQuantity, quantityValue } from '../../../openapi/machinery/quantity.ts';
import { type FieldError, forbiddenField, invalidValue } from '../../../openapi/machinery/status.ts';
import { onlyStatus } from '../generic/status-split.ts';
import type { Strategy } from '../strategy.ts';
import { persistentVolumeClaimTable } from '../table/core.ts';
import { claimSpecFaults } from '../validation/claims.ts';
import { notSupported, texts, unchanged } from '../validation/field-errors.ts';
import { goDiff } from '../validation/go-diff.ts';
import { goValue } from '../validation/go-text.ts';
import { qualifiedName } from '../validation/names.ts';
import { isNative } from '../validation/resource-names.ts';

type Claim = PersistentVolumeClaim;
const specType = 'PersistentVolumeClaimSpec';
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

const oldClass = 'volume.beta.kubernetes.io/storage-class';

function updateFaults(claim: Claim, old: Claim): FieldError[] {
  const faults: FieldError[] = [];
  const [now, before] = comparedSpecs(claim, old);
  if (claim.metadata?.annotations?.[oldClass] !== old.metadata?.annotations?.[oldClass]) {
    const value = claim.metadata?.annotations?.[oldClass] ?? '';
    if (!movedToField(claim, old)) {
      faults.push(invalidValue(`metadata.annotations[${oldClass}]`, value, 'field is immutable'));
    }
  }
  if (!isDeepStrictEqual(goValue(specType, now), goValue(specType, before))) {
    faults.push(forbiddenField('spec', `${mayChange}\n${goDiff(specType, before, now)}`));
  }
  const [size, oldSize] = [storageOf(claim.spec), storageOf(old.spec)];
  if (size !== undefined && oldSize !== undefined && isLess(size, oldSize)) {
    const capacity = old.status?.capacity?.['storage'] ?? '0';
    if (!isLess(capacity, size)) {
      const text = 'field can not be less than status.capacity';
      faults.push(forbiddenField('spec.resources.requests.storage', text));
    }
  }
  faults.push(...unchanged('volumeMode', claim.spec?.volumeMode, old.spec?.volumeMode));
  return [...faults, ...attributesClassFaults(claim, old)];
}

/** A class that was named by an annotation may be named by the field. */
function movedToField(claim: Claim, old: Claim): boolean {
  const named = old.metadata?.annotations?.[oldClass];
  const still = claim.metadata?.annotations?.[oldClass];
  return (
    named !== undefined &&
    old.spec?.storageClassName === undefined &&
    claim.spec?.storageClassName === named &&
    (still === undefined || still === named)
  );
}

function attributesClassFaults({ spec }: Claim, old: Claim): FieldError[] {
  const name = spec?.volumeAttributesClassName;
  if (old.status?.currentVolumeAttributesClassName === undefined) return [];
  if (name === old.spec?.volumeAttributesClassName || (name !== undefined && name !== '')) return [];
  const to = name === undefined ? 'nil' : 'empty string';
  const text = `update to ${to} is forbidden when status.currentVolumeAttributesClassName is not nil`;
  return [forbiddenField('spec.volumeAttributesClassName', text)];
}

function isLess(a: string, b: string): boolean {
  return compareQuantities(parseQuantity(a), parseQuantity(b)) < 0;
}

/**
 * The new and the old specification, with what may change made equal: the volume's name and a class can be set once, the size and
 * attributes class of a bound claim may change.
 */
function comparedSpecs(
  claim: Claim,
  old: Claim,
): readonly [PersistentVolumeClaimSpec, PersistentVolumeClaimSpec] {
  const bound = claim.status?.phase === 'Bound';
  let now: PersistentVolumeClaimSpec = claim.spec ?? {};
  let before: PersistentVolumeClaimSpec = old.spec ?? {};
  if ((before.volumeName ?? '') === '' && now.volumeName !== undefined) {
    before = { ...before, volumeName: now.volumeName };
  }
  const annotated = old.metadata?.annotations?.[oldClass];
  if (before.storageClassName === undefined && now.storageClassName !== undefined) {
    if (annotated === undefined || annotated === now.storageClassName) {
      const { storageClassName: _class, ...rest } = now;
      now = rest;
    }
  }
  if (!bound) return [now, before];
  const storage = storageOf(before);
  const { volumeAttributesClassName: _attributes, ...rest } = now;
  const attributes = before.volumeAttributesClassName;
  now = attributes === undefined ? rest : { ...rest, volumeAttributesClassName: attributes };
  if (now.resources?.requests !== undefined && storage !== undefined) {
    now = { ...now, resources: { ...now.resources, requests: { ...now.resources.requests, storage } } };
  }
  return [now, before];
}

const resizeStatuses = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
];

function statusFaults({ status }: Claim): FieldError[] {
  const faults: FieldError[] = [];
  for (const [name, value] of Object.entries(status?.capacity ?? {})) {
    faults.push(...basicFaults(`status.capacity[${name}]`, value));
  }
  const statuses = 'status.allocatedResourceStatuses';
  for (const [name, value] of Object.entries(status?.allocatedResourceStatuses ?? {})) {
    faults.push(...resourceKeyFaults(statuses, name));
    if (!resizeStatuses.includes(value)) faults.push(notSupported(statuses, name, resizeStatuses));
  }
  const allocated = 'status.allocatedResources';
  for (const [name, value] of Object.entries(status?.allocatedResources ?? {})) {
    const ofName = resourceKeyFaults(allocated, name);
    faults.push(...(ofName.length > 0 ? ofName : basicFaults(`${allocated}[${name}]`, value)));
  }
  return faults;
}

function resourceKeyFaults(path: string, name: string): FieldError[] {
  const faults = texts(path, name, qualifiedName);
  if (faults.length > 0 || !isNative(name) || name === 'storage') return faults;
  return [notSupported(path, name, ['storage'])];
}

function basicFaults(path: string, value: string): FieldError[] {
  const amount = quantityValue(parseQuantity(value));
  return amount < 0n ? [invalidValue(path, Number(amount), 'must be a valid resource quantity')] : [];
}
