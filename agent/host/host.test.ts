import { describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { busySeconds, countCpus, memInfoBytes, prettyName } from './machine.ts';
import { parseMountInfo } from './mounts.ts';
import { realHost } from './real-host.ts';

describe('realHost.run()', () => {
  it('passes arguments as they are, never through a shell', async () => {
    const { stdout } = await realHost.run('printf', ['%s|', '$(id)', 'a b', ';x']);
    expect(stdout).toBe('$(id)|a b|;x|');
  });
  it('feeds the input', async () => {
    expect((await realHost.run('cat', [], { input: 'given' })).stdout).toBe('given');
  });
  it('rejects with the code and the program’s own words', async () => {
    await expect(realHost.run('ls', ['/no/such/folder'])).rejects.toMatchObject({
      name: 'RunError',
      code: 2,
    });
  });
  it('resolves with the code when failure is allowed', async () => {
    expect((await realHost.run('false', [], { allowFailure: true })).code).toBe(1);
  });
  it('rejects when there is no such program, also when failure is allowed', async () => {
    await expect(realHost.run('no-such-program', [], { allowFailure: true })).rejects.toMatchObject({
      code: -1,
    });
  });
  it('kills what outlives its time', async () => {
    await expect(realHost.run('sleep', ['5'], { timeoutMs: 20 })).rejects.toMatchObject({ code: -1 });
  });
});

describe('realHost.writeFile()', () => {
  it('replaces a link instead of writing through it, with the mode asked for', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'flotilla-host-'));
    try {
      await realHost.writeFile(join(folder, 'target'), 'old', 0o644);
      await symlink(join(folder, 'target'), join(folder, 'link'));
      await realHost.writeFile(join(folder, 'link'), 'new', 0o600);
      expect(await readFile(join(folder, 'target'), 'utf8')).toBe('old');
      expect(await readFile(join(folder, 'link'), 'utf8')).toBe('new');
      expect((await stat(join(folder, 'link'))).mode & 0o777).toBe(0o600);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
  it('reads undefined where there is no file', async () => {
    expect(await realHost.readFile('/no/such/file')).toBeUndefined();
  });
});

describe('readings of /proc', () => {
  it('memInfoBytes() reads kibibytes', () => {
    expect(memInfoBytes('MemTotal:       24583036 kB\nMemFree: 1 kB\n', 'MemTotal')).toBe(24583036 * 1024);
  });
  it('countCpus() counts the processors', () => {
    expect(countCpus('processor\t: 0\nmodel: x\nprocessor\t: 1\n')).toBe(2);
  });
  it('prettyName() reads os-release', () => {
    expect(prettyName('ID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')).toBe(
      'Debian GNU/Linux 12 (bookworm)',
    );
  });
  it('busySeconds() leaves idle and iowait out', () => {
    expect(busySeconds('cpu  100 0 200 9999 999 0 100 0 0 0\ncpu0 1 1 1\n')).toBe(4);
  });
  it('parseMountInfo() reads path and type, with escapes', () => {
    expect(parseMountInfo('36 35 98:0 / /mnt/a\\040b rw shared:1 - tmpfs tmpfs rw,size=1k\n')).toEqual([
      { path: '/mnt/a b', type: 'tmpfs' },
    ]);
  });
});
