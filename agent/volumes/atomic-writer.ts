import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';

export interface PayloadFile {
  readonly content: Buffer;
  readonly mode: number;
}

/** Files by their path below the volume. */
export type Payload = ReadonlyMap<string, PayloadFile>;

export interface FileOwner {
  /** Undefined: root, and files as they are. */
  readonly group: number | undefined;
}

const dataLink = '..data';

/**
 * Shows all files of `payload` in `folder`, or those that were there before, never a mixture: files stand in a folder with a
 * new name, `..data` is turned to it by one rename, and each visible name is a link through `..data`. Resolves with whether
 * anything changed.
 *
 *     config.yaml -> ..data/config.yaml     ..data -> ..2026_01_02_03_04_05.1     ..2026_01_02_03_04_05.1/config.yaml
 */
export async function writePayload(
  folder: string,
  payload: Payload,
  owner: FileOwner,
  stamp: string,
): Promise<boolean> {
  for (const path of payload.keys()) assertInside(path);
  const current = await currentFolder(folder);
  if (current !== undefined && (await holds(join(folder, current), payload))) return false;
  const next = await writeFolder(folder, payload, owner, stamp);
  await removeIfThere(join(folder, `${dataLink}_tmp`));
  await symlink(next, join(folder, `${dataLink}_tmp`));
  await rename(join(folder, `${dataLink}_tmp`), join(folder, dataLink));
  await linkNames(folder, payload);
  if (current !== undefined && current !== next)
    await rm(join(folder, current), { recursive: true, force: true });
  return true;
}

/** A path of a payload stays inside and does not meet the writer's own names. */
function assertInside(path: string): void {
  const parts = path.split('/');
  const bad =
    path === '' || path.startsWith('/') || parts.some((part) => part === '..' || part === '.' || part === '');
  if (bad) throw new RangeError(`invalid path ${JSON.stringify(path)}: it must stay inside the volume`);
  if (path.startsWith('..'))
    throw new RangeError(`invalid path ${JSON.stringify(path)}: it must not begin with ".."`);
}

async function currentFolder(folder: string): Promise<string | undefined> {
  try {
    const target = await readlink(join(folder, dataLink));
    return target.includes('/') ? undefined : target;
  } catch {
    return undefined;
  }
}

async function holds(folder: string, payload: Payload): Promise<boolean> {
  const present = await filesBelow(folder, '');
  if (present.length !== payload.size) return false;
  for (const path of present) {
    const wanted = payload.get(path);
    if (wanted === undefined) return false;
    const [content, info] = await Promise.all([readFile(join(folder, path)), lstat(join(folder, path))]);
    if (!content.equals(wanted.content) || (info.mode & wanted.mode) !== wanted.mode) return false;
  }
  return true;
}

async function filesBelow(folder: string, prefix: string): Promise<string[]> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true }).catch(() => []);
  const found = await Promise.all(
    entries.map((entry) => {
      const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
      return entry.isDirectory() ? filesBelow(folder, path) : Promise.resolve([path]);
    }),
  );
  return found.flat();
}

async function writeFolder(
  folder: string,
  payload: Payload,
  owner: FileOwner,
  stamp: string,
): Promise<string> {
  const name = `..${stamp}`;
  const root = join(folder, name);
  await rm(root, { recursive: true, force: true });
  await mkdir(root, { recursive: true });
  await own(root, 0o755, owner, true);
  for (const [path, file] of payload) {
    const target = join(root, path);
    await makeParents(root, path, owner);
    await writeFile(target, file.content, { flag: 'wx' });
    await own(target, file.mode, owner, false);
  }
  return name;
}

async function makeParents(root: string, path: string, owner: FileOwner): Promise<void> {
  const parts = path.split('/').slice(0, -1);
  for (let depth = 1; depth <= parts.length; depth++) {
    const parent = join(root, ...parts.slice(0, depth));
    await mkdir(parent, { recursive: true });
    await own(parent, 0o755, owner, true);
  }
}

async function own(path: string, mode: number, owner: FileOwner, isFolder: boolean): Promise<void> {
  if (owner.group === undefined) {
    await chmod(path, mode);
    return;
  }
  await chown(path, 0, owner.group);
  await chmod(path, isFolder ? mode | 0o2550 : mode | 0o440);
}

/** The first part of each path, linked; what has no file any more goes. */
async function linkNames(folder: string, payload: Payload): Promise<void> {
  const wanted = new Set([...payload.keys()].map((path) => path.split('/')[0] ?? ''));
  for (const name of await readdir(folder)) {
    if (!name.startsWith('..') && !wanted.has(name))
      await rm(join(folder, name), { recursive: true, force: true });
  }
  for (const name of wanted) {
    const link = join(folder, name);
    const target = join(dataLink, name);
    if ((await readlink(link).catch(() => '')) === target) continue;
    await removeIfThere(link);
    await symlink(target, link);
  }
}

async function removeIfThere(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}
