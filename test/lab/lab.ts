import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fleetText, knownHostsText, sshConfigText } from './files.ts';
import { bootHost, hostPlace, isRunning, killHost, removeHost, type HostPlace } from './host.ts';
import { withLock } from './lock.ts';
import { bridgeOf, createNetwork, removeNetwork } from './network.ts';
import { directoryOf, planOf, type LabOptions, type LabPlan } from './options.ts';
import { installLabPackages, labObstacle } from './platform.ts';
import { run, tryRun, type RunOptions, type RunResult } from './programs.ts';
import { rootFileSystem } from './root-file-system.ts';

/** One host of a running lab. */
export interface LabHost {
  readonly index: number;
  /** Host name, and the name in fleet.yaml. */
  readonly name: string;
  readonly address: string;
  /** The host's file system as the machine sees it. */
  readonly root: string;
  /** "SHA256:…" of its ed25519 key. */
  readonly hostKey: string;
  /** Runs a command line in the host's shell as root, by ssh. */
  exec(commandLine: string, options?: RunOptions): Promise<RunResult>;
  /** As exec, but rejects when the command fails; resolves to what it printed. */
  mustExec(commandLine: string, options?: RunOptions): Promise<string>;
  /** Copies a file of this machine into the host. */
  push(file: string, to: string, mode?: string): Promise<void>;
  /** Pulls the plug: every process dies at once. */
  powerOff(): Promise<void>;
  /** Boots from the disk as it was left; resolves when sshd answers. */
  powerOn(): Promise<void>;
  /** Takes the cable out, and puts it back. */
  disconnect(): Promise<void>;
  reconnect(): Promise<void>;
  /** Makes the host's disk as new. Resolves when sshd answers. */
  reset(): Promise<void>;
}

export interface Lab {
  readonly plan: LabPlan;
  readonly gateway: string;
  readonly keyFile: string;
  readonly knownHostsFile: string;
  readonly sshConfigFile: string;
  readonly fleetFile: string;
  readonly hosts: readonly LabHost[];
  /** From 1. */
  host(index: number): LabHost;
  down(): Promise<void>;
}

/** A reason why no lab can be here, for people: one line. */
export class LabRefusal extends Error {
  override readonly name = 'LabRefusal';
}

function silent(): void {
  // Whoever asks for no progress gets none.
}

async function readPlan(directory: string): Promise<Partial<LabPlan>> {
  const text = await readFile(`${directory}/lab.json`, 'utf8').catch(() => '{}');
  return JSON.parse(text) as Partial<LabPlan>;
}

function lockOf(plan: LabPlan): string {
  return `/run/flotilla-lab/${plan.name}.lock`;
}

async function createKeys(plan: LabPlan): Promise<void> {
  const file = `${plan.directory}/id_ed25519`;
  if (existsSync(file)) return;
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', `flotilla-lab-${plan.name}`, '-f', file]);
}

function sshArguments(plan: LabPlan, place: HostPlace): string[] {
  return ['-F', `${plan.directory}/ssh_config`, '-o', 'BatchMode=yes', place.name];
}

async function waitForSsh(plan: LabPlan, place: HostPlace): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const answer = await tryRun('ssh', [...sshArguments(plan, place), 'true'], { timeoutMs: 20_000 });
    if (answer.code === 0) return;
    if (attempt >= 1000)
      throw new Error(
        `Cannot reach ${place.name} by ssh: ${answer.stderr.trim()}; its console is in ${place.directory}/console.log`,
      );
    await sleep(100);
  }
}

/** Docker hosts are ready when the engine answers. */
async function waitForDocker(plan: LabPlan, place: HostPlace): Promise<void> {
  if (plan.runtime !== 'docker') return;
  const script = 'for i in $(seq 1200); do docker version >/dev/null 2>&1 && exit 0; sleep 0.1; done; exit 1';
  const answer = await tryRun('ssh', [...sshArguments(plan, place), script], { timeoutMs: 240_000 });
  if (answer.code !== 0)
    throw new Error(`Cannot reach Docker on ${place.name}: see journalctl -u docker there`);
}

