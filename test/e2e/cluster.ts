import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { buildImage } from '../lab/images.ts';
import { labUp, type Lab } from '../lab/lab.ts';
import { eventually, kubectlFor, type Kubectl } from './kubectl.ts';

/** The lab and the data directory that all end-to-end test files share, one after the other; global-teardown.ts removes both. */
export const e2eLab = { name: process.env['FLOTILLA_E2E_LAB'] ?? 'e2e', hosts: 3 };
export const e2eDirectory = `/var/lib/flotilla-${e2eLab.name}`;
/** Which run of jest brought the cluster up: only that one takes it down. */
export const ownerFile = `${e2eDirectory}/owner`;

const root = join(import.meta.dirname, '../..');
export const command = join(root, 'dist/flotilla.js');

/** The real server, as a process of its own. */
export interface ServerProcess {
  /** Starts it when it does not run; resolves when /readyz answers 200. */
  start(...flags: string[]): Promise<void>;
  /** Ends it and waits until it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  readonly pid: number | undefined;
  /** What it wrote to stderr since the directory was made. */
  log(): Promise<string>;
}

export function serverProcess(
  directory: string,
  listenPort: number,
  fixed: readonly string[] = [],
): ServerProcess {
  let child: ChildProcess | undefined;
  const logFile = join(directory, 'server.log');
  return {
    get pid() {
      return child?.pid;
    },
    async start(...flags) {
      if (child?.exitCode === null && child.signalCode === null) return;
      await mkdir(directory, { recursive: true });
      const args = [
        '--data-dir',
        join(directory, 'data'),
        '--listen',
        `0.0.0.0:${listenPort}`,
        ...fixed,
        ...flags,
      ];
      const started = spawn(process.execPath, [command, 'server', ...args], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      started.stderr.on('data', (chunk: Buffer) => void appendFile(logFile, chunk));
      child = started;
      await eventually(
        async () => {
          if (started.exitCode !== null)
            throw new Error(`the server ended with ${started.exitCode}: see ${logFile}`);
          if ((await readyz(listenPort)) !== 200) throw new Error('the server is not ready');
        },
        180_000,
        50,
      );
    },
    async stop(signal = 'SIGTERM') {
      const running = child;
      if (running?.exitCode !== null || running.signalCode !== null) return;
      const gone = once(running, 'exit');
      running.kill(signal);
      await gone;
    },
    log: async () => (existsSync(logFile) ? await readFile(logFile, 'utf8') : ''),
  };
}

/** A port of this machine that nobody listens on; kept in the directory, for what was given the address before. */
export async function freePort(directory: string): Promise<number> {
  const file = join(directory, 'port');
  if (existsSync(file)) return Number(await readFile(file, 'utf8'));
  const probe = createServer().listen(0, '0.0.0.0');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  await mkdir(directory, { recursive: true });
  await writeFile(file, String(port));
  return port;
}

function readyz(listenPort: number): Promise<number> {
  return new Promise((resolve) => {
    const asked = request(
      { host: '127.0.0.1', port: listenPort, path: '/readyz', rejectUnauthorized: false, timeout: 2000 },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => {
      resolve(0);
    });
    asked.end();
  });
}

export interface Cluster {
  readonly lab: Lab;
  readonly server: ServerProcess;
  readonly kubeconfig: string;
  readonly kubectl: Kubectl;
  /** Runs the flotilla command against this cluster; rejects with its stderr unless it ends with 0. */
  flotilla(...args: string[]): Promise<string>;
  /** A new namespace, with its service account; for one test each. */
  namespace(name: string): Promise<string>;
  stop(): Promise<void>;
}

/** Three lab hosts, the real server, the hosts joined, busybox loaded. Takes up what an earlier test file left. */
export async function startCluster(): Promise<Cluster> {
  await mkdir(e2eDirectory, { recursive: true });
  await writeFile(ownerFile, `${process.pid} ${process.ppid}`);
  const lab = await labUp(e2eLab);
  const server = serverProcess(e2eDirectory, await freePort(e2eDirectory), ['--node-grace-period', '12']);
  await server.start();
  const kubeconfig = join(e2eDirectory, 'data/admin.kubeconfig');
  const kubectl = await kubectlFor('1.36', kubeconfig);
  const flotilla = (...args: string[]): Promise<string> => runFlotilla(kubeconfig, args);

  await kubectl('apply', '-f', await hostsFile(lab));
  await kubectl('wait', '--for=condition=Ready', 'nodes', '--all', '--timeout=180s').catch(async () => {
    await eventually(() => expectNodes(kubectl, lab.hosts.length));
  });
  await eventually(() => expectNodes(kubectl, lab.hosts.length));
  await flotilla('image', 'load', await image('test/lab/images/busybox'));
  return {
    lab,
    server,
    kubeconfig,
    kubectl,
    flotilla,
    async namespace(name) {
      const unique = `${name}-${Math.random().toString(36).slice(2, 7)}`;
      await kubectl('create', 'namespace', unique);
      await eventually(() => kubectl('get', 'serviceaccount', 'default', '-n', unique));
      return unique;
    },
    stop: () => server.stop(),
  };
}

async function expectNodes(kubectl: Kubectl, count: number): Promise<void> {
  const lines = (await kubectl('get', 'nodes', '--no-headers')).trim().split('\n');
  const ready = lines.filter((line) => /\sReady\s/.test(line));
  if (ready.length !== count)
    throw new Error(`${ready.length} of ${count} nodes are Ready:\n${lines.join('\n')}`);
}

/** Builds the image of a folder of this checkout, once; resolves with the archive's path. */
export async function image(folder: string): Promise<string> {
  const file = join(root, '.cache/images', `${basename(folder)}.tar`);
  return existsSync(file) ? file : await buildImage(join(root, folder), file);
}

/** The lab's hosts as Host objects. */
async function hostsFile(lab: Lab): Promise<string> {
  const items = lab.hosts.map((host) => ({
    apiVersion: 'flotilla.dev/v1alpha1',
    kind: 'Host',
    metadata: { name: host.name },
    spec: { ssh: { host: host.address, user: 'root', identityFile: lab.keyFile, hostKey: host.hostKey } },
  }));
  const file = join(e2eDirectory, 'hosts.json');
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  return file;
}

function runFlotilla(kubeconfig: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [command, ...args], {
      env: { ...process.env, FLOTILLA_KUBECONFIG: kubeconfig },
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(out).toString('utf8'));
      else
        reject(
          new Error(`flotilla ${args.join(' ')} ended with ${code}: ${Buffer.concat(err).toString('utf8')}`),
        );
    });
  });
}
