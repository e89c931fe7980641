import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { homedir, hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Host } from '../../openapi/generated/types.ts';

const run = promisify(execFile);
const hostKeyFile = '/etc/ssh/ssh_host_ed25519_key.pub';
const authorizedKeys = join(homedir(), '.ssh', 'authorized_keys');
const mark = 'flotilla-this-machine';

/**
 * This machine as a Host, reached over SSH like any other, with a key made for that (it works from this machine only).
 * A string says in one line why it cannot be one.
 */
export async function thisMachine(directory: string): Promise<Host | string> {
  if (!(await answers({ path: '/var/run/docker.sock' }))) return 'no Docker Engine answers on this machine';
  if (!(await answers({ host: '127.0.0.1', port: 22 }))) return 'no SSH server answers on this machine';
  const hostKey = await readFile(hostKeyFile, 'utf8').catch(() => undefined);
  if (hostKey === undefined) return `its SSH server has no key at ${hostKeyFile}`;
  const identityFile = await privateKey(directory);
  const digest = createHash('sha256')
    .update(Buffer.from(hostKey.split(' ')[1] ?? '', 'base64'))
    .digest('base64');
  return {
    apiVersion: 'flotilla.dev/v1alpha1',
    kind: 'Host',
    metadata: { name: hostname().toLowerCase() },
    spec: {
      ssh: {
        host: '127.0.0.1',
        user: userInfo().username,
        identityFile,
        hostKey: `SHA256:${digest.replace(/=+$/, '')}`,
        ...(process.getuid?.() === 0 ? {} : { sudo: true }),
      },
    },
  };
}

/** Takes the key out of authorized_keys again. */
export async function forgetThisMachine(): Promise<void> {
  const text = await readFile(authorizedKeys, 'utf8').catch(() => '');
  if (!text.includes(mark)) return;
  const kept = text.split('\n').filter((line) => !line.endsWith(mark));
  await writeFile(authorizedKeys, kept.join('\n'), { mode: 0o600 });
}

async function privateKey(directory: string): Promise<string> {
  const file = join(directory, 'this-machine');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const known = await readFile(`${file}.pub`, 'utf8').catch(() => undefined);
  if (known === undefined) {
    await rm(file, { force: true });
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', mark, '-f', file]);
  }
  const line = (known ?? (await readFile(`${file}.pub`, 'utf8'))).trim();
  const present = await readFile(authorizedKeys, 'utf8').catch(() => '');
  if (!present.includes(line)) {
    await mkdir(join(homedir(), '.ssh'), { recursive: true, mode: 0o700 });
    await appendFile(authorizedKeys, `from="127.0.0.1,::1" ${line}\n`, { mode: 0o600 });
  }
  return file;
}

function answers(
  where: { readonly path: string } | { readonly host: string; readonly port: number },
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ ...where, timeout: 2000 });
    const end = (good: boolean): void => {
      socket.destroy();
      resolve(good);
    };
    socket.once('connect', () => {
      end(true);
    });
    socket.once('timeout', () => {
      end(false);
    });
    socket.once('error', () => {
      end(false);
    });
  });
}