function labHost(plan: LabPlan, place: HostPlace, tree: string, hostKey: string): LabHost {
  const { index, name, address, root } = place;
  function exec(commandLine: string, options?: RunOptions): Promise<RunResult> {
    return tryRun('ssh', [...sshArguments(plan, place), commandLine], options);
  }
  async function mustExec(commandLine: string, options?: RunOptions): Promise<string> {
    const { code, stdout, stderr } = await exec(commandLine, options);
    if (code !== 0)
      throw new Error(
        `Cannot run "${commandLine}" on ${name}: exit code ${code}: ${stderr === '' ? stdout : stderr}`,
      );
    return stdout;
  }
  function powerOff(): Promise<void> {
    return killHost(plan, place);
  }
  async function powerOn(): Promise<void> {
    if (!(await isRunning(place))) await bootHost(plan, place, tree);
    await waitForSsh(plan, place);
  }
  return {
    index,
    name,
    address,
    root,
    hostKey,
    exec,
    mustExec,
    powerOff,
    powerOn,
    async push(file, to, mode = '0644') {
      await run('install', ['-D', '-m', mode, file, `${root}/tmp/.pushed`]);
      await mustExec(`mkdir -p "$(dirname '${to}')" && mv /tmp/.pushed '${to}'`);
    },
    async disconnect() {
      await run('ip', ['link', 'set', place.link, 'down']);
    },
    async reconnect() {
      await run('ip', ['link', 'set', place.link, 'up']);
    },
    async reset() {
      const keys = await readHostKeys(place);
      await powerOff();
      await removeHost(place);
      await restoreHostKeys(place, keys);
      await powerOn();
    },
  };
}

/** A reset host keeps its identity, so that known_hosts and fleet.yaml stay true. */
async function readHostKeys(place: HostPlace): Promise<Map<string, string>> {
  const directory = `${place.directory}/upper/etc/ssh`;
  const names = (await readdir(directory)).filter((name) => name.startsWith('ssh_host_'));
  return new Map(
    await Promise.all(
      names.map(async (name) => [name, await readFile(`${directory}/${name}`, 'utf8')] as const),
    ),
  );
}

async function restoreHostKeys(place: HostPlace, keys: ReadonlyMap<string, string>): Promise<void> {
  const directory = `${place.directory}/upper/etc/ssh`;
  await mkdir(directory, { recursive: true });
  for (const [name, text] of keys)
    await writeFile(`${directory}/${name}`, text, { mode: name.endsWith('.pub') ? 0o644 : 0o600 });
}

async function publicKeyOf(place: HostPlace): Promise<string> {
  return (await readFile(`${place.directory}/upper/etc/ssh/ssh_host_ed25519_key.pub`, 'utf8')).trim();
}

async function fingerprintOf(place: HostPlace): Promise<string> {
  const line = await run('ssh-keygen', [
    '-l',
    '-f',
    `${place.directory}/upper/etc/ssh/ssh_host_ed25519_key.pub`,
  ]);
  return line.split(' ')[1] ?? '';
}

async function writeFiles(plan: LabPlan, places: readonly HostPlace[]): Promise<void> {
  const keys = await Promise.all(places.map(publicKeyOf));
  const fingerprints = await Promise.all(places.map(fingerprintOf));
  await writeFile(`${plan.directory}/known_hosts`, knownHostsText(places, keys));
  await writeFile(`${plan.directory}/ssh_config`, sshConfigText(plan, places));
  await writeFile(`${plan.directory}/fleet.yaml`, fleetText(plan, places, fingerprints));
  await writeFile(`${plan.directory}/lab.json`, `${JSON.stringify(plan, undefined, 2)}\n`);
}

async function bringUp(plan: LabPlan, progress: (line: string) => void): Promise<Lab> {
  await installLabPackages(progress);
  const tree = await rootFileSystem(plan.cache, plan.runtime, progress);
  await mkdir(plan.directory, { recursive: true });
  await chmod(plan.directory, 0o755);
  await createKeys(plan);
  await createNetwork(plan);
  const places = placesOf(plan);
  for (const place of (await placesOnDisk(plan)).filter(({ index }) => index > plan.hosts)) {
    progress(`${place.name}: removing`);
    await killHost(plan, place);
    await removeHost(place);
  }
  const running = await Promise.all(places.map(isRunning));
  const asleep = places.filter((_, at) => running[at] !== true);
  for (const place of places) await tryRun('ip', ['link', 'set', place.link, 'up']);
  for (const place of asleep) {
    progress(`${place.name}: booting at ${place.address}`);
    await bootHost(plan, place, tree);
  }
  await writeFiles(plan, places);
  await Promise.all(
    places.map(async (place) => {
      await waitForSsh(plan, place);
      await waitForDocker(plan, place);
      progress(`${place.name}: ready${asleep.includes(place) ? '' : ' (was running)'}`);
    }),
  );
  return labOf(plan, await labHosts(plan, tree, places));
}

