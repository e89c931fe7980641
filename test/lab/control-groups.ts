import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';

const mountPoint = '/sys/fs/cgroup';

export function isUnified(): boolean {
  return existsSync(`${mountPoint}/cgroup.controllers`);
}

/** The directories that hold the processes of one host: one in a unified hierarchy, else one a controller. */
async function directoriesOf(name: string): Promise<string[]> {
  if (isUnified()) return [`${mountPoint}/${name}`];
  const entries = await readdir(mountPoint);
  return entries
    .filter((entry) => entry !== 'unified' && existsSync(`${mountPoint}/${entry}/cgroup.procs`))
    .map((entry) => `${mountPoint}/${entry}/${name}`);
}

/** Makes the control groups of a host and returns their cgroup.procs files: who enters them all is in the host. */
export async function createControlGroups(name: string, memoryBytes: number): Promise<string[]> {
  const directories = await directoriesOf(name);
  for (const directory of directories) {
    await mkdir(directory, { recursive: true });
    const parent = directory.slice(0, directory.lastIndexOf('/'));
    for (const file of ['cpuset.cpus', 'cpuset.mems'])
      if (existsSync(`${directory}/${file}`) && !isUnified())
        await writeFile(`${directory}/${file}`, await readFile(`${parent}/${file}`));
    for (const file of ['memory.limit_in_bytes', 'memory.max'])
      if (existsSync(`${directory}/${file}`)) await writeFile(`${directory}/${file}`, String(memoryBytes));
  }
  return directories.map((directory) => `${directory}/cgroup.procs`);
}

async function subtree(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const below: string[] = [];
  for (const entry of entries)
    if (entry.isDirectory()) below.push(...(await subtree(`${directory}/${entry.name}`)));
  return [...below, directory];
}

/** The processes in a host's control groups and all below them. */
export async function processesIn(name: string): Promise<Set<number>> {
  const pids = new Set<number>();
  for (const top of await directoriesOf(name)) {
    for (const directory of await subtree(top)) {
      const text = await readFile(`${directory}/cgroup.procs`, 'utf8').catch(() => '');
      for (const line of text.split('\n').filter(Boolean)) pids.add(Number(line));
    }
  }
  return pids;
}

/** Removes what is empty, deepest first. */
export async function removeControlGroups(name: string): Promise<void> {
  for (const top of await directoriesOf(name))
    for (const directory of await subtree(top)) await rmdir(directory).catch(() => undefined);
}
