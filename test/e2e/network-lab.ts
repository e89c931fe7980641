import { spawn, type ChildProcess } from 'node:child_process';
import { copyFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import type { Lab, LabHost } from '../lab/lab.ts';
import type { NodeCommand } from './network-world.ts';

const bundle = '/root/network-node.cjs';

/** The program of network-node.ts, running on a lab host. */
export interface NetworkNode {
  readonly host: LabHost;
  /** Rejects with what went wrong on the node. */
  send<T>(command: NodeCommand): Promise<T>;
  /** Ends the program, as an agent that is restarted: the network stays. */
  stop(): Promise<void>;
  /** What it wrote to stderr. */
  log(): string;
}

export async function pushNetworkNode(hosts: readonly LabHost[]): Promise<void> {
  const outfile = join('/tmp', `network-node-${process.pid}.cjs`);
  await build({
    entryPoints: [new URL('network-node.ts', import.meta.url).pathname],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    outfile,
    logLevel: 'error',
  });
  for (const host of hosts) await copyInto(host, outfile, basename(bundle));
}

/** Puts a file of this machine into root's home on the host. */
export function copyInto(host: LabHost, file: string, name: string): Promise<void> {
  return copyFile(file, join(host.root, 'root', name));
}

export function startNetworkNode(lab: Lab, host: LabHost, node: string): NetworkNode {
  const child: ChildProcess = spawn('ssh', ['-F', lab.sshConfigFile, '-T', host.name, `${node} ${bundle}`], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const waiting: { resolve: (answer: unknown) => void; reject: (error: Error) => void }[] = [];
  if (child.stdout === null) throw new Error('no stdout');
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = JSON.parse(line) as { readonly result?: unknown; readonly error?: string };
    const next = waiting.shift();
    if (answer.error === undefined) next?.resolve(answer.result);
    else next?.reject(new Error(`${host.name}: ${answer.error}`));
  });
  child.on('exit', (code) => {
    for (const each of waiting.splice(0)) {
      each.reject(new Error(`${host.name}: the program ended with ${String(code)}: ${text}`));
    }
  });
  return {
    host,
    send<T>(command: NodeCommand) {
      return new Promise<T>((resolve, reject) => {
        waiting.push({ resolve: resolve as (answer: unknown) => void, reject });
        child.stdin?.write(`${JSON.stringify(command)}\n`);
      });
    },
    stop: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null) resolve();
        else
          child.once('exit', () => {
            resolve();
          });
        child.stdin?.end();
      }),
    log: () => text,
  };
}
