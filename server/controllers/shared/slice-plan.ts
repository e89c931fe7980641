import type {
  DiscoveryEndpointPort,
  Endpoint,
  EndpointSlice,
  Node,
  Service,
} from '../../../openapi/generated/types.ts';
import { services } from '../../../openapi/generated/resources.ts';
import type { Backend, BackendPort } from './endpoints-of.ts';
import { without } from './compact.ts';
import { canonicalText, sameValue } from './hash.ts';
import { controllerReference } from './watches.ts';

export const serviceNameLabel = 'kubernetes.io/service-name';
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
export const managedBy = 'endpointslice-controller.k8s.io';
const headlessLabel = 'service.kubernetes.io/headless';
const zoneLabel = 'topology.kubernetes.io/zone';
const endpointsMax = 100;

export interface SlicePlan {
  readonly create: readonly EndpointSlice[];
  readonly update: readonly EndpointSlice[];
  readonly remove: readonly EndpointSlice[];
}

/**
 * What turns `known` into slices that say `backends`, with as few writes as can be: endpoints that are told already stay where they are,
 * new ones fill slices that change anyway, then those with room, then new ones.
 */
export function planSlices(
  service: Service,
  backends: readonly Backend[],
  known: readonly EndpointSlice[],
  nodeOf: (name: string) => Node | undefined,
): SlicePlan {
  const groups = groupByPorts(service, backends, nodeOf);
  const plan = {
    create: [] as EndpointSlice[],
    update: [] as EndpointSlice[],
    remove: [] as EndpointSlice[],
  };
  for (const addressType of addressTypesOf(service, known)) {
    const ofType = known.filter((slice) => slice.addressType === addressType);
    const wanted = [...groups.values()].filter((group) => group.addressType === addressType);
    for (const group of wanted.length === 0 ? [emptyGroup(addressType)] : wanted) {
      const same = ofType.filter((slice) => sameValue(slice.ports ?? [], group.ports));
      planGroup(service, group, same, plan);
    }
    const portSets = wanted.length === 0 ? [[]] : wanted.map((group) => group.ports);
    plan.remove.push(
      ...ofType.filter((slice) => !portSets.some((ports) => sameValue(slice.ports ?? [], ports))),
    );
  }
  return reuse(plan);
}

interface Group {
  readonly addressType: string;
  readonly ports: readonly DiscoveryEndpointPort[];
  readonly endpoints: Map<string, Endpoint>;
}

function emptyGroup(addressType: string): Group {
  return { addressType, ports: [], endpoints: new Map() };
}

function addressTypesOf(service: Service, known: readonly EndpointSlice[]): readonly string[] {
  const families = service.spec?.ipFamilies ?? ['IPv4'];
  return [...new Set([...families, ...known.map((slice) => slice.addressType)])];
}

function groupByPorts(
  service: Service,
  backends: readonly Backend[],
  nodeOf: (name: string) => Node | undefined,
): ReadonlyMap<string, Group> {
  const groups = new Map<string, Group>();
  const families = service.spec?.ipFamilies ?? ['IPv4'];
  for (const backend of backends) {
    const ports = backend.ports
      .map(portOf)
      .sort((a, b) => (canonicalText(a as never) < canonicalText(b as never) ? -1 : 1));
    for (const { ip } of backend.pod.status?.podIPs ?? [{ ip: backend.address }]) {
      const addressType = ip.includes(':') ? 'IPv6' : 'IPv4';
      if (!families.includes(addressType)) continue;
      const name = `${addressType} ${canonicalText(ports as never)}`;
      const group = groups.get(name) ?? { addressType, ports, endpoints: new Map<string, Endpoint>() };
      groups.set(name, group);
      group.endpoints.set(backend.pod.metadata?.uid ?? '', endpointOf(backend, ip, nodeOf));
    }
  }
  return groups;
}

function portOf({ name, protocol, port, appProtocol }: BackendPort): DiscoveryEndpointPort {
  return { name, port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) };
}

