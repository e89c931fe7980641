import type {
  EndpointSlice,
  Service,
  ServicePort as ServicePortSpec,
} from '../../openapi/generated/types.ts';
import { chooseEndpoints, type Endpoint } from './endpoints.ts';
import { isIPv4, isIPv4Range, isPort, safeText } from './safe-text.ts';

export type Protocol = 'tcp' | 'udp' | 'sctp';

/** What rules are made of for one port of one service; every field has been checked to be what it says. */
export interface ServicePort {
  /** "namespace/name:port", or "namespace/name" when the port has no name; only letters that a rule may carry. */
  readonly id: string;
  /** The same before that, for hashing. */
  readonly rawId: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly clusterIP: string;
  /** 0: none. */
  readonly nodePort: number;
  readonly externalIPs: readonly string[];
  readonly loadBalancerIPs: readonly string[];
  /** Empty: everyone. */
  readonly sourceRanges: readonly string[];
  /** 0: no affinity. */
  readonly affinitySeconds: number;
  readonly externalLocal: boolean;
  readonly internalLocal: boolean;
  /** By "Cluster" policy. */
  readonly endpoints: readonly Endpoint[];
  /** By "Local" policy. */
  readonly localEndpoints: readonly Endpoint[];
  /** Served by the agent itself on this node: never needs masquerading. */
  readonly onNode: boolean;
}

/** A listener of the agent that stands for a service's endpoints on this node. */
export interface NodeLocalService {
  readonly namespace: string;
  readonly name: string;
  /** The service's port name and protocol -> where the agent listens. */
  readonly listeners: readonly {
    readonly portName: string;
    readonly protocol: Protocol;
    readonly port: number;
  }[];
  /** Only services without a selector: one with a selector is served by the user's own pods. */
  readonly unlessSelected: boolean;
}

export interface NodeFacts {
  readonly nodeName: string;
  readonly zone: string | undefined;
  readonly clusterCIDR: string;
  readonly serviceCIDR: string;
  /** Address of the agent's own listeners. */
  readonly gateway: string;
  readonly localServices: readonly NodeLocalService[];
}

const protocols: Readonly<Record<string, Protocol>> = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' };
/** Each port of the service that packets can be sent to; none for headless and ExternalName. */
export function servicePorts(
  service: Service,
  slices: readonly EndpointSlice[],
  node: NodeFacts,
): ServicePort[] {
  const clusterIP = clusterAddress(service);
  if (clusterIP === undefined) return [];
  return (service.spec?.ports ?? []).flatMap((port) => {
    const each = servicePort(service, port, clusterIP, { slices, node });
    return each === undefined ? [] : [each];
  });
}

function clusterAddress(service: Service): string | undefined {
  if (service.spec?.type === 'ExternalName') return undefined;
  return [service.spec?.clusterIP, ...(service.spec?.clusterIPs ?? [])].find((each) => isIPv4(each));
}

function servicePort(
  service: Service,
  port: ServicePortSpec,
  clusterIP: string,
  { slices, node }: { readonly slices: readonly EndpointSlice[]; readonly node: NodeFacts },
): ServicePort | undefined {
  const protocolName = port.protocol ?? 'TCP';
  const protocol = Object.hasOwn(protocols, protocolName) ? protocols[protocolName] : undefined;
  if (protocol === undefined || !isPort(port.port)) return undefined;
  const spec = service.spec ?? {};
  const rawId = rawIdOf(service, port.name ?? '');
  const listener = listenerOf(service, port.name ?? '', protocol, node);
  const chosen =
    listener === undefined
      ? chooseEndpoints(slices, { name: port.name ?? '', protocol: protocolName }, node)
      : onNodeEndpoints(node.gateway, listener);
  return {
    id: safeText(rawId),
    rawId,
    protocol,
    port: port.port,
    clusterIP,
    ...reachedFrom(service, port),
    affinitySeconds: affinitySeconds(service),
    externalLocal: spec.externalTrafficPolicy === 'Local',
    internalLocal: spec.internalTrafficPolicy === 'Local',
    endpoints: chosen.cluster,
    localEndpoints: chosen.local,
    onNode: listener !== undefined,
  };
}

function reachedFrom(
  service: Service,
  port: ServicePortSpec,
): Pick<ServicePort, 'nodePort' | 'externalIPs' | 'loadBalancerIPs' | 'sourceRanges'> {
  const spec = service.spec ?? {};
  const outside = spec.type === 'NodePort' || spec.type === 'LoadBalancer';
  const ingress = spec.type === 'LoadBalancer' ? (service.status?.loadBalancer?.ingress ?? []) : [];
  return {
    nodePort: outside && isPort(port.nodePort) ? port.nodePort : 0,
    externalIPs: unique((spec.externalIPs ?? []).filter(isIPv4)),
    loadBalancerIPs: unique(ingress.filter((each) => each.ipMode !== 'Proxy').map((each) => each.ip)).filter(
      isIPv4,
    ),
    sourceRanges: unique(spec.loadBalancerSourceRanges ?? [])
      .map((each) => each.trim())
      .filter(isIPv4Range),
  };
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

function affinitySeconds(service: Service): number {
  if (service.spec?.sessionAffinity !== 'ClientIP') return 0;
  const seconds = service.spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800;
  return Number.isInteger(seconds) && seconds > 0 && seconds <= 86_400 ? seconds : 10_800;
}

function rawIdOf(service: Service, portName: string): string {
  const id = `${service.metadata?.namespace ?? ''}/${service.metadata?.name ?? ''}`;
  return portName === '' ? id : `${id}:${portName}`;
}

function listenerOf(
  service: Service,
  portName: string,
  protocol: Protocol,
  node: NodeFacts,
): number | undefined {
  const found = node.localServices.find(
    (each) => each.namespace === service.metadata?.namespace && each.name === service.metadata.name,
  );
  if (found === undefined) return undefined;
  if (found.unlessSelected && Object.keys(service.spec?.selector ?? {}).length > 0) return undefined;
  return found.listeners.find((each) => each.portName === portName && each.protocol === protocol)?.port;
}

function onNodeEndpoints(gateway: string, port: number): { cluster: Endpoint[]; local: Endpoint[] } {
  const endpoint = { address: gateway, port };
  return { cluster: [endpoint], local: [endpoint] };
}
