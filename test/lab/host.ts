import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createControlGroups, isUnified, processesIn, removeControlGroups } from './control-groups.ts';
import { createHostLink, hostLink, removeHostLink, type HostLink } from './network.ts';
import type { LabPlan } from './options.ts';
import { run, tryRun } from './programs.ts';
import { writeAptConfiguration } from './root-file-system.ts';

const memoryBytes = 4 * 1024 ** 3;

/** Directories that must not lie on an overlay: runtimes put overlays of their own in them. */
const realDirectories = ['docker', 'containerd', 'containers', 'kubelet'];

/** A host of a lab as it stands on the machine's disk. */
export interface HostPlace extends HostLink {
  readonly index: number;
  readonly name: string;
  readonly directory: string;
  readonly root: string;
  readonly groups: string;
}

export function hostPlace(plan: LabPlan, index: number): HostPlace {
  const directory = `${plan.directory}/hosts/${index}`;
  return {
    ...hostLink(plan, index),
    index,
    name: `${plan.name}-${index}`,
    directory,
    root: `${directory}/root`,
    groups: `flotilla-lab-${plan.name}-${index}`,
  };
}

async function isMounted(directory: string): Promise<boolean> {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  return mounts.split('\n').some((line) => line.split(' ')[1] === directory);
}

async function mountRoot(place: HostPlace, tree: string): Promise<void> {
  for (const name of ['upper', 'work', 'root', ...realDirectories])
    await mkdir(`${place.directory}/${name}`, { recursive: true });
  if (await isMounted(place.root)) return;
  const layers = `lowerdir=${tree},upperdir=${place.directory}/upper,workdir=${place.directory}/work`;
  await run('mount', ['-t', 'overlay', 'overlay', '-o', layers, place.root]);
}

async function writeSshFiles(plan: LabPlan, place: HostPlace): Promise<void> {
  const { root } = place;
  for (const home of ['/root', '/home/admin', '/home/guest']) {
    await mkdir(`${root}${home}/.ssh`, { recursive: true, mode: 0o700 });
    await copyFile(`${plan.directory}/id_ed25519.pub`, `${root}${home}/.ssh/authorized_keys`);
    await run('chown', ['-R', '--reference', `${root}${home}`, `${root}${home}/.ssh`]);
  }
  for (const type of ['ed25519', 'ecdsa', 'rsa']) {
    const file = `${root}/etc/ssh/ssh_host_${type}_key`;
    if (!existsSync(file))
      await run('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', place.name, '-f', file]);
  }
}

/** Writes what makes this host different from the others. Done once in a host's life. */
async function personalize(plan: LabPlan, place: HostPlace): Promise<void> {
  const { root } = place;
  if (existsSync(`${place.directory}/ready`)) return;
  await writeFile(`${root}/etc/machine-id`, `${randomBytes(16).toString('hex')}\n`);
  await writeFile(`${root}/etc/hostname`, `${place.name}\n`);
  await writeFile(`${root}/etc/hosts`, `127.0.0.1 localhost\n${place.address} ${place.name}\n`);
  await rm(`${root}/etc/resolv.conf`, { force: true });
  const upstream = '/run/systemd/resolve/resolv.conf';
  await copyFile(existsSync(upstream) ? upstream : '/etc/resolv.conf', `${root}/etc/resolv.conf`);
  await writeAptConfiguration(root);
  await writeSshFiles(plan, place);
  await writeFile(`${place.directory}/ready`, '');
}

function nspawnArguments(place: HostPlace): string[] {
  return [
    '--quiet',
    '--register=no',
    '--keep-unit',
    '--console=pipe',
    `--network-namespace-path=/run/netns/${place.namespace}`,
    '--capability=all',
    '--drop-capability=CAP_SYS_TIME',
    '--system-call-filter=add_key keyctl bpf open_by_handle_at',
    `--machine=${place.name}`,
    '--resolv-conf=off',
    '--timezone=off',
    '--link-journal=no',
    ...realDirectories.map((name) => `--bind=${place.directory}/${name}:/var/lib/${name}`),
    ...(existsSync('/dev/fuse') ? ['--bind=/dev/fuse'] : []),
    '-D',
    place.root,
    '--boot',
  ];
}

/** A constant: the files to enter and the program come as arguments. A reboot inside ends nspawn with 133. */
const enterAndRun =
  'while test "$1" != --; do echo $$ > "$1" || exit 1; shift; done; shift; while "$@"; test $? = 133; do :; done';

/** Starts a host that does not run. Its disk is as it was left. */
export async function bootHost(plan: LabPlan, place: HostPlace, tree: string): Promise<void> {
  await mountRoot(place, tree);
  await personalize(plan, place);
  await createHostLink(plan, place.index);
  const files = await createControlGroups(place.groups, memoryBytes);
  const console = await open(`${place.directory}/console.log`, 'w');
  const child = spawn(
    '/bin/sh',
    ['-c', enterAndRun, 'sh', ...files, '--', 'systemd-nspawn', ...nspawnArguments(place)],
    {
      detached: true,
      stdio: ['ignore', console.fd, console.fd],
      env: {
        PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin',
        SYSTEMD_NSPAWN_API_VFS_WRITABLE: 'network',
        ...(isUnified() ? {} : { SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '0' }),
      },
    },
  );
  child.unref();
  await console.close();
}

async function processesOf(place: HostPlace): Promise<Set<number>> {
  const pids = await processesIn(place.groups);
  const inNamespace = await tryRun('ip', ['netns', 'pids', place.namespace]);
  for (const line of inNamespace.stdout.split('\n').filter(Boolean)) pids.add(Number(line));
  return pids;
}

export async function isRunning(place: HostPlace): Promise<boolean> {
  return (await processesOf(place)).size > 0;
}

/** Power off, the hard way: nothing in the host gets a chance to say good-bye. */
export async function killHost(plan: LabPlan, place: HostPlace): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const pids = await processesOf(place);
    if (pids.size === 0) break;
    if (attempt > 1200) throw new Error(`Cannot end host ${place.name}: ${pids.size} processes stay`);
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended meanwhile.
      }
    }
    await sleep(50);
  }
  await removeHostLink(plan, place.index);
  await removeControlGroups(place.groups);
}

/** Removes a host that does not run, with its disk. */
export async function removeHost(place: HostPlace): Promise<void> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8'))
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '');
  const below = mounts.filter((mount) => mount === place.root || mount.startsWith(`${place.root}/`));
  for (const mount of below.reverse()) await run('umount', ['-l', mount]);
  await rm(place.directory, { recursive: true, force: true });
}
