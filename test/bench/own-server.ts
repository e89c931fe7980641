import { join } from 'node:path';
import { serverProcess, type ServerProcess } from '../e2e/cluster.ts';
import { temporaryDirectory } from '../fixtures/temporary-directory.ts';
import { readTarget, type ApiTarget } from './kubeconfig.ts';

const port = 17_643;

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
  const server = serverProcess(path, port, ['--kubeconfig-out', kubeconfig]);
  try {
    await server.start(...flags);
    return await work({
      target: await readTarget(kubeconfig),
      process: server,
      pid: server.pid ?? 0,
      kubeconfig,
    });
  } finally {
    await server.stop();
    await remove();
  }
}
