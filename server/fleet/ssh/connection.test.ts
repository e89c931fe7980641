import { afterEach, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2, { type ServerChannel } from 'ssh2';
import { systemClock } from '../../../openapi/machinery/clock.ts';
import { connectSsh, type ExecOptions, type SshConnection } from './connection.ts';
import { fingerprintOf } from './known-hosts.ts';
import { script } from './script.ts';

const work = script`
true
`;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Sshd {
  readonly port: number;
  readonly fingerprint: string;
  readonly keyFile: string;
  /** User names that tried to log in. */
  readonly logins: string[];
}

function portOf(server: { address(): unknown }): number {
  return (server.address() as AddressInfo).port;
}

/** In PEM. Not by ssh2, which spoils one Ed25519 key of 256 (it drops a leading zero). */
function newKey(): string {
  const privateKeyEncoding = { type: 'pkcs1', format: 'pem' } as const;
  const publicKeyEncoding = { type: 'spki', format: 'pem' } as const;
  return generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding, publicKeyEncoding })
    .privateKey;
}

/** A real SSH server whose commands do what the test wants. */
async function sshd(onExec: (channel: ServerChannel) => void): Promise<Sshd> {
  const directory = await mkdtemp(join(tmpdir(), 'sshd-'));
  const keyFile = join(directory, 'id');
  const hostKey = newKey();
  await writeFile(keyFile, newKey());
  const parsed = ssh2.utils.parseKey(hostKey);
  if (parsed instanceof Error) throw parsed;
  const logins: string[] = [];
  const server = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', (context) => {
      logins.push(context.username);
      context.accept();
    });
    client.on('session', (accept) => {
      accept().on('exec', (acceptExec) => {
        onExec(acceptExec());
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => new Promise((resolve) => server.close(resolve)));
  closers.push(() => rm(directory, { recursive: true, force: true }));
  return { port: portOf(server), fingerprint: fingerprintOf(parsed.getPublicSSH()), keyFile, logins };
}

async function connectTo(
  at: Pick<Sshd, 'port' | 'keyFile'>,
  pin: string | undefined,
): Promise<SshConnection> {
  const connection = await connectSsh(
    [
      {
        address: { host: '127.0.0.1', port: at.port, user: 'root' },
        trust: { pin, knownHosts: [], acceptCommand: 'accept' },
        identity: { keyFiles: [at.keyFile], only: true, agentSocket: undefined },
      },
    ],
    systemClock,
    new AbortController().signal,
  );
  closers.push(() => {
    connection.close();
  });
  return connection;
}

function options(more: Partial<ExecOptions> = {}): ExecOptions {
  return { asRoot: false, timeoutMs: 5_000, signal: new AbortController().signal, ...more };
}

describe('connectSsh()', () => {
  it('sends no credential to a host whose key was not accepted', async () => {
    const host = await sshd(() => undefined);
    await expect(connectTo(host, undefined)).rejects.toMatchObject({ reason: 'UnknownHostKey' });
    await expect(connectTo(host, `SHA256:${'A'.repeat(43)}`)).rejects.toMatchObject({
      reason: 'HostKeyChanged',
    });
    expect(host.logins).toEqual([]);
  });

  const hostile: { name: string; onSocket: (socket: Socket) => void }[] = [
    { name: 'closes at once', onSocket: (socket) => socket.destroy() },
    { name: 'is no SSH server', onSocket: (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n') },
    { name: 'sends garbage', onSocket: (socket) => socket.write(Buffer.alloc(65_536, 0xff)) },
  ];
  for (const { name, onSocket } of hostile)
    it(`gives up on a host that ${name}`, async () => {
      const host = await sshd(() => undefined);
      const server: Server = createServer((socket) => {
        socket.on('error', () => undefined);
        onSocket(socket);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      closers.push(() => server.close());
      await expect(connectTo({ ...host, port: portOf(server) }, host.fingerprint)).rejects.toMatchObject({
        reason: 'Unreachable',
      });
    }, 15_000);
});

describe('exec()', () => {
  it('resolves to code and both outputs, also of a command that ends at once', async () => {
    const host = await sshd((channel) => {
      channel.stderr.write('err');
      channel.write('out');
      channel.exit(3);
      channel.end();
    });
    const connection = await connectTo(host, host.fingerprint);
    for (let round = 0; round < 50; round++)
      expect(await connection.exec(work, options())).toEqual({ code: 3, stdout: 'out', stderr: 'err' });
  });

  it('cuts a command that prints without end', async () => {
    const host = await sshd((channel) => {
      const pump = (): void => {
        while (channel.write(Buffer.alloc(32_768)));
        channel.once('drain', pump);
      };
      channel.on('error', () => undefined);
      pump();
    });
    const connection = await connectTo(host, host.fingerprint);
    await expect(connection.exec(work, options({ stdoutBytesMax: 100_000 }))).rejects.toMatchObject({
      reason: 'OutputTooLarge',
    });
  });

  it('cuts a command that does not end', async () => {
    const host = await sshd(() => undefined);
    const connection = await connectTo(host, host.fingerprint);
    await expect(connection.exec(work, options({ timeoutMs: 50 }))).rejects.toMatchObject({
      reason: 'Timeout',
    });
  });

  it('ends with the connection, and says so', async () => {
    const host = await sshd(() => undefined);
    const connection = await connectTo(host, host.fingerprint);
    const running = connection.exec(work, options());
    connection.close();
    await expect(running).rejects.toMatchObject({ reason: 'ConnectionLost' });
    expect(connection.closed.aborted).toBe(true);
    await expect(connection.exec(work, options())).rejects.toMatchObject({ reason: 'ConnectionLost' });
  });
});
