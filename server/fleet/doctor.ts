import type { HostSystem } from '../../openapi/generated/types.ts';
import type { Probe } from './probe.ts';
import { HostFailure, type FailureReason } from './ssh/failure.ts';

/** One thing that was looked at. `fails` stops joining, `warns` does not. */
export interface Finding {
  readonly verdict: 'ok' | 'warns' | 'fails';
  readonly reason: FailureReason | 'Fine' | 'ClockSkew' | 'LowDisk';
  /** What is, and what to do when it is not right. */
  readonly message: string;
}

const diskBytesMin = 300 * 1024 ** 2;
const diskBytesLow = 2 * 1024 ** 3;
const clockSkewSecondsMax = 30;
/** Node's oldest version that runs the agent. */
export const nodeMajorMin = 20;

export const architectures: Readonly<Record<string, 'amd64' | 'arm64'>> = {
  x86_64: 'amd64',
  aarch64: 'arm64',
};

function ok(message: string): Finding {
  return { verdict: 'ok', reason: 'Fine', message };
}
function fails(reason: FailureReason, message: string): Finding {
  return { verdict: 'fails', reason, message };
}

function orElse(text: string, other: string): string {
  return text === '' ? other : text;
}

export function usesApt({ osId, osLike }: Pick<Probe, 'osId' | 'osLike'>): boolean {
  return [osId, ...osLike.split(' ')].some((id) => id === 'debian' || id === 'ubuntu');
}

function checkSystem(probe: Probe): Finding {
  if (probe.system !== 'Linux')
    return fails('UnsupportedSystem', `This is ${orElse(probe.system, 'not Linux')}; hosts must be Linux.`);
  if (!Object.hasOwn(architectures, probe.machine))
    return fails('UnsupportedSystem', `Its processor is ${probe.machine}; x86_64 and aarch64 are supported.`);
  if (probe.init !== 'systemd')
    return fails(
      'UnsupportedSystem',
      `Its init is ${orElse(probe.init, 'unknown')}; the agent runs as a systemd unit.`,
    );
  return ok(
    `${orElse(probe.osName, probe.osId)}, kernel ${probe.kernel}, ${probe.machine}, cgroup ${probe.cgroup}`,
  );
}

function checkDisk(probe: Probe): Finding {
  const free = `${Math.floor(probe.diskFreeBytes / 1024 ** 2)} MiB free in /var/lib`;
  if (probe.diskFreeBytes < diskBytesMin)
    return fails(
      'DiskFull',
      `The disk is full: ${free}, 300 MiB are needed. Make room on the host (docker system prune).`,
    );
  if (probe.diskFreeBytes < diskBytesLow)
    return { verdict: 'warns', reason: 'LowDisk', message: `Only ${free}` };
  return ok(free);
}

function checkPrograms(probe: Probe, willInstall: boolean): Finding {
  const missing =
    willInstall && usesApt(probe)
      ? probe.missing.filter((name) => !installable.includes(name))
      : probe.missing;
  if (missing.length === 0) return ok(probe.iptables === '' ? 'Its programs are there' : probe.iptables);
  const how = usesApt(probe)
    ? ' Install them: apt-get install iptables iproute2 util-linux'
    : ' Install them.';
  return fails('MissingProgram', `The host lacks ${missing.join(', ')}.${how}`);
}

/** What comes along when a runtime is installed. */
const installable: readonly string[] = ['ip', 'iptables', 'iptables-restore', 'iptables-save'];

function checkRuntime(probe: Probe, install: string): Finding {
  if (probe.docker !== '') return ok(`Docker ${probe.docker}`);
  if (install === 'containerd')
    return fails('RuntimeUnsupported', 'spec.runtime.install: containerd is not supported yet; "docker" is.');
  if (probe.dockerError !== '')
    return fails(
      'RuntimeNotRunning',
      `Docker is installed but does not answer: ${probe.dockerError}. On the host: systemctl start docker, and journalctl -u docker.`,
    );
  if (install === 'docker')
    return usesApt(probe)
      ? ok('Docker is going to be installed')
      : fails(
          'UnsupportedSystem',
          `Docker cannot be installed on ${orElse(probe.osName, 'this distribution')} by Flotilla yet (Debian and Ubuntu are supported). Install it by hand; the host is taken up by itself then.`,
        );
  const other =
    probe.containerd !== '' || probe.podman !== ''
      ? ' (containerd or Podman alone are not supported yet)'
      : '';
  return fails(
    'RuntimeMissing',
    `There is no Docker on the host${other}. Let Flotilla install it: spec.runtime.install: docker (host add --install-runtime docker), or install it by hand.`,
  );
}

function checkClock(probe: Probe, nowMs: number): Finding {
  const skew = Math.round(probe.clock - nowMs / 1000);
  if (Math.abs(skew) <= clockSkewSecondsMax) return ok('Its clock agrees with the server');
  return {
    verdict: 'warns',
    reason: 'ClockSkew',
    message: `Its clock is ${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} the server's: certificates and leases depend on it. Set it (timedatectl set-ntp true).`,
  };
}

/** Everything that is looked at before a host is touched. */
export function examine(probe: Probe, install: string, nowMs: number): Finding[] {
  return [
    checkSystem(probe),
    checkDisk(probe),
    checkRuntime(probe, install),
    checkPrograms(probe, install === 'docker' && probe.docker === ''),
    checkClock(probe, nowMs),
  ];
}

/** Throws the first finding that stops joining; returns what is worth a warning. */
export function assertFit(findings: readonly Finding[]): string[] {
  const stop = findings.find(({ verdict }) => verdict === 'fails');
  if (
    stop !== undefined &&
    stop.reason !== 'Fine' &&
    stop.reason !== 'ClockSkew' &&
    stop.reason !== 'LowDisk'
  )
    throw new HostFailure(stop.reason, stop.message);
  return findings.filter(({ verdict }) => verdict === 'warns').map(({ message }) => message);
}

/** The part of a Host's status that describes the machine. */
export function systemOf(probe: Probe): HostSystem {
  const node = usableNode(probe)?.version ?? '';
  return {
    os: probe.osName,
    arch: architectures[probe.machine] ?? probe.machine,
    kernel: probe.kernel,
    cgroup: probe.cgroup,
    runtime: probe.docker === '' ? '' : `docker ${probe.docker}`,
    node,
    iptables: probe.iptables,
  };
}

/** The Node.js to run the agent with: the pushed one, else the host's own when it is new enough and its path is plain. */
export function usableNode(probe: Probe): { readonly path: string; readonly version: string } | undefined {
  const candidates = [
    { path: '/var/lib/flotilla/node/bin/node', version: probe.pushedNode },
    { path: probe.nodePath, version: probe.nodeVersion },
  ];
  return candidates.find(
    ({ path, version }) =>
      Number(/^v(\d+)\./.exec(version)?.[1] ?? 0) >= nodeMajorMin && /^\/[A-Za-z0-9._/+-]+$/.test(path),
  );
}