async function placesOnDisk(plan: LabPlan): Promise<HostPlace[]> {
  const numbers = await readdir(`${plan.directory}/hosts`).catch(() => []);
  return numbers.map((number) => hostPlace(plan, Number(number)));
}

function placesOf(plan: LabPlan): HostPlace[] {
  return Array.from({ length: plan.hosts }, (_, at) => hostPlace(plan, at + 1));
}

async function labHosts(plan: LabPlan, tree: string, places: readonly HostPlace[]): Promise<LabHost[]> {
  return Promise.all(places.map(async (place) => labHost(plan, place, tree, await fingerprintOf(place))));
}

function labOf(plan: LabPlan, hosts: readonly LabHost[]): Lab {
  return {
    plan,
    hosts,
    gateway: `${plan.subnet}.1`,
    keyFile: `${plan.directory}/id_ed25519`,
    knownHostsFile: `${plan.directory}/known_hosts`,
    sshConfigFile: `${plan.directory}/ssh_config`,
    fleetFile: `${plan.directory}/fleet.yaml`,
    host(index) {
      const host = hosts[index - 1];
      if (host === undefined) throw new RangeError(`Cannot find host ${index}: the lab has ${hosts.length}`);
      return host;
    },
    down: () => labDown({ name: plan.name, directory: plan.directory }),
  };
}

/**
 * Brings up hosts on this machine, or takes up those that are there: also after a reboot of the machine or a kill of the
 * process that made them. Rejects with LabRefusal where no lab can be.
 */
export async function labUp(options: LabOptions = {}): Promise<Lab> {
  const obstacle = await labObstacle();
  if (obstacle !== undefined) throw new LabRefusal(obstacle);
  const first = planOf(options);
  const plan = planOf(options, await readPlan(first.directory));
  return withLock(lockOf(plan), () => bringUp(plan, options.progress ?? silent));
}

/** The lab as it is: nothing is booted. Rejects when there is none of this name. */
export async function labOpen(options: LabOptions = {}): Promise<Lab> {
  const obstacle = await labObstacle();
  if (obstacle !== undefined) throw new LabRefusal(obstacle);
  const first = planOf(options);
  const known = await readPlan(first.directory);
  if (known.name === undefined) throw new LabRefusal(`there is no lab "${first.name}": make it with up`);
  const plan = planOf(options, known);
  const tree = await rootFileSystem(plan.cache, plan.runtime, silent);
  return labOf(plan, await labHosts(plan, tree, placesOf(plan)));
}

/** Removes everything that labUp made, but the cache of root file systems. Does nothing when there is no such lab. */
export async function labDown(options: LabOptions = {}): Promise<void> {
  const obstacle = await labObstacle();
  if (obstacle !== undefined) throw new LabRefusal(obstacle);
  const first = planOf(options);
  const plan = planOf(options, await readPlan(first.directory));
  const progress = options.progress ?? silent;
  await withLock(lockOf(plan), async () => {
    for (const place of await placesOnDisk(plan)) {
      progress(`${place.name}: removing`);
      await killHost(plan, place);
      await removeHost(place);
    }
    await removeNetwork(plan);
    await rm(plan.directory, { recursive: true, force: true });
  });
}

export interface LabSummary {
  readonly name: string;
  readonly directory: string;
  readonly bridge: string;
  readonly hosts: number;
}

/** The labs of this machine that stand in the default place. */
export async function labList(): Promise<LabSummary[]> {
  const names = await readdir(directoryOf('').slice(0, -1)).catch(() => []);
  const plans = await Promise.all(names.map((name) => readPlan(directoryOf(name))));
  return plans.flatMap(({ name, directory, hosts }) =>
    name === undefined || directory === undefined || hosts === undefined
      ? []
      : [{ name, directory, hosts, bridge: bridgeOf(name) }],
  );
}
