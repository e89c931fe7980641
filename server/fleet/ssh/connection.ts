import { setMaxListeners } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Duplex, Readable } from 'node:stream';
import ssh2, { type AnyAuthMethod, type ClientChannel, type ConnectConfig } from 'ssh2';
import type { Clock } from '../../../openapi/machinery/clock.ts';
import { linkSignals } from '../../../openapi/machinery/link-signals.ts';
import { addressText, type SshAddress } from './address.ts';
import { HostFailure, printable } from './failure.ts';
import { hostKeyTypes, judgeHostKey, preferredTypes, type HostKeyType, type HostTrust } from './host-key.ts';
import { argumentLines, commandLine, type Script } from './script.ts';

const connectTimeoutMs = 10_000;
const keepaliveMs = 10_000;
const keepalivesMissedMax = 3;
const stderrBytesMax = 65_536;

/** Who logs in: the one key that was named, or else the SSH agent and the user's usual keys. */
export interface SshIdentity {
  readonly keyFiles: readonly string[];
  /** True when the user named the key: then it must be readable, and no other is offered. */
  readonly only: boolean;
  readonly agentSocket: string | undefined;
}

/** One step of the way to a host. */
export interface Hop {
  readonly address: SshAddress;
  readonly trust: HostTrust;
  readonly identity: SshIdentity;
}

export interface ExecOptions {
  /** Lines that the script reads first. */
  readonly args?: readonly string[];
  /** What follows them on its standard input. */
  readonly input?: Readable | Buffer;
  /** Through sudo -n. */
  readonly asRoot: boolean;
  readonly timeoutMs: number;
  readonly stdoutBytesMax?: number;
  readonly signal: AbortSignal;
}

export interface ExecResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One SSH connection to a host. Every call rejects with HostFailure. */
export interface SshConnection {
  readonly address: SshAddress;
  /** The accepted host key, "SHA256:…". */
  readonly hostKey: string;
  /** Aborts when the connection is gone, with the reason. */
  readonly closed: AbortSignal;
  exec(script: Script, options: ExecOptions): Promise<ExecResult>;
  /** Opens a stream to a unix socket of the host. */
  dial(socketPath: string): Promise<Duplex>;
  /** Opens a stream to a TCP port as the host sees it: the next hop. */
  tunnel(address: SshAddress): Promise<Duplex>;
  /** Lets sshd listen on a unix socket of the host; each connection to it becomes a call of `onStream`. */
  listen(socketPath: string, onStream: (stream: Duplex) => void): Promise<void>;
  close(): void;
}

/** Connects through all hops; the last is the host. Each hop's key is verified by its own trust, before anything is sent. */
export async function connectSsh(
  hops: readonly Hop[],
  clock: Clock,
  signal: AbortSignal,
): Promise<SshConnection> {
  let connection: SshConnection | undefined;
  for (const hop of hops) {
    signal.throwIfAborted();
    const through: SshConnection | undefined = connection;
    try {
      connection = await connectHop(hop, clock, signal, through);
    } catch (error) {
      through?.close();
      throw error;
    }
    if (through !== undefined)
      connection.closed.addEventListener('abort', () => {
        through.close();
      });
  }
  if (connection === undefined) throw new RangeError('Cannot connect through no hop at all');
  return connection;
}

/** A host may have several keys, and a pin does not say which type it is of: each type is asked for until one fits. */
async function connectHop(
  hop: Hop,
  clock: Clock,
  signal: AbortSignal,
  through: SshConnection | undefined,
): Promise<SshConnection> {
  const types = preferredTypes(hop.trust, hop.address);
  const groups: HostKeyType[][] = [
    types,
    ...(hop.trust.pin === undefined ? [] : [ofType('ecdsa'), ofType('rsa')]),
  ];
  let refused: unknown;
  for (const group of groups) {
    try {
      return await connectOnce({ hop, types: group, clock, signal, through });
    } catch (error) {
      refused ??= error;
      if (!(refused instanceof HostFailure) || refused.reason !== 'HostKeyChanged') throw error;
    }
  }
  throw refused;
}

