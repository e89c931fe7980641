import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { createEventRecorder } from '../openapi/client/create-event-recorder.ts';
import { createClient } from '../openapi/client/create-client.ts';
import { systemClock } from '../openapi/machinery/clock.ts';
import { lineLogger, type Logger } from '../openapi/machinery/log.ts';
import {
  advertiseAddress,
  createApi,
  endpointAddress,
  kubernetesRelease,
  ownVersion,
  serverNames,
  type Api,
} from './api.ts';
import { bootstrap } from './apiserver/bootstrap/bootstrap.ts';
import type { NodeDialer } from './apiserver/node-dialer.ts';
import { gitVersion as gitVersionText } from './apiserver/discovery/version.ts';
import { agentsGroup } from './auth/authorization/node.ts';
import { openKeyStore, type KeyStore } from './auth/pki/key-store.ts';
import { adminKubeconfig } from './cli/access.ts';
import type { RunningServer } from './cli/context.ts';
import { kubeconfigText, type Access } from './cli/kubeconfig.ts';
import { addressIn, type ServerOptions } from './config.ts';
import { allControllers } from './controllers/index.ts';
import { runControllers } from './controllers/run.ts';
import { storedResources } from './controllers/shared/listable.ts';
import type { ServedResources } from './controllers/shared/served.ts';
import type { Registered, Registry } from './registry/strategy.ts';
import { selectControllers } from './controllers/selection.ts';
import { npmNode, type RunProgram } from './fleet/npm-node.ts';
import { startFleet, type Fleet } from './fleet/start.ts';
import { startScheduler } from './scheduler/run.ts';
import { openJsonStore } from './storage/journal/open.ts';
import { runCompactor } from './storage/mvcc/compactor.ts';

export const gitVersion = gitVersionText(kubernetesRelease, ownVersion);

const clock = systemClock;
const random = Math.random;
const certificateDays = 365;
/** The name that agents check behind the tunnel: it stands in every server certificate. */
const apiServerName = 'kubernetes.default.svc';

/** Starts everything, in the order in which each part needs the one before. Resolves when requests are served. */
export async function startServer(options: ServerOptions, runProgram: RunProgram): Promise<RunningServer> {
  const log = lineLogger(
    (line) => process.stderr.write(line),
    () => clock.now(),
    options.logLevel,
  );
  const end = new AbortController();
  const stops: (() => Promise<unknown>)[] = [];
  /** Undoes what has been started, the last first. */
  async function stop(): Promise<void> {
    end.abort(new Error('The server stops'));
    for (const each of stops.splice(0).reverse()) await each();
  }
  try {
    return await start({ options, runProgram, log, signal: end.signal, stops }, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Starting {
  readonly options: ServerOptions;
  readonly runProgram: RunProgram;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly stops: (() => Promise<unknown>)[];
}

async function start(starting: Starting, stop: () => Promise<void>): Promise<RunningServer> {
  const { options, log, signal, stops } = starting;
  await refuseTakenPort(options);
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const store = await openJsonStore({
    directory: join(options.dataDir, 'store'),
    clock,
    log: log.child('store'),
  });
  stops.push(() => store.close());
  const keys = await openKeyStore(join(options.dataDir, 'pki'), () => clock.now());
  const certificate = await keys.keep('server', {
    commonName: 'kube-apiserver',
    names: serverNames(options),
    usage: 'server',
    days: certificateDays,
  });
  const fleetParts: { fleet?: Fleet } = {};
  const dialer: NodeDialer = {
    dial(nodeName, dialSignal) {
      const { fleet } = fleetParts;
      if (fleet === undefined) return Promise.reject(new Error('the server is still starting'));
      return fleet.dialer.dial(nodeName, dialSignal);
    },
  };
  const api = createApi({ options, keys, certificate, store, dialer, log, random, signal });
  stops.push(() => api.server.stop());
  await api.server.serveDefinitions();

  await bootstrap(api.client, {
    clientCA: keys.authority.certificate,
    clusterDNS: addressIn(options.serviceCIDR, 10),
    kubernetesServiceIP: addressIn(options.serviceCIDR, 1),
    serviceCIDR: options.serviceCIDR,
    advertiseAddress: endpointAddress(options),
    port: options.listen.port,
  });
  void runCompactor({ storage: store, clock, log: log.child('store') }, signal);
  fleetParts.fleet = runFleet(starting, api, keys);
  runLoops(starting, api, keys);
  // First the kubeconfig: whoever waits for /readyz reads it next.
  const access = await writeAdminAccess(options, keys);
  await api.server.listen({ host: options.listen.address, port: options.listen.port });
  log.log('info', 'serving', { address: access.server, data: options.dataDir });
  return {
    access,
    kubeconfigPath: join(options.dataDir, adminKubeconfig),
    client: api.client,
    transport: api.server.transport({ name: 'flotilla', groups: ['system:masters'] }),
    stop,
  };
}

/** Says in one line that the port is taken, before anything is made. */
async function refuseTakenPort({ listen }: ServerOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      const where = `${listen.address}:${listen.port}`;
      const why =
        error.code === 'EADDRINUSE'
          ? 'something listens there already; is a server running? Choose another with --listen'
          : error.message;
      reject(new Error(`Cannot listen on ${where}: ${why}`, { cause: error }));
    });
    probe.listen(listen.port, listen.address, () =>
      probe.close(() => {
        resolve();
      }),
    );
  });
}

