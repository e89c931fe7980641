import { statfs } from 'node:fs/promises';
import { hostname, release } from 'node:os';
import { arch } from 'node:process';
import type { Host } from './host.ts';

/** What does not change while the host is up. */
export interface Machine {
  readonly hostname: string;
  /** Go's name: amd64, arm64, arm. */
  readonly architecture: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly swapBytes: number;
  readonly kernelVersion: string;
  readonly osImage: string;
  readonly bootId: string;
  readonly machineId: string;
  readonly systemUuid: string;
}

export interface MachineLoad {
  readonly memoryAvailableBytes: number;
  readonly diskBytes: number;
  readonly diskAvailableBytes: number;
  readonly inodes: number;
  readonly inodesFree: number;
  /** Jiffies of all processors that were not idle, and the seconds that one counts for. */
  readonly cpuBusySeconds: number;
}

const goArchitecture: Readonly<Record<string, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  arm: 'arm',
  ia32: '386',
};

export async function readMachine(host: Host): Promise<Machine> {
  const [memory, cpus, release_, bootId, machineId, uuid] = await Promise.all([
    host.readFile('/proc/meminfo'),
    host.readFile('/proc/cpuinfo'),
    host.readFile('/etc/os-release'),
    host.readFile('/proc/sys/kernel/random/boot_id'),
    host.readFile('/etc/machine-id'),
    host.readFile('/sys/class/dmi/id/product_uuid').catch(() => undefined),
  ]);
  const machine = (machineId ?? '').trim();
  return {
    hostname: hostname(),
    architecture: goArchitecture[arch] ?? arch,
    cpus: Math.max(1, countCpus(cpus ?? '')),
    memoryBytes: memInfoBytes(memory ?? '', 'MemTotal'),
    swapBytes: memInfoBytes(memory ?? '', 'SwapTotal'),
    kernelVersion: release(),
    osImage: prettyName(release_ ?? '') ?? 'Linux',
    bootId: (bootId ?? '').trim(),
    machineId: machine,
    systemUuid: (uuid ?? '').trim() === '' ? machine : (uuid ?? '').trim(),
  };
}

export async function readLoad(host: Host, path: string): Promise<MachineLoad> {
  const [memory, stat, disk] = await Promise.all([
    host.readFile('/proc/meminfo'),
    host.readFile('/proc/stat'),
    statfs(path),
  ]);
  return {
    memoryAvailableBytes: memInfoBytes(memory ?? '', 'MemAvailable'),
    diskBytes: disk.blocks * disk.bsize,
    diskAvailableBytes: disk.bavail * disk.bsize,
    inodes: disk.files,
    inodesFree: disk.ffree,
    cpuBusySeconds: busySeconds(stat ?? ''),
  };
}

/** "MemTotal:       24583036 kB" in bytes; 0 where the field is missing. */
export function memInfoBytes(text: string, field: string): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text);
  return found === null ? 0 : Number(found[1]) * 1024;
}

export function countCpus(cpuInfo: string): number {
  return cpuInfo.match(/^processor\s*:/gm)?.length ?? 0;
}

export function prettyName(osRelease: string): string | undefined {
  return /^PRETTY_NAME="?([^"\n]+)"?$/m.exec(osRelease)?.[1];
}

/** user, nice, system, irq, softirq and steal of the line "cpu"; the kernel counts in hundredths. */
export function busySeconds(stat: string): number {
  const fields = /^cpu\s+(.*)$/m.exec(stat)?.[1]?.split(/\s+/).map(Number) ?? [];
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fields;
  return (user + nice + system + irq + softirq + steal) / 100;
}

/** The source address of the default route: what other hosts most likely reach this one by. Undefined without a route. */
export async function defaultSourceAddress(host: Host): Promise<string | undefined> {
  const { code, stdout } = await host.run('ip', ['-4', 'route', 'get', '1.1.1.1'], { allowFailure: true });
  return code === 0 ? / src (\S+)/.exec(stdout)?.[1] : undefined;
}
