import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchRow } from './row.ts';

const idleSeconds = 60;

/** Reads a file of one process's /proc, on this machine or on a lab host: "status", "stat", "io". */
export type ReadProcess = (file: string) => Promise<string>;

export function localProcess(pid: number): ReadProcess {
  return (file) => readFile(`/proc/${pid}/${file}`, 'utf8');
}

/** Resident megabytes. */
export async function residentMegabytes(read: ReadProcess): Promise<number> {
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(await read('status'))?.[1] ?? 0) / 1024);
}

/** What a process takes while nobody asks anything of it. */
export async function idleRows(name: string, read: ReadProcess): Promise<BenchRow[]> {
  await sleep(5_000);
  const before = await usage(read);
  await sleep(idleSeconds * 1000);
  const after = await usage(read);
  return [
    { name: `${name}, idle: resident memory`, value: await residentMegabytes(read), unit: 'MB' },
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

async function usage(read: ReadProcess): Promise<{ readonly ticks: number; readonly written: number }> {
  const stat = await read('stat');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // Ticks are hundredths of a second, so a tick a second is one per cent.
  return {
    ticks: Number(fields[11]) + Number(fields[12]),
    written: Number(/^write_bytes: (\d+)/m.exec(await read('io'))?.[1] ?? 0),
  };
}
