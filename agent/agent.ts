import { setMaxListeners } from 'node:events';
import { createClient } from '../openapi/client/create-client.ts';
import { createEventRecorder } from '../openapi/client/create-event-recorder.ts';
import { startInformer } from '../openapi/client/create-informer.ts';
import { createHttpTransport } from '../openapi/client/http-transport.ts';
import type { Client } from '../openapi/client/client.ts';
import { endpointSlices, nodes, pods, services } from '../openapi/generated/resources.ts';
import type { EndpointSlice, Node, Pod, Service } from '../openapi/generated/types.ts';
import { paths, type AgentConfig } from '../openapi/machinery/agent-contract.ts';
import type { Clock } from '../openapi/machinery/clock.ts';
import type { Logger } from '../openapi/machinery/log.ts';
import { withinTime } from '../openapi/machinery/link-signals.ts';
import type { KubeObject } from '../openapi/machinery/object.ts';
import type { Resource } from '../openapi/machinery/resource.ts';
import { startClusterNetwork } from './cluster-network.ts';
import { dialInside } from './host/dial-inside.ts';
import type { Host } from './host/host.ts';
import {
  defaultSourceAddress,
  readLoad,
  readMachine,
  type Machine,
  type MachineLoad,
} from './host/machine.ts';
import { createMounts } from './host/mounts.ts';
import { BackOff } from './kubelet/back-off.ts';
import { Images } from './kubelet/images.ts';
import { Kubelet } from './kubelet/kubelet.ts';
import { NodeAgent } from './kubelet/node-agent.ts';
import type { NodeFacts } from './kubelet/node-facts.ts';
import { kubeletVersion, nodeAllocatable } from './kubelet/node-object.ts';
import { PodEvents } from './kubelet/pod-events.ts';
import type { PodTools } from './kubelet/pod-tools.ts';
import { Prober } from './kubelet/prober.ts';
import { StatusManager } from './kubelet/status-manager.ts';
import type { PodNetwork } from './network/pod-network.ts';
import { startSavedInformer, type SavedList } from './network/saved-informer.ts';
import type { RuntimeDriver } from './runtime/driver.ts';
import { createDriver } from './runtime/index.ts';
import { startServing } from './serving/server.ts';
import { ApiSources } from './volumes/api-sources.ts';
import { PodVolumes } from './volumes/pod-volumes.ts';

export interface AgentOptions {
  readonly config: AgentConfig;
  readonly host: Host;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  /** Ends the agent; containers, links and rules stay. */
  readonly signal: AbortSignal;
}

const callMsMax = 20_000;
const parallelPulls = 3;
const networkCheckMs = 200;

/** Runs the agent until the signal aborts. */
export async function runAgent(options: AgentOptions): Promise<void> {
  // Each pod, probe and call listens: hundreds are ordinary.
  setMaxListeners(0, options.signal);
  const { config, host, clock, random, log, signal } = options;
  const client = clientOf(options);
  const driver = createDriver(config.runtime, { clusterId: config.clusterId, clock });
  const machine = await readMachine(host);
  const nodeIP = config.nodeIP === '' ? ((await defaultSourceAddress(host)) ?? '127.0.0.1') : config.nodeIP;
  const lists = await startLists(options, client);
  const network = await startClusterNetwork({ ...options, ...lists });
  const component = {
    client,
    clock,
    random,
    log: log.child('events'),
    signal,
    component: 'kubelet',
    host: config.nodeName,
  };
  const recorder = createEventRecorder(component);
  const sources = new ApiSources({ client, host, clock, random, folder: `${paths.agent}/objects` });
  const facts = await nodeFacts(options, { machine, nodeIP, ...lists });
  const statuses = new StatusManager({ client, clock, log: log.child('status'), signal });
  const tools = podTools(
    options,
    { driver, network, sources, facts, statuses, events: new PodEvents(recorder) },
    (uid) => kubelet.worker(uid)?.poke(),
  );
  const kubelet: Kubelet = new Kubelet({
    ...{ tools, pods: lists.pods, isLive: lists.isLive, signal },
    retainObjects: (uids, referred) => sources.retainOnly(uids, referred),
  });
  const nodeAgent = new NodeAgent({
    ...{ client, config, machine, recorder, clock, random, log: log.child('node'), signal },
    read: () => readNode(options, driver, { network, nodeIP }),
  });
  lists.nodes.subscribe(({ object }) => {
    if (object !== undefined) nodeAgent.see(object);
  });
  const context = {
    kubelet,
    driver,
    statuses,
    nodeName: config.nodeName,
    clock,
    log: log.child('serving'),
    signal,
  };
  await startServing(
    {
      ...context,
      readLoad: () => loadOf(host),
      dialInside,
      onImages: () => {
        nodeAgent.hurry();
      },
    },
    paths.agentSocket,
  );
  log.log('info', 'agent runs', { node: config.nodeName, address: nodeIP, version: kubeletVersion });
  await Promise.all([kubelet.run(), nodeAgent.run(), tellNetwork(options, network, nodeAgent)]);
}

