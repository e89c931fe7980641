import { isDeepStrictEqual } from 'node:util';
import { storageClasses } from '../../../openapi/generated/resources.ts';
import type { StorageClass } from '../../../openapi/generated/types.ts';
import { type FieldError, forbiddenField, required } from '../../../openapi/machinery/status.ts';
import type { Strategy } from '../strategy.ts';
import { storageClassTable } from '../table/others.ts';
import { oneOf, texts, unchanged } from '../validation/field-errors.ts';
import { qualifiedName } from '../validation/names.ts';

export const storageClassStrategy: Strategy<StorageClass> = {
  resource: storageClasses,
  deleteReturnsObject: true,
  defaults: (object) => ({
    ...object,
    reclaimPolicy: object.reclaimPolicy ?? 'Delete',
    volumeBindingMode: object.volumeBindingMode ?? 'Immediate',
  }),
  validate: classFaults,
  validateUpdate: (object, old) => [...classFaults(object), ...updateFaults(object, old)],
  table: storageClassTable,
};

function classFaults(object: StorageClass): FieldError[] {
  const { provisioner } = object;
  return [
    ...(provisioner === ''
      ? [required('provisioner')]
      : texts('provisioner', provisioner.toLowerCase(), qualifiedName)),
    ...oneOf('reclaimPolicy', object.reclaimPolicy, ['Delete', 'Retain']),
    ...oneOf('volumeBindingMode', object.volumeBindingMode, ['Immediate', 'WaitForFirstConsumer']),
  ];
}

function updateFaults(object: StorageClass, old: StorageClass): FieldError[] {
  const faults: FieldError[] = [];
  if (!isDeepStrictEqual(object.parameters ?? {}, old.parameters ?? {})) {
    faults.push(forbiddenField('parameters', 'updates to parameters are forbidden.'));
  }
  if (object.provisioner !== old.provisioner) {
    faults.push(forbiddenField('provisioner', 'updates to provisioner are forbidden.'));
  }
  if (object.reclaimPolicy !== old.reclaimPolicy) {
    faults.push(forbiddenField('reclaimPolicy', 'updates to reclaimPolicy are forbidden.'));
  }
  return [...faults, ...unchanged('volumeBindingMode', object.volumeBindingMode, old.volumeBindingMode)];
}
