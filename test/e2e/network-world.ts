import type { HostPort } from '../../agent/network/pod-network.ts';
import type { EndpointSlice, Node, Service } from '../../openapi/generated/types.ts';
import type { AgentConfig } from '../../openapi/machinery/agent-contract.ts';

/** What a server would tell each node. */
export interface World {
  readonly nodes: readonly Node[];
  readonly services: readonly Service[];
  readonly slices: readonly EndpointSlice[];
}

export type NodeCommand =
  | {
      readonly do: 'start';
      readonly config: Pick<
        AgentConfig,
        'nodeName' | 'nodeIP' | 'clusterCIDR' | 'serviceCIDR' | 'clusterDNS' | 'clusterDomain'
      >;
    }
  | { readonly do: 'world'; readonly world: World }
  | {
      readonly do: 'attach';
      readonly podUid: string;
      readonly pid: number;
      readonly hostPorts: readonly HostPort[];
    }
  | { readonly do: 'detach'; readonly podUid: string }
  | { readonly do: 'retainOnly'; readonly podUids: readonly string[] }
  | { readonly do: 'gateway' }
  | { readonly do: 'fakeApi' }
  | { readonly do: 'cleanup' };

export function worldNode(name: string, address: string, podCIDR: string): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    spec: { podCIDR },
    status: { addresses: [{ type: 'InternalIP', address }] },
  };
}

export function worldService(name: string, spec: Omit<NonNullable<Service['spec']>, never>): Service {
  const [namespace = '', own = ''] = name.split('/');
  return { apiVersion: 'v1', kind: 'Service', metadata: { namespace, name: own }, spec };
}

export interface WorldEndpoint {
  readonly address: string;
  readonly nodeName: string;
  readonly hostname?: string;
}

export function worldSlice(
  service: string,
  port: { readonly name?: string; readonly port: number; readonly protocol?: string },
  endpoints: readonly WorldEndpoint[],
): EndpointSlice {
  const [namespace = '', own = ''] = service.split('/');
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace, name: `${own}-1`, labels: { 'kubernetes.io/service-name': own } },
    addressType: 'IPv4',
    ports: [{ protocol: 'TCP', ...port }],
    endpoints: endpoints.map(({ address, nodeName, hostname }) => ({
      addresses: [address],
      nodeName,
      conditions: { ready: true },
      ...(hostname === undefined ? {} : { hostname }),
    })),
  };
}
