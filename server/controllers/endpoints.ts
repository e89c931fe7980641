import { keyOfObject } from '../../openapi/client/object-cache.ts';
import { endpoints, pods, services } from '../../openapi/generated/resources.ts';
import type {
  EndpointAddress,
  EndpointPort,
  Endpoints,
  EndpointSubset,
  Pod,
  Service,
} from '../../openapi/generated/types.ts';
import { isNotFound, isStatusError } from '../../openapi/machinery/status.ts';
import type { Controller, ControllerContext } from './controller.ts';
import { backendsOf, changeTrigger, type Backend } from './shared/endpoints-of.ts';
import { without } from './shared/compact.ts';
import { isNamespaceTerminating, textOf } from './shared/errors.ts';
import { canonicalText, sameValue } from './shared/hash.ts';
import { containsAll } from './shared/selectors.ts';
import { servicesOfPod, withSelector } from './shared/service-pods.ts';
import { watchMapped, watchOf } from './shared/watches.ts';

const triggerAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';
const overCapacityAnnotation = 'endpoints.kubernetes.io/over-capacity';
const managedByLabel = 'endpoints.kubernetes.io/managed-by';
const headlessLabel = 'service.kubernetes.io/headless';
const addressesMax = 1000;

/** Tells the same as the slices in the older form, one Endpoints object a Service, for clients that still read it. */
export function createEndpointsController(): Controller {
  return {
    name: 'endpoints',
    watches: [
      watchOf(services),
      watchOf(endpoints),
      watchMapped(pods, (pod, context) => servicesOfPod(pod, context)),
    ],
    async reconcile(key, context) {
      const { client, informer } = context;
      const service = informer(services).get(key);
      const known = informer(endpoints).get(key);
      if (service === undefined) {
        const isOurs = known?.metadata?.labels?.[managedByLabel] === 'endpoint-controller';
        if (isOurs) await client.delete(endpoints, key).catch(ignoreMissing);
        return undefined;
      }
      if (!withSelector(service) || service.metadata?.deletionTimestamp !== undefined) return undefined;
      const wanted = endpointsOf(service, informer(pods).list(key.namespace));
      if (known === undefined || !saysTheSame(known, wanted)) await write(service, wanted, known, context);
      return undefined;
    },
  };
}

function ignoreMissing(error: unknown): void {
  if (!isNotFound(error)) throw error;
}

function saysTheSame(known: Endpoints, wanted: Endpoints): boolean {
  return (
    sameValue(known.subsets ?? [], wanted.subsets ?? []) &&
    sameValue(known.metadata?.labels, wanted.metadata?.labels) &&
    known.metadata?.annotations?.[overCapacityAnnotation] ===
      wanted.metadata?.annotations?.[overCapacityAnnotation]
  );
}

async function write(
  service: Service,
  wanted: Endpoints,
  known: Endpoints | undefined,
  context: ControllerContext,
): Promise<void> {
  const { client, events } = context;
  try {
    if (known === undefined) await client.create(endpoints, wanted);
    else await client.update(endpoints, { ...wanted, metadata: { ...known.metadata, ...wanted.metadata } });
  } catch (error) {
    if (isNamespaceTerminating(error) || isStatusError(error, 'AlreadyExists')) return;
    const verb = known === undefined ? 'create' : 'update';
    const reason = known === undefined ? 'FailedToCreateEndpoint' : 'FailedToUpdateEndpoint';
    const name = `${service.metadata?.namespace ?? ''}/${service.metadata?.name ?? ''}`;
    events.event(service, 'Warning', reason, `Failed to ${verb} endpoint ${name}: ${textOf(error)}`);
    throw error;
  }
}

