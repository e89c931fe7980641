import { isIP } from 'node:net';
import { endpoints as endpointsResource } from '../../../openapi/generated/resources.ts';
import type {
  DiscoveryEndpointPort,
  Endpoint,
  EndpointAddress,
  EndpointPort,
  Endpoints,
  EndpointSlice,
} from '../../../openapi/generated/types.ts';
import { canonicalText, sameValue } from './hash.ts';
import { managedByLabel, serviceNameLabel } from './slice-plan.ts';
import { controllerReference } from './watches.ts';

export const mirroredBy = 'endpointslicemirroring-controller.k8s.io';
/** Of one subset; what goes beyond is left out. */
export const mirroredMax = 1000;
/** Say something of the Endpoints that is not true of its mirror. */
const ownAnnotations = new Set([
  'endpoints.kubernetes.io/last-change-trigger-time',
  'kubectl.kubernetes.io/last-applied-configuration',
]);

export interface MirrorPlan {
  readonly create: readonly EndpointSlice[];
  readonly update: readonly EndpointSlice[];
  readonly remove: readonly EndpointSlice[];
  /** Addresses that are none. */
  readonly invalid: number;
  /** Addresses beyond the limit. */
  readonly skipped: number;
}

interface Group {
  readonly addressType: string;
  readonly ports: readonly DiscoveryEndpointPort[];
  readonly endpoints: Endpoint[];
}

/** What makes `known` say the same as the Endpoints: one slice for each set of ports and family of addresses. */
export function planMirror(endpoints: Endpoints, known: readonly EndpointSlice[]): MirrorPlan {
  const { groups, invalid, skipped } = groupsOf(endpoints);
  const create: EndpointSlice[] = [];
  const update: EndpointSlice[] = [];
  const left = [...known];
  for (const group of groups) {
    const wanted = sliceOf(endpoints, group);
    const index = left.findIndex(
      (slice) => slice.addressType === group.addressType && sameValue(slice.ports ?? [], group.ports),
    );
    const [present] = index === -1 ? [] : left.splice(index, 1);
    if (present === undefined) create.push(wanted);
    else if (!saysTheSame(present, wanted)) update.push(inPlaceOf(present, wanted));
  }
  // A slice that would go takes the content of one that would come.
  const created = create.filter((wanted) => {
    const index = left.findIndex((slice) => slice.addressType === wanted.addressType);
    const [present] = index === -1 ? [] : left.splice(index, 1);
    if (present !== undefined) update.push(inPlaceOf(present, wanted));
    return present === undefined;
  });
  return { create: created, update, remove: left, invalid, skipped };
}

function groupsOf(endpoints: Endpoints): {
  readonly groups: readonly Group[];
  readonly invalid: number;
  readonly skipped: number;
} {
  const groups = new Map<string, Group & { readonly seen: Set<string> }>();
  let invalid = 0;
  let skipped = 0;
  for (const { ports: given = [], addresses = [], notReadyAddresses = [] } of endpoints.subsets ?? []) {
    const ports = given.map(portOf);
    const all = [
      ...addresses.map((address) => ({ address, ready: true })),
      ...notReadyAddresses.map((address) => ({ address, ready: false })),
    ];
    let added = 0;
    for (const { address, ready } of all) {
      const family = isIP(address.ip);
      if (family === 0) invalid += 1;
      else if (added >= mirroredMax) skipped += 1;
      else {
        const addressType = `IPv${family}`;
        const name = `${addressType} ${canonicalText(ports as never)}`;
        const group = groups.get(name) ?? { addressType, ports, endpoints: [], seen: new Set() };
        groups.set(name, group);
        addTo(group, endpointOf(address, ready));
        added += 1;
      }
    }
  }
  return { groups: [...groups.values()], invalid, skipped };
}

/** Two subsets of the same ports may name an address twice. */
function addTo(group: Group & { readonly seen: Set<string> }, endpoint: Endpoint): void {
  const name = canonicalText({ ...endpoint, conditions: null } as never);
  if (group.seen.has(name)) return;
  group.seen.add(name);
  group.endpoints.push(endpoint);
}

function portOf({ name = '', port, protocol = 'TCP', appProtocol }: EndpointPort): DiscoveryEndpointPort {
  return { name, port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) };
}

function endpointOf({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname === undefined || hostname === '' ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(targetRef === undefined ? {} : { targetRef }),
  };
}

function sliceOf(endpoints: Endpoints, { addressType, ports, endpoints: all }: Group): EndpointSlice {
  const { name = '', namespace = '', labels, annotations } = endpoints.metadata ?? {};
  const kept = Object.entries(annotations ?? {}).filter(([key]) => !ownAnnotations.has(key));
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels: { ...labels, [serviceNameLabel]: name, [managedByLabel]: mirroredBy },
      ...(kept.length === 0 ? {} : { annotations: Object.fromEntries(kept) }),
      ownerReferences: [controllerReference(endpoints, endpointsResource)],
    },
    addressType,
    endpoints: all,
    ports,
  };
}

function saysTheSame(present: EndpointSlice, wanted: EndpointSlice): boolean {
  return (
    sameValue(present.endpoints ?? [], wanted.endpoints ?? []) &&
    sameValue(present.metadata?.labels, wanted.metadata?.labels) &&
    sameValue(present.metadata?.annotations ?? {}, wanted.metadata?.annotations ?? {})
  );
}

function inPlaceOf(present: EndpointSlice, wanted: EndpointSlice): EndpointSlice {
  const { labels = {}, annotations = {}, ownerReferences = [] } = wanted.metadata ?? {};
  return { ...wanted, metadata: { ...present.metadata, labels, annotations, ownerReferences } };
}