function ofType(prefix: string): HostKeyType[] {
  return hostKeyTypes.filter((type) => type.startsWith(prefix));
}

interface Attempt {
  readonly hop: Hop;
  readonly types: readonly HostKeyType[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly through: SshConnection | undefined;
}

async function connectOnce(attempt: Attempt): Promise<SshConnection> {
  const { hop, through, signal } = attempt;
  const authHandler = await authMethods(hop);
  const sock = through === undefined ? undefined : await through.tunnel(hop.address);
  const client = new ssh2.Client();
  let verdict: HostFailure | undefined;
  let hostKey = '';
  const config: ConnectConfig = {
    host: hop.address.host,
    port: hop.address.port,
    username: hop.address.user,
    ...(sock === undefined ? {} : { sock: sock }),
    ...(hop.identity.agentSocket === undefined ? {} : { agent: hop.identity.agentSocket }),
    authHandler,
    agentForward: false,
    tryKeyboard: false,
    readyTimeout: connectTimeoutMs,
    keepaliveInterval: keepaliveMs,
    keepaliveCountMax: keepalivesMissedMax,
    algorithms: {
      serverHostKey: [...attempt.types],
      // aes256-gcm is the fastest here; chacha20 and CBC are what the Terrapin attack needs.
      cipher: ['aes256-gcm@openssh.com', 'aes128-gcm@openssh.com', 'aes256-ctr', 'aes128-ctr'],
      hmac: [
        'hmac-sha2-256-etm@openssh.com',
        'hmac-sha2-512-etm@openssh.com',
        'hmac-sha2-256',
        'hmac-sha2-512',
      ],
    },
    hostVerifier: (key: Buffer) => {
      try {
        hostKey = judgeHostKey(hop.trust, hop.address, key);
        return true;
      } catch (error) {
        verdict = error as HostFailure;
        return false;
      }
    },
  };
  return new Promise((resolve, reject) => {
    function onAbort(): void {
      client.destroy();
      reject(signal.reason as Error);
    }
    function onError(error: Error): void {
      signal.removeEventListener('abort', onAbort);
      client.destroy();
      reject(verdict ?? connectFailure(hop, error));
    }
    signal.addEventListener('abort', onAbort, { once: true });
    // More than one may come, and an error without a listener would end the process.
    client.on('error', onError);
    client.once('close', () => {
      onError(new Error('the connection was closed during the handshake'));
    });
    client.once('ready', () => {
      signal.removeEventListener('abort', onAbort);
      client.setNoDelay(true);
      resolve(new Ssh2Connection(client, hop.address, hostKey, attempt.clock));
    });
    client.connect(config);
  });
}

async function authMethods({ identity, address }: Hop): Promise<AnyAuthMethod[]> {
  const username = address.user;
  const methods: AnyAuthMethod[] = [];
  for (const file of identity.keyFiles) {
    const key = await readKey(file, identity.only);
    if (key !== undefined) methods.push({ type: 'publickey', username, key });
  }
  if (identity.agentSocket !== undefined)
    methods.push({ type: 'agent', username, agent: identity.agentSocket });
  if (methods.length === 0)
    throw new HostFailure(
      'KeyUnreadable',
      `Cannot log in to ${addressText(address)}: there is no SSH key. Name one in spec.ssh.identityFile (host add --key), or start an SSH agent.`,
    );
  return methods;
}

async function readKey(file: string, required: boolean): Promise<Buffer | undefined> {
  let text: Buffer;
  try {
    text = await readFile(file);
  } catch (error) {
    if (!required) return undefined;
    const why =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : 'it cannot be read';
    throw new HostFailure(
      'KeyUnreadable',
      `spec.ssh.identityFile: Cannot use "${file}": ${why} on the server`,
      { cause: error },
    );
  }
  const parsed = ssh2.utils.parseKey(text);
  if (!(parsed instanceof Error)) return text;
  if (!required) return undefined;
  const encrypted = /encrypted/i.test(parsed.message);
  throw new HostFailure(
    'KeyUnreadable',
    encrypted
      ? `spec.ssh.identityFile: Cannot use "${file}": it is encrypted. Add it to the server's SSH agent (ssh-add) and leave identityFile out, or use a key without a passphrase.`
      : `spec.ssh.identityFile: Cannot use "${file}": it is not a private key that SSH knows`,
  );
}

/** Node's and ssh2's errors, as what a person can act on. */
function connectFailure(
  hop: Hop,
  error: Error & { readonly level?: string; readonly code?: string },
): HostFailure {
  const where = addressText(hop.address);
  const options = { cause: error };
  if (error.level === 'client-authentication') {
    const keys = hop.identity.keyFiles.length === 0 ? 'of the SSH agent' : hop.identity.keyFiles.join(', ');
    return new HostFailure(
      'AuthenticationFailed',
      `Cannot log in to ${where}: it does not accept the key ${keys}. Put the public key into ~${hop.address.user}/.ssh/authorized_keys there (ssh-copy-id ${where}).`,
      options,
    );
  }
  if (error.level === 'agent')
    return new HostFailure(
      'KeyUnreadable',
      `Cannot log in to ${where}: the SSH agent of the server does not answer (${printable(error.message)}). Start it, or name a key in spec.ssh.identityFile.`,
      options,
    );
  const known: Record<string, string> = {
    ECONNREFUSED: 'the connection was refused. Is sshd running there, and the port right?',
    EHOSTUNREACH: 'there is no route to it, or it is off',
    ENETUNREACH: 'there is no route to its network',
    ENOTFOUND: 'its name does not resolve',
    EAI_AGAIN: 'its name does not resolve now',
    ETIMEDOUT: 'it does not answer. Is it on, and does a firewall let SSH through?',
    ECONNRESET: 'it cut the connection',
  };
  const late = error.level === 'client-timeout' ? known['ETIMEDOUT'] : undefined;
  const why = known[error.code ?? ''] ?? late ?? printable(error.message);
  return new HostFailure('Unreachable', `Cannot reach ${where}: ${why}`, options);
}

class Ssh2Connection implements SshConnection {
  readonly address: SshAddress;
  readonly hostKey: string;
  readonly #client: ssh2.Client;
  readonly #clock: Clock;
  readonly #closed = new AbortController();
  readonly #listeners = new Map<string, (stream: Duplex) => void>();

