import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openKeyStore } from './key-store.ts';

const now = (): number => Date.UTC(2026, 10, 21);
const request = { commonName: 'flotilla', names: ['localhost'], usage: 'server' as const, days: 90 };

describe('openKeyStore()', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flotilla-keys-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('gives the same keys at the next start', async () => {
    const first = await openKeyStore(directory, now);
    const certificate = await first.keep('server', request);
    const second = await openKeyStore(directory, now);
    expect(second.authority).toEqual(first.authority);
    expect(second.clusterId).toBe(first.clusterId);
    expect(await second.keep('server', request)).toEqual(certificate);
  });

  it('makes a certificate anew when it must answer for one name more', async () => {
    const keys = await openKeyStore(directory, now);
    const before = await keys.keep('server', request);
    const after = await keys.keep('server', { ...request, names: ['localhost', '10.0.0.1'] });
    expect(after.certificate).not.toBe(before.certificate);
  });

  it('lets nobody else read a file', async () => {
    await (await openKeyStore(directory, now)).keep('server', request);
    const modes = await Promise.all(
      (await readdir(directory)).map(async (name) => (await stat(join(directory, name))).mode & 0o777),
    );
    expect(new Set(modes)).toEqual(new Set([0o600]));
  });

  it('refuses a key that cannot be read, and replaces nothing', async () => {
    await openKeyStore(directory, now);
    await writeFile(join(directory, 'service-account.key'), 'junk');
    await expect(openKeyStore(directory, now)).rejects.toThrow();
  });
});
