import { createFakeApi, type FakeApi } from '../../openapi/client/fake.ts';
import { createInformers } from '../../openapi/client/informers.ts';
import { hosts } from '../../openapi/generated/resources.ts';
import type { Host } from '../../openapi/generated/types.ts';
import { systemClock } from '../../openapi/machinery/clock.ts';
import { lineLogger } from '../../openapi/machinery/log.ts';
import { isNotFound } from '../../openapi/machinery/status.ts';
import { startFleet } from '../../server/fleet/start.ts';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';

/** A server as far as the fleet sees it: an API, certificates that are only text, and who called through the tunnel. */
export interface World {
  readonly api: FakeApi;
  /** What agents sent to the API's socket. */
  readonly heard: readonly string[];
  /** Nodes for which a certificate was issued. */
  readonly issued: readonly string[];
  until<T>(what: string, look: () => Promise<T | undefined> | T | undefined, ms?: number): Promise<T>;
  phaseIs(name: string, phase: string, ms?: number): Promise<Host>;
  /** Resolves to the one condition that failed. */
  failureOf(name: string): Promise<{ type: string; reason: string; message: string }>;
  /** Resolves when the Host is gone. */
  remove(name: string): Promise<void>;
  /** What the agent of a node answers. */
  ask(nodeName: string, path: string): Promise<string>;
  stop(): Promise<void>;
}

export interface WorldOptions {
  readonly directory: string;
  readonly bundlePath: string;
  readonly api?: FakeApi;
  readonly clusterId?: string;
}

export function startWorld(options: WorldOptions): World {
  const end = new AbortController();
  const heard: string[] = [];
  const log: string[] = [];
  const issued: string[] = [];
  const api = options.api ?? createFakeApi({ clock: systemClock });
  const logger = lineLogger((line) => log.push(line), Date.now, 'debug');
  const shared = { client: api.client, clock: systemClock, random: Math.random, log: logger };
  const fleet = startFleet({
    ...shared,
    informers: createInformers({ ...shared, signal: end.signal }),
    events: { event: () => undefined },
    clusterId: options.clusterId ?? 'cluster-a',
    network: {
      clusterCIDR: '10.244.0.0/16',
      serviceCIDR: '10.96.0.0/16',
      clusterDNS: '10.96.0.10',
      clusterDomain: 'cluster.local',
    },
    ca: 'CA',
    apiServerName: 'kubernetes',
    issueNodeCertificate: (nodeName) => {
      issued.push(nodeName);
      return Promise.resolve({ ca: 'CA', certificate: 'C', key: 'K', notAfterMs: Date.now() + 86_400_000 });
    },
    onApiConnection: (stream: Duplex) => {
      stream.on('data', (data: Buffer) => heard.push(data.toString()));
      stream.on('end', () => stream.end());
    },
    agentBundlePath: options.bundlePath,
    nodeRuntime: { ownPath: process.execPath, ownArch: process.arch, fetch: undefined },
    ssh: {
      homeDirectory: options.directory,
      knownHostsFiles: [join(options.directory, 'known_hosts')],
      agentSocket: undefined,
    },
  });

  const until: World['until'] = async (what, look, ms = 180_000) => {
    const last = Date.now() + ms;
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      if (Date.now() > last) throw new Error(`Waited in vain for ${what}:\n${log.slice(-15).join('')}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const read = (name: string): Promise<Host | undefined> =>
    api.client.get(hosts, { name }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
  const phaseIs: World['phaseIs'] = (name, phase, ms) =>
    until(
      `${name} to be ${phase}`,
      async () => {
        const host = await read(name);
        return host?.status?.phase === phase ? host : undefined;
      },
      ms,
    );
  return {
    api,
    heard,
    issued,
    until,
    phaseIs,
    async failureOf(name) {
      const host = await phaseIs(name, 'Failed');
      const failed = host.status?.conditions?.find((each) => each.status === 'False');
      if (failed === undefined) throw new Error('no condition tells what failed');
      return { type: failed.type, reason: failed.reason, message: failed.message };
    },
    async remove(name) {
      await api.client.delete(hosts, { name });
      await until(`${name} to be gone`, async () => ((await read(name)) === undefined ? true : undefined));
    },
    async ask(nodeName, path) {
      const stream = await fleet.dialer.dial(nodeName, AbortSignal.timeout(5000));
      return new Promise((resolve, reject) => {
        const asked = request({ path, createConnection: () => stream }, (response) => {
          let text = '';
          response.on('data', (data: Buffer) => (text += data.toString()));
          response.on('end', () => {
            resolve(text);
          });
        });
        asked.on('error', reject).end();
      });
    },
    async stop() {
      await fleet.stop();
      end.abort(new Error('the test is over'));
    },
  };
}
