import { mkdir, open, stat } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import type { VolumePlugin } from './plugin.ts';

interface Check {
  readonly what: string;
  readonly is: (info: Stats) => boolean;
}

const checks: Readonly<Record<string, Check>> = {
  Directory: { what: 'a directory', is: (info) => info.isDirectory() },
  File: { what: 'a file', is: (info) => info.isFile() },
  Socket: { what: 'a socket file', is: (info) => info.isSocket() },
  CharDevice: { what: 'a character device', is: (info) => info.isCharacterDevice() },
  BlockDevice: { what: 'a block device', is: (info) => info.isBlockDevice() },
};

/** A file or folder of the node itself. */
export const hostPath = {
  name: 'kubernetes.io/host-path',
  readOnly: false,
  refreshes: false,
  takesGroup: false,
  matches: (volume) => volume.hostPath !== undefined,
  async setUp({ volume }) {
    const { path = '', type = '' } = volume.hostPath ?? {};
    if (!path.startsWith('/') || path.split('/').includes('..')) {
      throw new Error(`path ${JSON.stringify(path)} must be absolute and must not contain '..'`);
    }
    if (type === '' || type === 'DirectoryOrCreate') await makeFolder(path, type === '');
    if (type === 'FileOrCreate') await makeFile(path);
    const check = checks[type.replace('OrCreate', '')];
    if (check === undefined && type !== '')
      throw new Error(`hostPath type check failed: unknown type ${type}`);
    if (check !== undefined) await verify(path, check);
    return path;
  },
} satisfies VolumePlugin;

async function makeFolder(path: string, anything: boolean): Promise<void> {
  if (anything && (await stat(path).catch(() => undefined)) !== undefined) return;
  await mkdir(path, { recursive: true, mode: 0o755 }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
}

async function makeFile(path: string): Promise<void> {
  if ((await stat(path).catch(() => undefined)) !== undefined) return;
  const file = await open(path, 'a', 0o644);
  await file.close();
}

async function verify(path: string, check: Check): Promise<void> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined || !check.is(info))
    throw new Error(`hostPath type check failed: ${path} is not ${check.what}`);
}
