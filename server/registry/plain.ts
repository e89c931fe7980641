import {
  apiServices,
  componentStatuses,
  csiNodes,
  csiStorageCapacities,
  deviceClasses,
  mutatingAdmissionPolicies,
  mutatingAdmissionPolicyBindings,
  resourceSlices,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
  volumeAttributesClasses,
} from '../../openapi/generated/resources.ts';
import { specChanged } from './spec-changed.ts';
import type { Strategy } from './strategy.ts';
import { componentStatusTable } from './table/core.ts';
import {
  ageTable,
  apiServiceTable,
  csiNodeTable,
  mutatingAdmissionPolicyBindingTable,
  mutatingAdmissionPolicyTable,
  resourceSliceTable,
  validatingAdmissionPolicyBindingTable,
  validatingAdmissionPolicyTable,
  volumeAttributesClassTable,
} from './table/others.ts';

const conditional = { allowUnconditionalUpdate: false } as const;
const counted = { generationGrows: specChanged } as const;
const answered = { deleteReturnsObject: true } as const;

/** Kinds that the schema and the path of all kinds serve well: they add a table, and how they take writes without a resourceVersion. */
export const plainStrategies: readonly Strategy[] = [
  { resource: apiServices, table: apiServiceTable },
  {
    resource: componentStatuses,
    table: componentStatusTable,
    deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
  },
  { resource: csiNodes, table: csiNodeTable, ...conditional, ...answered },
  { resource: csiStorageCapacities, ...conditional },
  { resource: deviceClasses, table: ageTable, ...counted, ...answered },
  { resource: mutatingAdmissionPolicies, table: mutatingAdmissionPolicyTable, ...conditional, ...counted },
  {
    resource: mutatingAdmissionPolicyBindings,
    table: mutatingAdmissionPolicyBindingTable,
    ...conditional,
    ...counted,
  },
  { resource: resourceSlices, table: resourceSliceTable, ...counted, ...answered },
  {
    resource: validatingAdmissionPolicies,
    table: validatingAdmissionPolicyTable,
    ...conditional,
    ...counted,
  },
  {
    resource: validatingAdmissionPolicyBindings,
    table: validatingAdmissionPolicyBindingTable,
    ...conditional,
    ...counted,
  },
  { resource: volumeAttributesClasses, table: volumeAttributesClassTable, ...answered },
];