export function endpointsOf(service: Service, pods: readonly Pod[]): Endpoints {
  const selected = pods.filter((pod) => containsAll(pod.metadata?.labels, service.spec?.selector));
  const publishes = service.spec?.publishNotReadyAddresses === true;
  const backends = backendsOf(service, selected).filter((backend) => publishes || !backend.terminating);
  const all = subsetsOf(service, backends);
  const { subsets, cut } = withinCapacity(all);
  const trigger = changeTrigger(service, backends);
  const labels = without(service.metadata?.labels ?? {}, headlessLabel);
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      ...keyOfObject(service),
      namespace: service.metadata?.namespace ?? '',
      labels: {
        ...labels,
        ...(service.spec?.clusterIP === 'None' ? { [headlessLabel]: '' } : {}),
        [managedByLabel]: 'endpoint-controller',
      },
      annotations: {
        ...(trigger === undefined ? {} : { [triggerAnnotation]: trigger }),
        ...(cut ? { [overCapacityAnnotation]: 'truncated' } : {}),
      },
    },
    ...(subsets.length === 0 ? {} : { subsets }),
  };
}

/** Pods with the same ports share a subset; addresses and subsets are in a fixed order. */
function subsetsOf(service: Service, backends: readonly Backend[]): readonly EndpointSubset[] {
  const hasPorts = (service.spec?.ports ?? []).length > 0;
  const subsets = new Map<
    string,
    { ports: readonly EndpointPort[]; ready: EndpointAddress[]; notReady: EndpointAddress[] }
  >();
  for (const backend of backends) {
    const ports = backend.ports.map(portOf);
    if (hasPorts && ports.length === 0) continue;
    const name = canonicalText(ports as never);
    const subset = subsets.get(name) ?? { ports, ready: [], notReady: [] };
    subsets.set(name, subset);
    (backend.ready ? subset.ready : subset.notReady).push(addressOf(backend));
  }
  return [...subsets.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { ports, ready, notReady }]) => ({
      ...(ready.length === 0 ? {} : { addresses: ready.sort(byAddress) }),
      ...(notReady.length === 0 ? {} : { notReadyAddresses: notReady.sort(byAddress) }),
      ...(ports.length === 0 ? {} : { ports }),
    }));
}

function byAddress(a: EndpointAddress, b: EndpointAddress): number {
  const left = `${a.ip} ${a.targetRef?.uid ?? ''}`;
  const right = `${b.ip} ${b.targetRef?.uid ?? ''}`;
  return left < right ? -1 : Number(left > right);
}

function portOf({ name, protocol, port, appProtocol }: Backend['ports'][number]): EndpointPort {
  return {
    ...(name === '' ? {} : { name }),
    port,
    protocol,
    ...(appProtocol === undefined ? {} : { appProtocol }),
  };
}

function addressOf({ pod, address, hostname }: Backend): EndpointAddress {
  const { name = '', namespace = '', uid = '' } = pod.metadata ?? {};
  const nodeName = pod.spec?.nodeName ?? '';
  return {
    ip: address,
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === '' ? {} : { nodeName }),
    targetRef: { kind: 'Pod', name, namespace, uid },
  };
}

/** At most 1,000 addresses, ready ones before others. */
function withinCapacity(subsets: readonly EndpointSubset[]): {
  readonly subsets: readonly EndpointSubset[];
  readonly cut: boolean;
} {
  const count = subsets.reduce(
    (sum, each) => sum + (each.addresses?.length ?? 0) + (each.notReadyAddresses?.length ?? 0),
    0,
  );
  if (count <= addressesMax) return { subsets, cut: false };
  let left = addressesMax;
  const take = (addresses: readonly EndpointAddress[] = []): readonly EndpointAddress[] => {
    const taken = addresses.slice(0, left);
    left -= taken.length;
    return taken;
  };
  const ready = subsets.map((subset) => take(subset.addresses));
  const cut = subsets.map((subset, index) => {
    const addresses = ready[index] ?? [];
    const notReady = take(subset.notReadyAddresses);
    return {
      ...without(without(subset, 'addresses'), 'notReadyAddresses'),
      ...(addresses.length === 0 ? {} : { addresses }),
      ...(notReady.length === 0 ? {} : { notReadyAddresses: notReady }),
    };
  });
  return {
    subsets: cut.filter((each) => each.addresses !== undefined || each.notReadyAddresses !== undefined),
    cut: true,
  };
}
