import { lchown, lstat, readdir, chmod } from 'node:fs/promises';
import { join } from 'node:path';

const folderBits = 0o2770;
const fileBits = 0o660;

/**
 * Gives everything below `path` to `group`, with the group's bits, as fsGroup promises. Links are not followed. With
 * "OnRootMismatch" nothing is done where the folder itself is right already.
 */
export async function giveToGroup(
  path: string,
  group: number,
  policy: 'Always' | 'OnRootMismatch',
): Promise<void> {
  const root = await lstat(path);
  if (policy === 'OnRootMismatch' && root.gid === group && (root.mode & folderBits) === folderBits) return;
  await giveOne(path, group);
  if (!root.isDirectory()) return;
  for (const entry of await readdir(path)) await giveToGroup(join(path, entry), group, 'Always');
}

async function giveOne(path: string, group: number): Promise<void> {
  const info = await lstat(path);
  await lchown(path, info.uid, group);
  if (info.isSymbolicLink()) return;
  await chmod(path, (info.mode & 0o7777) | (info.isDirectory() ? folderBits : fileBits));
}