function endpointOf(backend: Backend, ip: string, nodeOf: (name: string) => Node | undefined): Endpoint {
  const { pod, ready, serving, terminating, hostname } = backend;
  const { name = '', namespace = '', uid = '' } = pod.metadata ?? {};
  const nodeName = pod.spec?.nodeName ?? '';
  const zone = nodeName === '' ? undefined : nodeOf(nodeName)?.metadata?.labels?.[zoneLabel];
  return {
    addresses: [ip],
    conditions: { ready, serving, terminating },
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === '' ? {} : { nodeName }),
    targetRef: { kind: 'Pod', name, namespace, uid },
    ...(zone === undefined ? {} : { zone }),
  };
}

interface MutablePlan {
  readonly create: EndpointSlice[];
  readonly update: EndpointSlice[];
  readonly remove: EndpointSlice[];
}

function planGroup(service: Service, group: Group, known: readonly EndpointSlice[], plan: MutablePlan): void {
  const left = new Map(group.endpoints);
  const kept = known.map((slice) => {
    const endpoints = (slice.endpoints ?? []).flatMap((endpoint) => {
      const uid = endpoint.targetRef?.uid ?? '';
      const now = left.get(uid);
      left.delete(uid);
      return now === undefined ? [] : [now];
    });
    return {
      slice,
      endpoints,
      changed: !sameValue(endpoints, slice.endpoints ?? []) || !hasLabels(service, slice),
    };
  });
  // Slices that are written anyway take new endpoints first, the fullest before the others.
  const fullness = (each: (typeof kept)[number]): number =>
    (each.changed ? endpointsMax + 1 : 0) + each.endpoints.length;
  kept.sort((a, b) => fullness(b) - fullness(a));
  const waiting = [...left.values()];
  for (const each of kept) {
    const room = endpointsMax - each.endpoints.length;
    if (waiting.length === 0 || room <= 0) continue;
    each.endpoints.push(...waiting.splice(0, room));
    each.changed = true;
  }
  const empty = kept.filter((each) => each.endpoints.length === 0);
  const full = kept.filter((each) => each.endpoints.length > 0);
  const hasNone = full.length === 0 && waiting.length === 0;
  const [placeholder] = hasNone ? empty : [];
  plan.remove.push(...empty.filter((each) => each !== placeholder).map((each) => each.slice));
  for (const { slice, endpoints, changed } of [...full, ...(placeholder === undefined ? [] : [placeholder])])
    if (changed)
      plan.update.push({ ...slice, endpoints, metadata: { ...slice.metadata, labels: labelsOf(service) } });
  do {
    if (waiting.length > 0 || (hasNone && placeholder === undefined))
      plan.create.push(newSlice(service, group, waiting.splice(0, endpointsMax)));
  } while (waiting.length > 0);
}

/** A slice that would be removed takes the content of one that would be created: one write, and no gap between. */
function reuse({ create, update, remove }: MutablePlan): SlicePlan {
  const created: EndpointSlice[] = [];
  const removed = [...remove];
  for (const slice of create) {
    const index = removed.findIndex((each) => each.addressType === slice.addressType);
    const [old] = index === -1 ? [] : removed.splice(index, 1);
    if (old === undefined) created.push(slice);
    else
      update.push({
        ...old,
        endpoints: slice.endpoints ?? [],
        ports: slice.ports ?? [],
        metadata: { ...old.metadata, labels: slice.metadata?.labels ?? {} },
      });
  }
  return { create: created, update, remove: removed };
}

function newSlice(service: Service, group: Group, endpoints: readonly Endpoint[]): EndpointSlice {
  const { name = '', namespace = '' } = service.metadata ?? {};
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels: labelsOf(service),
      ownerReferences: [controllerReference(service, services)],
    },
    addressType: group.addressType,
    endpoints,
    ports: group.ports,
  };
}

/** The Service's own labels, those that name the slice's keeper, and the mark of a headless one. */
export function labelsOf(service: Service): Readonly<Record<string, string>> {
  const own = without(service.metadata?.labels ?? {}, headlessLabel);
  return {
    ...own,
    ...(service.spec?.clusterIP === 'None' ? { [headlessLabel]: '' } : {}),
    [serviceNameLabel]: service.metadata?.name ?? '',
    [managedByLabel]: managedBy,
  };
}

function hasLabels(service: Service, slice: EndpointSlice): boolean {
  return sameValue(labelsOf(service), slice.metadata?.labels);
}
