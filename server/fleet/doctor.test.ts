import { describe, expect, it } from '@jest/globals';
import { assertFit, examine, systemOf, usableNode } from './doctor.ts';
import type { Probe } from './probe.ts';

const nowMs = Date.UTC(2026, 0, 1);
const fine: Probe = {
  osId: 'debian',
  osLike: '',
  osName: 'Debian GNU/Linux 12 (bookworm)',
  system: 'Linux',
  machine: 'x86_64',
  kernel: '6.1.0',
  cgroup: 'v2',
  init: 'systemd',
  docker: '20.10.24',
  dockerError: '',
  containerd: '',
  podman: '',
  nodePath: '/usr/bin/node',
  nodeVersion: 'v20.19.0',
  pushedNode: '',
  iptables: 'iptables v1.8.9 (nf_tables)',
  missing: [],
  diskFreeBytes: 50e9,
  glibc: '2.36',
  uid: 0,
  clock: nowMs / 1000,
  address: '10.0.0.1',
  bundleSha256: '',
  configSha256: '',
  unitSha256: '',
  unitState: 'inactive',
  stamp: '',
};

describe('examine()', () => {
  it('finds nothing wrong with a good host', () => {
    expect(assertFit(examine(fine, '', nowMs))).toEqual([]);
  });

  const bare = { ...fine, docker: '', missing: ['iptables', 'iptables-save', 'iptables-restore'] };
  const fedora = { ...bare, osId: 'fedora', osName: 'Fedora Linux 41', missing: [] };
  const cases: readonly { name: string; probe: Probe; install?: string; reason: string; says: string }[] = [
    {
      name: 'another system',
      probe: { ...fine, system: 'FreeBSD' },
      reason: 'UnsupportedSystem',
      says: 'FreeBSD',
    },
    {
      name: 'another processor',
      probe: { ...fine, machine: 'riscv64' },
      reason: 'UnsupportedSystem',
      says: 'riscv64',
    },
    { name: 'another init', probe: { ...fine, init: 'runit' }, reason: 'UnsupportedSystem', says: 'systemd' },
    { name: 'a full disk', probe: { ...fine, diskFreeBytes: 1e6 }, reason: 'DiskFull', says: 'Make room' },
    { name: 'no runtime', probe: bare, reason: 'RuntimeMissing', says: '--install-runtime docker' },
    {
      name: 'no runtime but containerd',
      probe: { ...bare, containerd: 'containerd 1.6' },
      reason: 'RuntimeMissing',
      says: 'containerd',
    },
    {
      name: 'a runtime that cannot be installed yet',
      probe: bare,
      install: 'containerd',
      reason: 'RuntimeUnsupported',
      says: 'spec.runtime.install',
    },
    {
      name: 'a distribution without an installer',
      probe: fedora,
      install: 'docker',
      reason: 'UnsupportedSystem',
      says: 'Fedora Linux 41',
    },
    {
      name: 'a Docker that does not answer',
      probe: { ...fine, docker: '', dockerError: 'no daemon' },
      reason: 'RuntimeNotRunning',
      says: 'systemctl start docker',
    },
    {
      name: 'missing programs',
      probe: { ...fine, missing: ['iptables'] },
      reason: 'MissingProgram',
      says: 'apt-get install iptables',
    },
  ];
  for (const { name, probe, install = '', reason, says } of cases)
    it(`stops at ${name}, and says what to do`, () => {
      const wanted = expect.objectContaining({
        reason,
        message: expect.stringContaining(says) as unknown,
      }) as unknown as Error;
      expect(() => assertFit(examine(probe, install, nowMs))).toThrow(wanted);
    });

  it('lets a bare Debian through when Docker is to be installed', () => {
    expect(assertFit(examine(bare, 'docker', nowMs))).toEqual([]);
  });
  it('warns of a clock that is off and of a disk that is nearly full', () => {
    const warnings = assertFit(
      examine({ ...fine, clock: nowMs / 1000 - 100, diskFreeBytes: 1e9 }, '', nowMs),
    );
    expect(warnings.join()).toMatch(/Only 953 MiB.*100 s behind/);
  });
});

describe('usableNode()', () => {
  const cases = [
    { name: "the host's own", probe: fine, want: '/usr/bin/node' },
    {
      name: 'the pushed one first',
      probe: { ...fine, pushedNode: 'v20.20.2' },
      want: '/var/lib/flotilla/node/bin/node',
    },
    { name: 'none that is too old', probe: { ...fine, nodeVersion: 'v18.19.0' }, want: undefined },
    {
      name: 'none with a path that a unit file could misread',
      probe: { ...fine, nodePath: '/opt/my node/%n' },
      want: undefined,
    },
  ];
  for (const { name, probe, want } of cases)
    it(`takes ${name}`, () => {
      expect(usableNode(probe)?.path).toBe(want);
    });
});

describe('systemOf()', () => {
  it('names processors as Kubernetes does', () => {
    expect(systemOf({ ...fine, machine: 'aarch64' })).toMatchObject({
      arch: 'arm64',
      runtime: 'docker 20.10.24',
    });
  });
});