  constructor(client: ssh2.Client, address: SshAddress, hostKey: string, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
    // Each channel that is being opened listens.
    setMaxListeners(0, this.#closed.signal);
    this.address = address;
    this.hostKey = hostKey;
    let last: Error | undefined;
    client.on('error', (error) => {
      last = error;
    });
    client.once('close', () => {
      const why = last === undefined ? 'the host closed it' : printable(last.message);
      this.#closed.abort(
        new HostFailure('ConnectionLost', `The connection to ${addressText(address)} was lost: ${why}`, {
          cause: last,
        }),
      );
    });
    client.on('unix connection', ({ socketPath }, accept, reject) => {
      const onStream = this.#listeners.get(socketPath);
      if (onStream === undefined) {
        reject();
        return;
      }
      const stream: Duplex = accept();
      stream.on('error', () => undefined);
      onStream(stream);
    });
  }

  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  async exec(text: Script, options: ExecOptions): Promise<ExecResult> {
    const lines = argumentLines(options.args ?? []);
    const end = new AbortController();
    const { signal, release } = linkSignals(options.signal, this.closed, end.signal);
    void this.#clock.sleep(options.timeoutMs, signal).then(
      () => {
        const seconds = Math.round(options.timeoutMs / 1000);
        end.abort(
          new HostFailure('Timeout', `A command on ${addressText(this.address)} took more than ${seconds} s`),
        );
      },
      () => undefined,
    );
    try {
      signal.throwIfAborted();
      const open = (done: OnChannel): unknown => this.#client.exec(commandLine(text, options.asRoot), done);
      return await this.#open(open, (channel) => collect(channel, lines, options, signal), signal);
    } finally {
      end.abort(new Error('done'));
      release();
    }
  }

