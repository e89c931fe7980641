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
  const walk = await Walk.begin(root, subPath);
  try {
    for (let part = todo.shift(); part !== undefined; part = todo.shift()) {
      if (part === '..') await walk.leave();
      else todo.unshift(...(await walk.enter(part)));
    }
    return walk.take();
  } finally {
    await walk.close();
  }
}

/** Where we are: the folders that are open, from the volume's root on. */
class Walk {
  readonly #above: FileHandle[] = [];
  readonly #subPath: string;
  /** Of the root: who may use the volume may use the folders that are made in it. */
  readonly #mode: number;
  #here: FileHandle;
  #links = 0;
  #taken = false;

  constructor(root: FileHandle, mode: number, subPath: string) {
    this.#here = root;
    this.#mode = mode;
    this.#subPath = subPath;
  }

  static async begin(root: string, subPath: string): Promise<Walk> {
    const handle = await open(root, openPath);
    const { mode } = await closeIfFails(handle, handle.stat());
    return new Walk(handle, mode & 0o7777, subPath);
  }

  /** Resolves with what a link, if `part` is one, adds to the way. */
  async enter(part: string): Promise<string[]> {
    const next = await openPart(this.#here, part, this.#mode);
    if (!(await closeIfFails(next, next.stat())).isSymbolicLink()) {
      this.#above.push(this.#here);
      this.#here = next;
      return [];
    }
    await next.close();
    const target = await readlink(`${handlePath(this.#here)}/${part}`);
    this.#links += 1;
    if (target.startsWith('/') || this.#links > linksMax) {
      throw new Error(`subPath ${JSON.stringify(this.#subPath)} leads through a link that leaves its volume`);
    }
    return target.split('/').filter((each) => each !== '' && each !== '.');
  }

  async leave(): Promise<void> {
    const parent = this.#above.pop();
    if (parent === undefined) throw new Error(`subPath ${JSON.stringify(this.#subPath)} leaves its volume`);
    await this.#here.close();
    this.#here = parent;
  }

  /** Hands over what is open here; `close` leaves it open. */
  take(): FileHandle {
    this.#taken = true;
    return this.#here;
  }

  async close(): Promise<void> {
    for (const each of this.#above) await each.close();
    if (!this.#taken) await this.#here.close();
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
  const { isFolder } = await closeIfFails(
    made,
    made.stat().then((info) => ({ isFolder: info.isDirectory() })),
  );
  if (isFolder) await closeIfFails(made, chmod(handlePath(made), mode));
  return made;
}

async function closeIfFails<T>(handle: FileHandle, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    await handle.close();
    throw error;
  }
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