function clientOf({ config, clock, signal }: AgentOptions): Client {
  const { serverName, ca, certificate, key } = config.api;
  const address = { socketPath: paths.apiSocket };
  const transport = createHttpTransport({ address, serverName, ca, cert: certificate, key });
  return createClient(transport, {
    clock,
    signal,
    userAgent: `flotilla-agent/${kubeletVersion}`,
    timeoutMs: callMsMax,
  });
}

interface Lists {
  readonly pods: SavedList<Pod>;
  readonly nodes: SavedList<Node>;
  readonly services: SavedList<Service>;
  readonly slices: SavedList<EndpointSlice>;
  /** The API itself has said which pods there are. */
  readonly isLive: () => boolean;
}

/** What the agent knows of the cluster; pods and services also from the disk, for a host that boots while the server is away. */
async function startLists(
  { config, host, clock, random, log, signal }: AgentOptions,
  client: Client,
): Promise<Lists> {
  const base = { client, clock, random, log: log.child('informer'), signal };
  const livePods = startInformer({
    ...base,
    resource: pods,
    fieldSelector: `spec.nodeName=${config.nodeName}`,
  });
  function saved<T extends KubeObject>(live: SavedList<T>, resource: Resource<T>): Promise<SavedList<T>> {
    const path = `${paths.agent}/${resource.plural}.json`;
    return startSavedInformer({ live, path, host, keep: withoutManagedFields, clock, log, signal });
  }
  return {
    pods: await saved(livePods, pods),
    services: await saved(startInformer({ ...base, resource: services }), services),
    nodes: startInformer({ ...base, resource: nodes }),
    slices: startInformer({ ...base, resource: endpointSlices }),
    isLive: () => livePods.synced,
  };
}

function withoutManagedFields<T extends KubeObject>(object: T): T {
  if (object.metadata?.managedFields === undefined) return object;
  const fields = Object.entries(object.metadata).filter(([field]) => field !== 'managedFields');
  return { ...object, metadata: Object.fromEntries(fields) };
}

async function nodeFacts(
  { config, host }: AgentOptions,
  known: { readonly machine: Machine; readonly nodeIP: string } & Pick<Lists, 'nodes' | 'services'>,
): Promise<NodeFacts> {
  const load = await loadOf(host);
  const allocatable = nodeAllocatable(known.machine, load);
  return {
    nodeName: config.nodeName,
    hostIP: known.nodeIP,
    clusterDNS: config.clusterDNS,
    clusterDomain: config.clusterDomain,
    podsFolder: paths.pods,
    allocatable: () => allocatable,
    services: () => known.services.list(),
    node: () => known.nodes.get({ name: config.nodeName }),
  };
}

interface Parts {
  readonly driver: RuntimeDriver;
  readonly network: PodNetwork;
  readonly sources: ApiSources;
  readonly facts: NodeFacts;
  readonly statuses: StatusManager;
  readonly events: PodEvents;
}

function podTools(
  { host, clock, random, log }: AgentOptions,
  parts: Parts,
  changed: (podUid: string) => void,
): PodTools {
  const { driver, network, sources, facts, statuses, events } = parts;
  const allocatable = (): Readonly<Record<string, string>> => facts.allocatable();
  return {
    ...{ files: host, driver, network, sources, statuses, events, clock, random, log: log.child('kubelet') },
    volumes: new PodVolumes({ folder: paths.pods, mounts: createMounts(host), sources, allocatable }),
    images: new Images({ driver, sources, events, clock, parallelPulls }),
    prober: new Prober({ driver, events, clock, random, statusOf: (uid) => statuses.get(uid), changed }),
    backOff: new BackOff(),
    node: facts,
  };
}

async function readNode(
  { host, clock, signal }: AgentOptions,
  driver: RuntimeDriver,
  { network, nodeIP }: { readonly network: PodNetwork; readonly nodeIP: string },
): ReturnType<ConstructorParameters<typeof NodeAgent>[0]['read']> {
  const load = await loadOf(host);
  const networkReady = network.gateway !== undefined;
  try {
    const [runtime, images] = await withinTime(signal, callMsMax, clock, (limit) =>
      Promise.all([driver.version(limit), driver.listImages(limit)]),
    );
    return { load, nodeIP, runtime, images, networkReady };
  } catch {
    return { load, nodeIP, runtime: undefined, images: [], networkReady };
  }
}

function loadOf(host: Host): Promise<MachineLoad> {
  return readLoad(host, paths.state);
}

/** The node is ready as soon as its network is: the next heartbeat would be seconds away. */
async function tellNetwork(
  { clock, signal }: AgentOptions,
  network: PodNetwork,
  nodeAgent: NodeAgent,
): Promise<void> {
  while (!signal.aborted && network.gateway === undefined)
    await clock.sleep(networkCheckMs, signal).catch(() => undefined);
  nodeAgent.hurry();
}