/** Hosts over SSH. */
function runFleet({ options, runProgram, log, signal, stops }: Starting, api: Api, keys: KeyStore): Fleet {
  const client = createClient(api.server.transport(partOfServer('fleet')), {
    clock,
    signal,
    userAgent: 'flotilla-fleet',
  });
  const events = createEventRecorder({
    client,
    clock,
    component: 'flotilla-fleet',
    log: log.child('events'),
    signal,
    random,
  });
  const fleet = startFleet({
    client,
    informers: api.informers,
    events,
    log,
    clock,
    random,
    clusterId: keys.clusterId,
    network: {
      clusterCIDR: options.podCIDR,
      serviceCIDR: options.serviceCIDR,
      clusterDNS: addressIn(options.serviceCIDR, 10),
      clusterDomain: options.clusterDomain,
    },
    ca: keys.authority.certificate,
    apiServerName,
    async issueNodeCertificate(nodeName) {
      const pair = await keys.issue({
        commonName: `system:node:${nodeName}`,
        organizations: ['system:nodes', agentsGroup],
        usage: 'client',
        days: certificateDays,
      });
      const notAfterMs = Date.parse(new X509Certificate(pair.certificate).validTo);
      return { ca: keys.authority.certificate, certificate: pair.certificate, key: pair.key, notAfterMs };
    },
    onApiConnection: (stream) => {
      api.server.accept(stream);
    },
    agentBundlePath: join(import.meta.dirname, 'agent.cjs'),
    nodeRuntime: {
      ownPath: process.execPath,
      ownArch: process.arch,
      fetch: npmNode({
        cacheDirectory: join(options.dataDir, 'node-runtimes'),
        version: process.versions.node,
        run: runProgram,
      }),
    },
    ssh: {
      homeDirectory: homedir(),
      knownHostsFiles: [join(homedir(), '.ssh', 'known_hosts'), '/etc/ssh/ssh_known_hosts'],
      agentSocket: process.env['SSH_AUTH_SOCK'],
    },
  });
  stops.push(() => fleet.stop());
  return fleet;
}

/** The registry as controllers see it: one resource for each kind that can be watched. */
function servedResources(registry: Registry): ServedResources {
  let from: readonly Registered[] | undefined;
  let list: ReturnType<ServedResources['list']> = [];
  return {
    list() {
      if (from !== registry.all) {
        from = registry.all;
        const watched = from.filter(({ verbs }) => verbs.includes('watch'));
        list = storedResources(watched.map(({ resource }) => resource));
      }
      return list;
    },
    subscribe: (listener) => registry.subscribe(listener),
  };
}

/** Scheduler and controllers. */
function runLoops({ options, log, signal, stops }: Starting, api: Api, keys: KeyStore): void {
  const clientFor = (name: string): ReturnType<typeof createClient> =>
    createClient(api.server.transport(partOfServer(name)), { clock, signal, userAgent: `flotilla-${name}` });
  const served = servedResources(api.registry);
  const controllers = selectControllers(
    allControllers(
      {
        rootCa: keys.authority.certificate,
        clusterCIDR: options.podCIDR,
        nodeGraceSeconds: options.nodeGracePeriodMs / 1000,
      },
      served,
    ),
    options.controllers,
  );
  const common = { informers: api.informers, clock, random, log };
  const running = runControllers({ ...common, controllers, clientFor });
  stops.push(() => running.stop());
  if (!options.scheduler) return;
  const scheduler = startScheduler({ ...common, client: clientFor('scheduler') });
  stops.push(() => scheduler.stop());
}

/** Controllers and the like act under names of their own, with all rights. */
function partOfServer(name: string): { readonly name: string; readonly groups: readonly string[] } {
  return { name: `system:flotilla:${name}`, groups: ['system:masters', 'system:authenticated'] };
}

/** Writes the admin's kubeconfig: always into the data directory, and where --kubeconfig-out says. */
async function writeAdminAccess(options: ServerOptions, keys: KeyStore): Promise<Access> {
  const pair = await keys.keep('admin', {
    commonName: 'flotilla-admin',
    organizations: ['system:masters'],
    usage: 'client',
    days: certificateDays,
  });
  const access = {
    server: `https://${advertiseAddress(options)}:${options.listen.port}`,
    ca: keys.authority.certificate,
    certificate: pair.certificate,
    key: pair.key,
  };
  await writePrivate(join(options.dataDir, adminKubeconfig), kubeconfigText(access));
  if (options.kubeconfigOut !== undefined) await writePrivate(options.kubeconfigOut, kubeconfigText(access));
  return access;
}

async function writePrivate(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const same = await readFile(path, 'utf8').catch(() => undefined);
  if (same === content) return;
  await writeFile(`${path}.new`, content, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
