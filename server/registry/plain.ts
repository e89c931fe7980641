import {
  apiServices,
  componentStatuses,
  csiDrivers,
  csiNodes,
  csiStorageCapacities,
  deviceClasses,
  flowSchemas,
  ipAddresses,
  mutatingAdmissionPolicies,
  mutatingAdmissionPolicyBindings,
  mutatingWebhookConfigurations,
  priorityLevelConfigurations,
  resourceClaimTemplates,
  resourceResourceClaims,
  resourceSlices,
  runtimeClasses,
  serviceCIDRs,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
  validatingWebhookConfigurations,
  volumeAttachments,
  volumeAttributesClasses,
} from '../../openapi/generated/resources.ts';
import { specChanged } from './spec-changed.ts';
import type { Strategy } from './strategy.ts';
import { componentStatusTable } from './table/core.ts';
import {
  ageTable,
  apiServiceTable,
  csiDriverTable,
  csiNodeTable,
  flowSchemaTable,
  ipAddressTable,
  mutatingAdmissionPolicyBindingTable,
  mutatingAdmissionPolicyTable,
  mutatingWebhookTable,
  priorityLevelTable,
  resourceClaimTable,
  resourceSliceTable,
  runtimeClassTable,
  serviceCIDRTable,
  validatingAdmissionPolicyBindingTable,
  validatingAdmissionPolicyTable,
  validatingWebhookTable,
  volumeAttachmentTable,
  volumeAttributesClassTable,
} from './table/others.ts';

const conditional = { allowUnconditionalUpdate: false } as const;
const counted = { generationGrows: specChanged } as const;
const answered = { deleteReturnsObject: true } as const;

function webhooksChanged(object: object, old: object): boolean {
  const hooks = (each: object): unknown => (each as { readonly webhooks?: unknown }).webhooks;
  return specChanged({ spec: hooks(object) }, { spec: hooks(old) });
}

/** Kinds that the schema and the path of all kinds serve well: they add a table, and how they take writes without a resourceVersion. */
export const plainStrategies: readonly Strategy[] = [
  { resource: apiServices, table: apiServiceTable },
  { resource: componentStatuses, table: componentStatusTable },
  { resource: csiDrivers, table: csiDriverTable, ...conditional, ...answered },
  { resource: csiNodes, table: csiNodeTable, ...conditional, ...answered },
  { resource: csiStorageCapacities, ...conditional },
  { resource: deviceClasses, table: ageTable, ...counted, ...answered },
  { resource: flowSchemas, table: flowSchemaTable, ...counted },
  { resource: ipAddresses, table: ipAddressTable },
  { resource: mutatingAdmissionPolicies, table: mutatingAdmissionPolicyTable, ...conditional, ...counted },
  {
    resource: mutatingAdmissionPolicyBindings,
    table: mutatingAdmissionPolicyBindingTable,
    ...conditional,
    ...counted,
  },
  {
    resource: mutatingWebhookConfigurations,
    table: mutatingWebhookTable,
    ...conditional,
    generationGrows: webhooksChanged,
  },
  { resource: priorityLevelConfigurations, table: priorityLevelTable, ...counted },
  { resource: resourceClaimTemplates, table: ageTable, ...answered },
  { resource: resourceResourceClaims, table: resourceClaimTable, ...answered },
  { resource: resourceSlices, table: resourceSliceTable, ...counted, ...answered },
  { resource: runtimeClasses, table: runtimeClassTable, ...conditional, allowCreateOnUpdate: true },
  { resource: serviceCIDRs, table: serviceCIDRTable },
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
  {
    resource: validatingWebhookConfigurations,
    table: validatingWebhookTable,
    ...conditional,
    generationGrows: webhooksChanged,
  },
  { resource: volumeAttachments, table: volumeAttachmentTable, ...conditional, ...answered },
  { resource: volumeAttributesClasses, table: volumeAttributesClassTable, ...answered },
];
