import type { EndpointSlice, Node, Service } from '../openapi/generated/types.ts';
import { paths, type AgentConfig } from '../openapi/machinery/agent-contract.ts';
import type { Clock } from '../openapi/machinery/clock.ts';
import { linkSignals } from '../openapi/machinery/link-signals.ts';
import type { Logger } from '../openapi/machinery/log.ts';
import type { KubeObject } from '../openapi/machinery/object.ts';
import { startDns } from './dns/dns.ts';
import { Firewall } from './host/firewall.ts';
import type { Host } from './host/host.ts';
import { contains, parseRange } from './network/addresses.ts';
import { BridgeNetwork } from './network/bridge-network.ts';
import { cleanupPodNetwork } from './network/cleanup.ts';
import { bridgeName } from './network/names.ts';
import type { PodNetwork } from './network/pod-network.ts';
import { runPodNetwork } from './network/run-pod-network.ts';
import { startSavedInformer, type SavedList } from './network/saved-informer.ts';
import { startApiRelay } from './proxy/api-relay.ts';
import { runProxy } from './proxy/proxy.ts';
import type { NodeLocalService } from './proxy/service-ports.ts';

const retryMs = 2_000;

export interface ClusterNetworkOptions {
  readonly host: Host;
  readonly config: Pick<
    AgentConfig,
    'nodeName' | 'nodeIP' | 'clusterCIDR' | 'serviceCIDR' | 'clusterDNS' | 'clusterDomain'
  >;
  readonly nodes: SavedList<Node>;
  readonly services: SavedList<Service>;
  readonly slices: SavedList<EndpointSlice>;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  /** Ends listeners and loops; links, routes and rules stay, so that pods keep their network while the agent restarts. */
  readonly signal: AbortSignal;
}

type Lists = Pick<ClusterNetworkOptions, 'nodes' | 'services' | 'slices'>;

/**
 * All that a pod needs of the network on this node: the bridge and routes, Services, DNS and the way to the API server.
 * Begins with what was known before the last stop, so that it works while the server is away.
 */
export async function startClusterNetwork(options: ClusterNetworkOptions): Promise<PodNetwork> {
  const { host, clock, log, signal, config } = options;
  const firewall = new Firewall({ host, clock, log: log.child('firewall') });
  const network = new BridgeNetwork({ host, firewall, nodeIP: config.nodeIP, log: log.child('network') });
  const lists = await savedLists(options);
  let serving: { readonly gateway: string; readonly stop: AbortController } | undefined;
  function serveAt(gateway: string): void {
    if (serving?.gateway === gateway) return;
    serving?.stop.abort();
    serving = { gateway, stop: new AbortController() };
    const stopped = linkSignals(signal, serving.stop.signal);
    const own = { ...options, signal: stopped.signal };
    void keepRunning(() => serveCluster({ ...own, ...lists }, firewall, gateway), own).finally(
      stopped.release,
    );
  }
  void firewall.run(signal);
  void keepRunning(
    () =>
      runPodNetwork({
        ...config,
        network,
        nodes: lists.nodes,
        clock,
        log: log.child('network'),
        signal,
        onReady: serveAt,
      }),
    options,
  );
  return network;
}

/** Takes away everything that startClusterNetwork ever made on this host, and nothing else. */
export async function cleanupClusterNetwork(
  options: Pick<ClusterNetworkOptions, 'host' | 'clock' | 'log' | 'signal'>,
): Promise<void> {
  await new Firewall(options).cleanup();
  await cleanupPodNetwork(options.host, options.signal);
}

async function savedLists(options: ClusterNetworkOptions): Promise<Lists> {
  function saved<T extends KubeObject>(
    live: SavedList<T>,
    file: string,
    keep: (object: T) => T,
  ): Promise<SavedList<T>> {
    return startSavedInformer({ ...options, live, path: `${paths.state}/network/${file}.json`, keep });
  }
  return {
    nodes: await saved(options.nodes, 'nodes', keepOfNode),
    services: await saved(options.services, 'services', keepOfObject),
    slices: await saved(options.slices, 'endpoint-slices', keepOfObject),
  };
}

/** Listeners first, since the rules lead to their ports. */
async function serveCluster(
  options: ClusterNetworkOptions & Lists,
  firewall: Firewall,
  gateway: string,
): Promise<void> {
  const { host, config, clock, signal } = options;
  // Whatever ends this round ends its listeners too.
  const round = new AbortController();
  const { signal: ended, release } = linkSignals(signal, round.signal);
  const ranges = [parseRange(config.clusterCIDR), parseRange(config.serviceCIDR)];
  try {
    const relay = await startApiRelay({
      host,
      address: gateway,
      socketPath: paths.apiSocket,
      log: options.log.child('api-relay'),
      signal: ended,
    });
    const dns = await startDns({
      ...options,
      address: gateway,
      clusterDNS: config.clusterDNS,
      clusterDomain: config.clusterDomain,
      isOwnAddress: (address) => ranges.some((range) => contains(range, address)),
      log: options.log.child('dns'),
      signal: ended,
    });
    await runProxy({
      host,
      firewall,
      services: options.services,
      slices: options.slices,
      nodes: options.nodes,
      facts: {
        nodeName: config.nodeName,
        clusterCIDR: config.clusterCIDR,
        serviceCIDR: config.serviceCIDR,
        gateway,
        localServices: localServices(relay.port, dns.port),
      },
      own: {
        bridge: bridgeName,
        gateway,
        ports: [
          { protocol: 'tcp', port: relay.port },
          { protocol: 'udp', port: dns.port },
          { protocol: 'tcp', port: dns.port },
        ],
      },
      clock,
      log: options.log.child('proxy'),
      signal: ended,
    });
  } finally {
    round.abort();
    release();
  }
}

function localServices(relayPort: number, dnsPort: number): NodeLocalService[] {
  return [
    {
      namespace: 'default',
      name: 'kubernetes',
      unlessSelected: false,
      listeners: [{ portName: 'https', protocol: 'tcp', port: relayPort }],
    },
    {
      namespace: 'kube-system',
      name: 'kube-dns',
      unlessSelected: true,
      listeners: [
        { portName: 'dns', protocol: 'udp', port: dnsPort },
        { portName: 'dns-tcp', protocol: 'tcp', port: dnsPort },
      ],
    },
  ];
}

/** Begins again when it fails, until the signal aborts. */
async function keepRunning(
  work: () => Promise<void>,
  { clock, log, signal }: Pick<ClusterNetworkOptions, 'clock' | 'log' | 'signal'>,
): Promise<void> {
  for (;;) {
    try {
      await work();
      if (signal.aborted) return;
    } catch (error) {
      if (signal.aborted) return;
      log.log('warn', 'the cluster network stopped, and begins again', { error: String(error), retryMs });
    }
    await clock.sleep(retryMs, signal).catch(() => undefined);
  }
}

/** Not the heartbeat, nor anything else that changes each minute. */
function keepOfNode(node: Node): Node {
  const { name, labels, uid } = node.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(uid === undefined ? {} : { uid }),
      ...(labels === undefined ? {} : { labels }),
    },
    spec: node.spec?.podCIDR === undefined ? {} : { podCIDR: node.spec.podCIDR },
    status: node.status?.addresses === undefined ? {} : { addresses: node.status.addresses },
  };
}

function keepOfObject<T extends KubeObject>(object: T): T {
  if (object.metadata?.managedFields === undefined) return object;
  const metadata = Object.fromEntries(
    Object.entries(object.metadata).filter(([field]) => field !== 'managedFields'),
  );
  return { ...object, metadata };
}
