import { execFile } from 'node:child_process';
import { open, mkdir, readFile, rename, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { Host, RunOptions, RunResult } from './host.ts';

const outputBytesMax = 16 * 1024 * 1024;
const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** A program ended with another code than 0, or could not be started at all (code -1). */
export class RunError extends Error {
  override readonly name = 'RunError';
  readonly code: number;
  readonly stderr: string;

  constructor(command: string, code: number, stderr: string) {
    super(`Cannot run ${command}: exit code ${code}: ${stderr.trim().slice(0, 2000)}`);
    this.code = code;
    this.stderr = stderr;
  }
}

/** The host that the agent runs on. */
export const realHost: Host = { run, readFile: readText, writeFile: writeAtomically, connect: connectUnix };

function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      [...args],
      {
        encoding: 'utf8',
        maxBuffer: outputBytesMax,
        timeout: options.timeoutMs ?? 30_000,
        killSignal: 'SIGKILL',
        env: { PATH: searchPath, LC_ALL: 'C' },
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
      (error, stdout, stderr) => {
        if (error === null) {
          resolve({ code: 0, stdout, stderr });
          return;
        }
        const code = typeof error.code === 'number' ? error.code : -1;
        if (code > 0 && options.allowFailure === true) resolve({ code, stdout, stderr });
        else reject(new RunError(command, code, stderr === '' ? error.message : stderr));
      },
    );
    // A program that ends before it read its input is told by its exit code, not by EPIPE.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

let writes = 0;

async function writeAtomically(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.tmp-${process.pid}-${++writes}`;
  try {
    // 'wx': never through a link that somebody put there.
    const file = await open(beside, 'wx', mode);
    try {
      await file.writeFile(content);
      await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await unlink(beside).catch(() => undefined);
    throw error;
  }
}

function connectUnix(socketPath: string): ReturnType<Host['connect']> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
