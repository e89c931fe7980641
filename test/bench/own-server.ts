import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { serverProcess, type ServerProcess } from '../e2e/cluster.ts';
import { eventually } from '../e2e/kubectl.ts';
import { temporaryDirectory } from '../fixtures/temporary-directory.ts';
import { readTarget, type ApiTarget } from './kubeconfig.ts';

export interface OwnServer {
  readonly target: ApiTarget;
  readonly process: ServerProcess;
  readonly pid: number;
  readonly kubeconfig: string;
}

/** The API alone: neither controllers nor scheduler. */
export const apiOnly = ['--controllers=-*', '--scheduler=false'];

/** A server of ours with an empty store, for as long as `work` takes. */
export async function withOwnServer<T>(
  flags: readonly string[],
  work: (server: OwnServer) => Promise<T>,
): Promise<T> {
  const { path, remove } = await temporaryDirectory('bench-server');
  const kubeconfig = join(path, 'kubeconfig');
  const server = serverProcess(path, await freePort(), ['--kubeconfig-out', kubeconfig]);
  // A benchmark that is cut off must not leave its server behind.
  process.once('exit', () => {
    if (server.pid !== undefined) killQuietly(server.pid);
  });
  try {
    await server.start(...flags);
    return await work({
      target: await eventually(() => readTarget(kubeconfig), 10_000),
      process: server,
      pid: server.pid ?? 0,
      kubeconfig,
    });
  } finally {
    await server.stop();
    await remove();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid);
  } catch {
    // It ended before us.
  }
}
