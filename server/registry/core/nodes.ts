import { nodes } from '../../../openapi/generated/resources.ts';
import type { Node } from '../../../openapi/generated/types.ts';
import {
  type FieldError,
  duplicate,
  forbiddenField,
  invalidValue,
} from '../../../openapi/machinery/status.ts';
import { onlyStatus } from '../generic/status-split.ts';
import type { Strategy } from '../strategy.ts';
import { nodeTable } from '../table/core.ts';
import { cidrFaults } from '../validation/addresses.ts';
import { taintFaults } from '../validation/taints.ts';
import { resourceQuantity } from '../validation/resource-names.ts';

export const nodeStrategy: Strategy<Node> = {
  resource: nodes,
  status: 'keepOnCreate',
  defaults: allocatableFromCapacity,
  validate: (node) => [
    ...nodeTaintFaults(node),
    ...resourceFaults(node),
    ...rangeFaults(node.spec?.podCIDRs ?? []),
  ],
  validateUpdate: (node, old) => [
    ...updateFaults(node, old),
    // Kubernetes looks at taints twice on an update, and says so twice.
    ...nodeTaintFaults(node),
    ...nodeTaintFaults(node),
  ],
  fields: ({ spec }) => ({ 'spec.unschedulable': String(spec?.unschedulable ?? false) }),
  selectableFields: ['spec.unschedulable'],
  table: nodeTable,
  subresources: {
    status: {
      form: 'part',
      verbs: ['get', 'patch', 'update'],
      prepareForUpdate: (node, old) => allocatableFromCapacity(onlyStatus(node, old)),
      validateUpdate: updateFaults,
    },
  },
};

/** podCIDR and the first of podCIDRs are the same; the former wins. */
function allocatableFromCapacity(node: Node): Node {
  const { status, spec } = node;
  const withStatus =
    status?.capacity !== undefined && status.allocatable === undefined
      ? { ...node, status: { ...status, allocatable: status.capacity } }
      : node;
  const { podCIDR = '', podCIDRs = [] } = spec ?? {};
  const first = podCIDRs[0];
  if (podCIDR !== '' && podCIDR !== first) return { ...withStatus, spec: { ...spec, podCIDRs: [podCIDR] } };
  return podCIDR === '' && first !== undefined
    ? { ...withStatus, spec: { ...spec, podCIDR: first } }
    : withStatus;
}

function rangeFaults(ranges: readonly string[]): readonly FieldError[] {
  const faults = ranges.flatMap((cidr, i) => cidrFaults(`spec.podCIDRs[${i}]`, cidr));
  const families = new Set(ranges.map((cidr) => cidr.includes(':')));
  if (faults.length === 0 && ranges.length > families.size) {
    const text = 'may specify no more than one CIDR for each IP family';
    return [invalidValue('spec.podCIDRs', ranges, text)];
  }
  return faults;
}

function nodeTaintFaults({ spec }: Node): readonly FieldError[] {
  return taintFaults('metadata.taints', spec?.taints ?? []);
}

function resourceFaults({ status }: Node): readonly FieldError[] {
  return (['capacity', 'allocatable'] as const).flatMap((field) =>
    Object.entries(status?.[field] ?? {}).flatMap(([name, value]) =>
      resourceQuantity(`status.${field}.${name}`, name, value),
    ),
  );
}

function updateFaults(node: Node, old: Node): readonly FieldError[] {
  const faults: FieldError[] = [...resourceFaults(node)];
  const addresses = new Set<string>();
  for (const [i, address] of (node.status?.addresses ?? []).entries()) {
    const id = `${address.type} ${address.address}`;
    if (addresses.has(id)) {
      faults.push(duplicate(`status.addresses[${i}]`, { Type: address.type, Address: address.address }));
    }
    addresses.add(id);
  }
  const { podCIDRs = [], providerID = '' } = old.spec ?? {};
  if (podCIDRs.length > 0 && podCIDRs.join() !== (node.spec?.podCIDRs ?? []).join()) {
    faults.push(
      forbiddenField('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'),
    );
  }
  if (providerID !== '' && providerID !== (node.spec?.providerID ?? '')) {
    faults.push(
      forbiddenField('spec.providerID', 'node updates may not change providerID except from "" to valid'),
    );
  }
  return faults;
}
