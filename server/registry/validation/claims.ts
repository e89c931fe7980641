import type { PersistentVolumeClaimSpec } from '../../../openapi/generated/types.ts';
import { milliValue, parseQuantity } from '../../../openapi/machinery/quantity.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
} from '../../../openapi/machinery/status.ts';
import { oneOf, texts } from './field-errors.ts';
import { dnsLabel, dnsSubdomain } from './names.ts';
import { labelSelectorFaults } from './selectors.ts';

export const accessModes: readonly string[] = [
  'ReadOnlyMany',
  'ReadWriteMany',
  'ReadWriteOnce',
  'ReadWriteOncePod',
];

/** What a claim, or a template of one, may ask for. */
export function claimSpecFaults(path: string, spec: PersistentVolumeClaimSpec): FieldError[] {
  const { accessModes: modes = [], storageClassName = '', volumeMode } = spec;
  const faults: FieldError[] = [];
  if (modes.length === 0) faults.push(required(`${path}.accessModes`, 'at least 1 access mode is required'));
  faults.push(...labelSelectorFaults(`${path}.selector`, spec.selector));
  faults.push(...modeListFaults(`${path}.accessModes`, modes));
  faults.push(...storageFaults(`${path}.resources[storage]`, spec.resources?.requests?.['storage']));
  if (storageClassName !== '')
    faults.push(...texts(`${path}.storageClassName`, storageClassName, dnsSubdomain));
  faults.push(...oneOf(`${path}.volumeMode`, volumeMode, ['Block', 'Filesystem']));
  faults.push(...dataSourceFaults(`${path}.dataSource`, spec.dataSource));
  faults.push(...dataSourceFaults(`${path}.dataSourceRef`, spec.dataSourceRef));
  faults.push(...bothSourcesFaults(path, spec));
  const attributes = spec.volumeAttributesClassName ?? '';
  if (attributes !== '') faults.push(...texts(`${path}.volumeAttributesClassName`, attributes, dnsSubdomain));
  return faults;
}

export function modeListFaults(path: string, modes: readonly string[]): FieldError[] {
  const faults = modes.flatMap((mode) => oneOf(path, mode, accessModes));
  const others = modes.some((mode) => mode !== 'ReadWriteOncePod' && accessModes.includes(mode));
  return modes.includes('ReadWriteOncePod') && others
    ? [...faults, forbiddenField(path, 'may not use ReadWriteOncePod with other access modes')]
    : faults;
}

function storageFaults(path: string, storage: string | undefined): FieldError[] {
  if (storage === undefined) return [required(path)];
  return milliValue(parseQuantity(storage)) > 0n
    ? []
    : [invalidValue(path, storage, 'must be greater than zero')];
}

interface DataSource {
  readonly apiGroup?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
}

function bothSourcesFaults(
  path: string,
  { dataSource, dataSourceRef }: PersistentVolumeClaimSpec,
): FieldError[] {
  if (dataSource === undefined || dataSourceRef === undefined) return [];
  // The value that is printed is the other field's path, which has nothing to show.
  const other = {};
  if ((dataSourceRef.namespace ?? '') !== '') {
    return [invalidValue(path, other, 'may not be specified when dataSourceRef.namespace is specified')];
  }
  const same =
    dataSource.kind === dataSourceRef.kind &&
    dataSource.name === dataSourceRef.name &&
    (dataSource.apiGroup ?? '') === (dataSourceRef.apiGroup ?? '');
  return same ? [] : [invalidValue(path, other, 'must match dataSourceRef')];
}

function dataSourceFaults(path: string, source: DataSource | undefined): FieldError[] {
  if (source === undefined) return [];
  const { kind = '', name = '' } = source;
  // Sent and kept as null by some.
  const group = (source.apiGroup as string | null | undefined) ?? '';
  const namespace = (source.namespace as string | null | undefined) ?? '';
  return [
    ...(name === '' ? [required(`${path}.name`)] : []),
    ...(kind === '' ? [required(`${path}.kind`)] : []),
    ...(group === '' && kind !== 'PersistentVolumeClaim'
      ? [invalidValue(path, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup")]
      : []),
    ...(group === '' ? [] : texts(`${path}.apiGroup`, group, dnsSubdomain)),
    ...(namespace === '' ? [] : texts(`${path}.namespace`, namespace, dnsLabel)),
  ];
}
