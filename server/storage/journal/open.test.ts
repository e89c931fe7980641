import { afterAll, describe, expect, it } from '@jest/globals';
import { readdir, rename, stat, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { systemClock } from '../../../openapi/machinery/clock.ts';
import { silentLogger } from '../../../openapi/machinery/log.ts';
import { temporaryDirectory } from '../../../test/fixtures/temporary-directory.ts';
import { describeStorage } from '../../../test/suites/storage.ts';
import type { JsonStore } from './json-store.ts';
import { openJsonStore, type JsonStoreOptions } from './open.ts';

const removals: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const remove of removals) await remove();
});

async function directory(): Promise<string> {
  const { path, remove } = await temporaryDirectory('store');
  removals.push(remove);
  return path;
}

function open(path: string, options: Partial<JsonStoreOptions> = {}): Promise<JsonStore> {
  return openJsonStore({
    directory: path,
    clock: systemClock,
    log: silentLogger,
    segmentBytes: 1024 * 1024,
    ...options,
  });
}

describeStorage('the JSON store', async () => open(await directory(), { segmentBytes: 4 * 1024 * 1024 }));

describe('openJsonStore()', () => {
  it('keeps its directory and files from others', async () => {
    const path = `${await directory()}/a/b`;
    const store = await open(path);
    await store.create('/r/a', () => Buffer.from('1'));
    await store.snapshot();
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    const names = await readdir(path);
    expect(names.length).toBeGreaterThan(3);
    for (const name of names.filter((name) => name !== 'lock.sock')) {
      expect([name, (await stat(`${path}/${name}`)).mode & 0o777]).toEqual([name, 0o600]);
    }
    await store.close();
  });

  it('refuses a directory that is open, whatever path leads to it, and opens it when it is closed', async () => {
    const path = await directory();
    const store = await open(path);
    const link = `${await directory()}/link`;
    await symlink(path, link);
    for (const other of [path, `${path}/../${path.split('/').at(-1) ?? ''}`, link]) {
      await expect(open(other)).rejects.toMatchObject({
        name: 'StoreLockedError',
        message: expect.stringContaining(`(process ${process.pid})`) as unknown,
      });
    }
    await store.create('/r/a', () => Buffer.from('unharmed'));
    await store.close();
    const again = await open(path);
    expect(await again.count('')).toBe(1);
    await again.close();
  });

  it('refuses a directory that a process elsewhere holds by its socket', async () => {
    const path = await directory();
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(`${path}/lock.sock`, resolve));
    await expect(open(path)).rejects.toMatchObject({ name: 'StoreLockedError' });
    await new Promise((resolve) => holder.close(resolve));
    await (await open(path)).close();
  });

  it('opens a directory whose path is longer than a socket may have', async () => {
    const path = `${await directory()}/${'long/'.repeat(40)}`;
    await (await open(path)).close();
  });

  it('takes a lock that a dead process left', async () => {
    const path = await directory();
    const dead = createServer();
    await new Promise<void>((resolve) => dead.listen(`${path}/lock.sock`, resolve));
    await rename(`${path}/lock.sock`, `${path}/kept`);
    await new Promise((resolve) => dead.close(resolve));
    await rename(`${path}/kept`, `${path}/lock.sock`);
    await (await open(path)).close();
  });

  it('goes on in the segments of another size, and uses the spare one that was left', async () => {
    const path = await directory();
    for (const segmentBytes of [65_536, 65_536, 131_072, 65_536]) {
      const store = await open(path, { segmentBytes });
      const before = await store.count('');
      for (let i = 0; i < 30; i++) {
        await store.create(`/r/${String(before + i)}`, () => Buffer.alloc(4000, 'x'));
      }
      await store.close();
    }
    const store = await open(path);
    expect(await store.count('')).toBe(120);
    await store.close();
  });

  it('takes, with its own sizes, the largest object that the API takes', async () => {
    const path = await directory();
    let store = await openJsonStore({ directory: path, clock: systemClock, log: silentLogger });
    await store.create('/r/a', () => Buffer.alloc(3 * 1024 * 1024, 'x'));
    await store.close();
    store = await openJsonStore({ directory: path, clock: systemClock, log: silentLogger });
    expect((await store.get('/r/a'))?.value.byteLength).toBe(3 * 1024 * 1024);
    await store.close();
  });

  it('refuses a value that is too large, and nothing else', async () => {
    const store = await open(await directory());
    const { revision } = store;
    await expect(store.create('/r/a', () => Buffer.alloc(200_000))).rejects.toThrow('at most 131072 allowed');
    await store.create('/r/a', () => Buffer.from('1'));
    expect(store.revision).toBe(revision + 1);
    await store.close();
  });
});
