import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import type { LabPlan } from './options.ts';
import { run, tryRun } from './programs.ts';

/** What the lab changed of the machine's own settings, to be put back when the last lab goes. */
const settingsDirectory = '/run/flotilla-lab/settings';
const settings = [
  { file: '/proc/sys/net/ipv4/ip_forward', enough: 1, value: '1' },
  { file: '/proc/sys/fs/inotify/max_user_instances', enough: 8192, value: '8192' },
] as const;

export function bridgeOf(name: string): string {
  return `fl-${name}`;
}

interface Rule {
  readonly table: string;
  readonly chain: string;
  readonly match: readonly string[];
}

/** Traffic of the hosts passes the machine's firewall, and leaves it under the machine's address. */
function rulesOf(plan: LabPlan): Rule[] {
  const bridge = bridgeOf(plan.name);
  const comment = ['-m', 'comment', '--comment', `flotilla-lab:${plan.name}`];
  return [
    { table: 'filter', chain: 'FORWARD', match: ['-i', bridge, ...comment, '-j', 'ACCEPT'] },
    { table: 'filter', chain: 'FORWARD', match: ['-o', bridge, ...comment, '-j', 'ACCEPT'] },
    {
      table: 'nat',
      chain: 'POSTROUTING',
      match: ['-s', `${plan.subnet}.0/24`, '!', '-o', bridge, ...comment, '-j', 'MASQUERADE'],
    },
  ];
}

async function raiseSettings(): Promise<void> {
  await mkdir(settingsDirectory, { recursive: true });
  for (const { file, enough, value } of settings) {
    const now = (await readFile(file, 'utf8')).trim();
    if (Number(now) >= enough) continue;
    await writeFile(`${settingsDirectory}/${file.replaceAll('/', '+')}`, now);
    await writeFile(file, value);
  }
}

async function restoreSettings(): Promise<void> {
  const links = await readdir('/sys/class/net');
  if (links.some((link) => link.startsWith('fl-'))) return;
  for (const { file } of settings) {
    const kept = `${settingsDirectory}/${file.replaceAll('/', '+')}`;
    if (existsSync(kept)) await writeFile(file, await readFile(kept, 'utf8')).catch(() => undefined);
    await rm(kept, { force: true });
  }
}

async function assertFree(plan: LabPlan): Promise<void> {
  const addresses = await run('ip', ['-br', '-4', 'address']);
  const taken = addresses.split('\n').find((line) => line.includes(` ${plan.subnet}.`));
  if (taken !== undefined)
    throw new Error(
      `Cannot use subnet ${plan.subnet}.0/24: ${taken.split(/\s+/)[0] ?? ''} has it; choose another with --subnet`,
    );
}

/** The bridge, its address, and the rules that lead out. Does nothing when they are there. */
export async function createNetwork(plan: LabPlan): Promise<void> {
  const bridge = bridgeOf(plan.name);
  await raiseSettings();
  if (!existsSync(`/sys/class/net/${bridge}`)) {
    await assertFree(plan);
    await run('ip', ['link', 'add', bridge, 'type', 'bridge']);
  }
  await tryRun('ip', ['address', 'add', `${plan.subnet}.1/24`, 'dev', bridge]);
  await run('ip', ['link', 'set', bridge, 'up']);
  for (const { table, chain, match } of rulesOf(plan)) {
    const there = await tryRun('iptables', ['-w', '-t', table, '-C', chain, ...match]);
    if (there.code !== 0) await run('iptables', ['-w', '-t', table, '-I', chain, ...match]);
  }
}

export async function removeNetwork(plan: LabPlan): Promise<void> {
  for (const { table, chain, match } of rulesOf(plan))
    while ((await tryRun('iptables', ['-w', '-t', table, '-D', chain, ...match])).code === 0);
  await tryRun('ip', ['link', 'delete', bridgeOf(plan.name)]);
  await restoreSettings();
}

export interface HostLink {
  readonly namespace: string;
  /** The machine's end of the cable. */
  readonly link: string;
  readonly address: string;
  readonly mac: string;
}

export function hostLink(plan: LabPlan, index: number): HostLink {
  const hex = [...plan.subnet.split('.'), String(10 + index)].map((part) =>
    Number(part).toString(16).padStart(2, '0'),
  );
  return {
    namespace: `flotilla-${plan.name}-${index}`,
    link: `fl${plan.name}${index}`,
    address: `${plan.subnet}.${10 + index}`,
    mac: `02:4c:${hex.join(':')}`,
  };
}

/** A network namespace with one cable to the bridge. What was there under the name is replaced. */
export async function createHostLink(plan: LabPlan, index: number): Promise<void> {
  const { namespace, link, address, mac } = hostLink(plan, index);
  await removeHostLink(plan, index);
  await run('ip', ['netns', 'add', namespace]);
  const peer = ['peer', 'name', 'eth0', 'address', mac, 'netns', namespace];
  await run('ip', ['link', 'add', link, 'type', 'veth', ...peer]);
  await run('ip', ['link', 'set', link, 'master', bridgeOf(plan.name), 'up']);
  // Docker sets the FORWARD policy to DROP, as on users' hosts, only where it finds forwarding off.
  const script = [
    'link set lo up',
    `address add ${address}/24 dev eth0`,
    'link set eth0 up',
    `route add default via ${plan.subnet}.1`,
  ];
  await run('ip', ['-n', namespace, '-batch', '-'], { input: `${script.join('\n')}\n` });
  await run('nsenter', [`--net=/run/netns/${namespace}`, 'sysctl', '-q', '-w', 'net.ipv4.ip_forward=0']);
}

export async function removeHostLink(plan: LabPlan, index: number): Promise<void> {
  const { namespace, link } = hostLink(plan, index);
  await tryRun('ip', ['link', 'delete', link]);
  await tryRun('ip', ['netns', 'delete', namespace]);
}