  dial(socketPath: string): Promise<Duplex> {
    return this.#open(
      (done) => this.#client.openssh_forwardOutStreamLocal(socketPath, done),
      asStream,
      this.closed,
    );
  }

  async tunnel({ host, port }: SshAddress): Promise<Duplex> {
    try {
      return await this.#open(
        (done) => this.#client.forwardOut('127.0.0.1', 0, host, port, done),
        asStream,
        this.closed,
      );
    } catch (error) {
      throw new HostFailure(
        'Unreachable',
        `Cannot reach ${host}:${port} through ${addressText(this.address)}: ${printable((error as Error).message)}`,
        { cause: error },
      );
    }
  }

  listen(socketPath: string, onStream: (stream: Duplex) => void): Promise<void> {
    this.#listeners.set(socketPath, onStream);
    return new Promise((resolve, reject) => {
      this.#client.openssh_forwardInStreamLocal(socketPath, (error) => {
        if (error === undefined) {
          resolve();
          return;
        }
        reject(
          new HostFailure(
            'ForwardingRefused',
            `sshd on ${addressText(this.address)} does not let Flotilla listen on ${socketPath}. Allow it in /etc/ssh/sshd_config (AllowStreamLocalForwarding yes, no DisableForwarding) and reload sshd.`,
            { cause: error },
          ),
        );
      });
    });
  }

  close(): void {
    this.#client.end();
    this.#client.destroy();
  }

  /** `use` gets the channel at once: with a short command, its output and end may come in the very packet that opens it. */
  #open<T>(
    start: (done: OnChannel) => unknown,
    use: (channel: ClientChannel) => T | Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      function onAbort(): void {
        reject(signal.reason as Error);
      }
      if (signal.aborted) {
        onAbort();
        return;
      }
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        start((error, channel) => {
          signal.removeEventListener('abort', onAbort);
          if (error !== undefined)
            reject(new HostFailure('CommandFailed', printable(error.message), { cause: error }));
          else if (signal.aborted) channel.destroy();
          else resolve(use(channel));
        });
      } catch (error) {
        signal.removeEventListener('abort', onAbort);
        reject(new HostFailure('ConnectionLost', printable((error as Error).message), { cause: error }));
      }
    });
  }
}

type OnChannel = (error: Error | undefined, channel: ClientChannel) => void;

function asStream(channel: ClientChannel): Duplex {
  channel.on('error', () => undefined);
  return channel;
}

/** Feeds the command and gathers what it prints, within bounds. */
function collect(
  channel: ClientChannel,
  lines: string,
  options: ExecOptions,
  signal: AbortSignal,
): Promise<ExecResult> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const kept = { stdout: 0, stderr: 0 };
  const stdoutBytesMax = options.stdoutBytesMax ?? 1_048_576;
  return new Promise((resolve, reject) => {
    let code = 255;
    function fail(error: Error): void {
      signal.removeEventListener('abort', onAbort);
      channel.destroy();
      reject(error);
    }
    function onAbort(): void {
      fail(signal.reason as Error);
    }
    signal.addEventListener('abort', onAbort, { once: true });
    channel.on('data', (chunk: Buffer) => {
      kept.stdout += chunk.length;
      if (kept.stdout <= stdoutBytesMax) stdout.push(chunk);
      else fail(new HostFailure('OutputTooLarge', `A command printed more than ${stdoutBytesMax} bytes`));
    });
    channel.stderr.on('data', (chunk: Buffer) => {
      kept.stderr += chunk.length;
      if (kept.stderr <= stderrBytesMax) stderr.push(chunk);
    });
    channel.on('exit', (status: number | null) => {
      code = status ?? 137;
    });
    channel.on('error', () => undefined);
    channel.on('close', () => {
      signal.removeEventListener('abort', onAbort);
      resolve({
        code,
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8'),
      });
    });
    feed(channel, lines, options.input, fail);
  });
}

function feed(
  channel: ClientChannel,
  lines: string,
  input: Readable | Buffer | undefined,
  fail: (error: Error) => void,
): void {
  if (lines !== '') channel.write(lines);
  if (input === undefined) channel.end();
  else if (Buffer.isBuffer(input)) channel.end(input);
  else {
    input.once('error', fail);
    input.pipe(channel);
  }
}
