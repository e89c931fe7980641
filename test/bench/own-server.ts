import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { serverProcess, type ServerProcess } from '../e2e/cluster.ts';
import { temporaryDirectory } from '../fixtures/temporary-directory.ts';
import { readTarget, type ApiTarget } from './kubeconfig.ts';
import type { BenchRow } from './row.ts';

const port = 17_643;
const idleSeconds = 60;

/** A server of ours without controllers and scheduler, with an empty store; what follows is removed after `work`. */
export async function withOwnServer<T>(
  work: (target: ApiTarget, server: ServerProcess) => Promise<T>,
): Promise<T> {
  const { path, remove } = await temporaryDirectory('bench-server');
  const kubeconfig = join(path, 'kubeconfig');
  const server = serverProcess(path, port, ['--kubeconfig-out', kubeconfig]);
  try {
    await server.start('--controllers=-*', '--scheduler=false');
    return await work(await readTarget(kubeconfig), server);
  } finally {
    await server.stop();
    await remove();
  }
}

/** Resident megabytes of a process. */
export async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024);
}

/** What a process does while nobody asks anything of it. */
export async function idleRows(name: string, pid: number): Promise<BenchRow[]> {
  await sleep(5_000);
  const before = await usage(pid);
  await sleep(idleSeconds * 1000);
  const after = await usage(pid);
  return [
    { name: `${name}, idle: resident memory`, value: await residentMegabytes(pid), unit: 'MB' },
    {
      name: `${name}, idle: processor`,
      value: Math.round(((after.ticks - before.ticks) / idleSeconds) * 100) / 100,
      unit: '% of a core',
    },
    {
      name: `${name}, idle: written to disk in a minute`,
      value: Math.round((after.written - before.written) / 1024),
      unit: 'KB',
    },
  ];
}

async function usage(pid: number): Promise<{ readonly ticks: number; readonly written: number }> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const io = await readFile(`/proc/${pid}/io`, 'utf8');
  // Ticks are hundredths of a second, so a tick a second is one per cent.
  return {
    ticks: Number(fields[11]) + Number(fields[12]),
    written: Number(/^write_bytes: (\d+)/m.exec(io)?.[1] ?? 0),
  };
}
