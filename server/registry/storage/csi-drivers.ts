import { csiDrivers } from '../../../openapi/generated/resources.ts';
import type { CSIDriver } from '../../../openapi/generated/types.ts';
import type { FieldError } from '../../../openapi/machinery/status.ts';
import { specChanged } from '../spec-changed.ts';
import type { Strategy } from '../strategy.ts';
import { csiDriverTable } from '../table/others.ts';
import { oneOf, unchanged } from '../validation/field-errors.ts';

export const csiDriverStrategy: Strategy<CSIDriver> = {
  resource: csiDrivers,
  allowUnconditionalUpdate: false,
  deleteReturnsObject: true,
  defaults: ({ spec, ...rest }) => ({
    ...rest,
    spec: {
      ...spec,
      attachRequired: spec.attachRequired ?? true,
      podInfoOnMount: spec.podInfoOnMount ?? false,
      storageCapacity: spec.storageCapacity ?? false,
      fsGroupPolicy: spec.fsGroupPolicy ?? 'ReadWriteOnceWithFSType',
      volumeLifecycleModes:
        (spec.volumeLifecycleModes ?? []).length === 0 ? ['Persistent'] : (spec.volumeLifecycleModes ?? []),
      requiresRepublish: spec.requiresRepublish ?? false,
      seLinuxMount: spec.seLinuxMount ?? false,
    },
  }),
  // A change counts, but the count begins with the first one.
  prepareForUpdate: (object, old) =>
    specChanged(object, old)
      ? { ...object, metadata: { ...object.metadata, generation: (old.metadata?.generation ?? 0) + 1 } }
      : object,
  validate: driverFaults,
  validateUpdate: (object, old) => [
    ...driverFaults(object),
    ...unchanged('spec.attachedRequired', object.spec.attachRequired, old.spec.attachRequired),
    ...unchanged(
      'spec.volumeLifecycleModes',
      object.spec.volumeLifecycleModes,
      old.spec.volumeLifecycleModes,
    ),
  ],
  table: csiDriverTable,
};

function driverFaults({ spec }: CSIDriver): FieldError[] {
  return [
    ...oneOf('spec.fsGroupPolicy', spec.fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType']),
    ...(spec.volumeLifecycleModes ?? []).flatMap((mode, i) =>
      oneOf(`spec.volumeLifecycleModes[${i}]`, mode, ['Ephemeral', 'Persistent']),
    ),
  ];
}
