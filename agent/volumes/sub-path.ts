import { constants } from 'node:fs';
import { chmod, lstat, mkdir, open, readlink, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Mounts } from '../host/mounts.ts';

/** Node has no name for O_PATH: a handle that only names a file, of any type. */
const openPath = 0o10000000;
const linksMax = 40;

/**
 * Opens `subPath` below `root`, made as a folder where it is missing. Every step is taken from the folder that is already open,
 * and links are followed by hand, so that nothing a container does meanwhile (swap a folder for a link to /) leads outside:
 * a link that would leave `root` is refused.
 */
export async function openInside(root: string, subPath: string): Promise<FileHandle> {
  const todo = partsOf(subPath);
  const opened: FileHandle[] = [await open(root, openPath)];
  // Who may use the volume may use its folders.
  const mode = (await (opened[0] as FileHandle).stat()).mode & 0o7777;
  let links = 0;
  try {
    for (let part = todo.shift(); part !== undefined; part = todo.shift()) {
      const parent = opened[opened.length - 1] as FileHandle;
      if (part === '..') {
        if (opened.length === 1) throw new Error(`subPath ${JSON.stringify(subPath)} leaves its volume`);
        await opened.pop()?.close();
        continue;
      }
      const next = await openPart(parent, part, mode);
      if (!(await next.stat()).isSymbolicLink()) {
        opened.push(next);
        continue;
      }
      await next.close();
      const target = await readlink(`${handlePath(parent)}/${part}`);
      links += 1;
      if (target.startsWith('/') || links > linksMax) {
        throw new Error(`subPath ${JSON.stringify(subPath)} leads through a link that leaves its volume`);
      }
      todo.unshift(...target.split('/').filter((each) => each !== '' && each !== '.'));
    }
    return opened.pop() as FileHandle;
  } finally {
    for (const each of opened) await each.close();
  }
}

function partsOf(subPath: string): string[] {
  const parts = subPath.split('/').filter((part) => part !== '' && part !== '.');
  if (subPath.startsWith('/') || parts.includes('..')) {
    throw new Error(`subPath ${JSON.stringify(subPath)} must be relative and must not contain '..'`);
  }
  return parts;
}

async function openPart(parent: FileHandle, part: string, mode: number): Promise<FileHandle> {
  const path = `${handlePath(parent)}/${part}`;
  try {
    return await open(path, openPath | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  try {
    await mkdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return await open(path, openPath | constants.O_NOFOLLOW);
  }
  const made = await open(path, openPath | constants.O_NOFOLLOW);
  if ((await made.stat()).isDirectory()) await chmod(handlePath(made), mode);
  return made;
}

/** A path to the open file itself, whatever its name leads to by now; good for other processes too. */
function handlePath(handle: FileHandle): string {
  return `/proc/${process.pid}/fd/${handle.fd}`;
}

/** Mounts what `subPath` below `root` is now at `target`, for a container to mount in turn. May be repeated. */
export async function bindSubPath(
  mounts: Mounts,
  root: string,
  subPath: string,
  target: string,
): Promise<void> {
  const handle = await openInside(root, subPath);
  try {
    const isFolder = (await handle.stat()).isDirectory();
    await mkdir(dirname(target), { recursive: true });
    if (isFolder) await mkdir(target, { recursive: true });
    else if ((await lstat(target).catch(() => undefined)) === undefined)
      await writeFile(target, '', { flag: 'wx' });
    await mounts.bind(handlePath(handle), target);
  } finally {
    await handle.close();
  }
}
