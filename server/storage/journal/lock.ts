import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readFile, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';

/** Another process (or this one) has the directory. */
export class StoreLockedError extends Error {
  override readonly name = 'StoreLockedError';
}

const SOCKET_NAME = 'lock.sock';
const FACTS_NAME = 'lock.json';

/**
 * Takes `directory` for this process alone, until the release that it resolves with is called or the process dies, however it
 * dies: the lock is two listening sockets, which the kernel closes. One has an abstract name made from the directory's inode: only
 * one can be bound in a network namespace, whatever paths lead to the directory. The other is a file in the directory, that
 * processes in other namespaces (a container) can connect to. Rejects with StoreLockedError.
 */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  const { dev, ino } = await stat(directory);
  const name = createHash('sha256').update(`${dev}:${ino}`).digest('hex').slice(0, 32);
  // A socket's path may have 107 bytes, a data directory's more: the kernel's link to the open directory is short.
  const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  const socket = `/proc/self/fd/${handle.fd}/${SOCKET_NAME}`;
  const servers: Server[] = [];
  try {
    servers.push(await listen(`\0flotilla-store-${name}`));
    if (await isAnswered(socket)) throw new StoreLockedError('its socket answers');
    await rm(`${directory}/${SOCKET_NAME}`, { force: true });
    servers.push(await listen(socket));
    await writeFile(`${directory}/${FACTS_NAME}`, `${JSON.stringify(await ownFacts())}\n`, { mode: 0o600 });
  } catch (error) {
    await release(servers, handle);
    if (!(error instanceof StoreLockedError) && codeOf(error) !== 'EADDRINUSE') throw error;
    const holder = await holderOf(directory);
    throw new StoreLockedError(
      `Cannot open the store in ${directory}: another Flotilla server${holder} has it open. Stop that one first`,
      { cause: error },
    );
  }
  return async () => {
    await release(servers, handle);
  };
}

async function release(servers: readonly Server[], handle: FileHandle): Promise<void> {
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  await handle.close();
}

function listen(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((peer) => peer.destroy());
    server.once('error', reject);
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const peer = connect(path);
    peer.once('connect', () => {
      peer.destroy();
      resolve(true);
    });
    peer.once('error', (error) => {
      const code = codeOf(error);
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT');
    });
  });
}

/** For people only: who has the lock is told by the sockets. */
async function ownFacts(): Promise<{ pid: number; bootId: string }> {
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return { pid: process.pid, bootId: bootId.trim() };
}

async function holderOf(directory: string): Promise<string> {
  const text = await readFile(`${directory}/${FACTS_NAME}`, 'utf8').catch(() => '');
  const pid = /"pid":(\d+)/.exec(text)?.[1];
  return pid === undefined ? '' : ` (process ${pid})`;
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
