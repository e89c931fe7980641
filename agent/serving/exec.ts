import type { IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { WebSocket, WebSocketServer, type RawData } from 'ws';
import { linkSignals } from '../../openapi/machinery/link-signals.ts';
import type { StreamSession, TerminalSize } from '../runtime/driver.ts';
import type { ServingContext } from './context.ts';
import { HttpError } from './http-error.ts';
import { isTrue } from './logs.ts';
import { findRunning, type ContainerPath } from './targets.ts';

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;
const bufferedBytesMax = 1024 * 1024;
const messageBytesMax = 16 * 1024 * 1024;
const idleMs = 4 * 3600 * 1000;

const sockets = new WebSocketServer({
  noServer: true,
  maxPayload: messageBytesMax,
  perMessageDeflate: false,
  handleProtocols: (offered) =>
    ['v5.channel.k8s.io', 'v4.channel.k8s.io'].find((each) => offered.has(each)) ?? false,
});

export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** GET /exec/… and /attach/… as WebSockets: a byte of channel, then the bytes; how it ended goes on channel 3. */
export async function serveExec(
  context: ServingContext,
  what: 'exec' | 'attach',
  target: { readonly path: ContainerPath; readonly query: URLSearchParams },
  upgrade: Upgrade,
): Promise<void> {
  const { path, query } = target;
  const status = findRunning(context, path);
  const tty = what === 'attach' ? status.tty : isTrue(query, 'tty');
  const streams = {
    stdin: isTrue(query, 'stdin'),
    stdout: isTrue(query, 'stdout'),
    // A terminal has one stream for both.
    stderr: isTrue(query, 'stderr') && !tty,
    tty,
  };
  if (!streams.stdin && !streams.stdout && !streams.stderr) {
    throw new HttpError(400, 'you must specify at least 1 of stdin, stdout, stderr');
  }
  const command = query.getAll('command');
  if (what === 'exec' && command.length === 0) throw new HttpError(400, 'you must specify a command');
  const socket = await accept(upgrade);
  const ended = new AbortController();
  socket.once('close', () => {
    ended.abort();
  });
  socket.on('error', () => undefined);
  const { signal, release } = linkSignals(context.signal, ended.signal);
  try {
    const session =
      what === 'exec'
        ? await context.driver.exec(status.id, { ...streams, command }, signal)
        : await context.driver.attach(status.id, streams, signal);
    await connect(context, socket, session, what);
  } catch (error) {
    if (!ended.signal.aborted) await send(socket, channel.error, failureText(error));
  } finally {
    release();
  }
  socket.close(1000);
}

function accept({ request, socket, head }: Upgrade): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    sockets.handleUpgrade(request, socket, head, (accepted) => {
      // What comes before the session is there waits in the socket: connect() resumes it.
      accepted.pause();
      resolve(accepted);
    });
  });
}

async function connect(
  context: ServingContext,
  socket: WebSocket,
  session: StreamSession,
  what: 'exec' | 'attach',
): Promise<void> {
  const idle = new IdleTimer(context, () => {
    socket.terminate();
  });
  socket.once('close', () => {
    idle.stop();
    session.close();
  });
  socket.on('message', (data) => {
    idle.touch();
    receive(socket, session, bytesOf(data));
  });
  socket.resume();
  const outputs = Promise.all([
    forward(socket, channel.stdout, session.stdout, idle),
    forward(socket, channel.stderr, session.stderr, idle),
  ]);
  const code = await session.ended;
  await outputs;
  await send(socket, channel.error, endText(what === 'attach' ? 0 : code));
}

function receive(socket: WebSocket, session: StreamSession, message: Buffer): void {
  const bytes = message.subarray(1);
  switch (message[0]) {
    case channel.stdin:
      if (session.stdin === undefined || session.stdin.writableEnded || session.stdin.write(bytes)) return;
      socket.pause();
      session.stdin.once('drain', () => {
        socket.resume();
      });
      return;
    case channel.resize: {
      const size = sizeOf(bytes.toString('utf8'));
      if (size !== undefined) session.resize(size).catch(() => undefined);
      return;
    }
    case channel.close:
      if (bytes[0] === channel.stdin) session.stdin?.end();
      return;
    default:
      return;
  }
}

function sizeOf(text: string): TerminalSize | undefined {
  try {
    const { Width: width, Height: height } = JSON.parse(text) as { Width?: unknown; Height?: unknown };
    const good = [width, height].every(
      (each) => Number.isInteger(each) && Number(each) > 0 && Number(each) < 65_536,
    );
    return good ? { width: Number(width), height: Number(height) } : undefined;
  } catch {
    return undefined;
  }
}

/** As fast as the other side reads: the program in the container waits for a slow reader. */
async function forward(socket: WebSocket, to: number, source: Readable, idle: IdleTimer): Promise<void> {
  for await (const chunk of source as AsyncIterable<Buffer>) {
    idle.touch();
    const sent = send(socket, to, chunk);
    if (socket.bufferedAmount > bufferedBytesMax) await sent;
    if (socket.readyState !== WebSocket.OPEN) return;
  }
}

function send(socket: WebSocket, to: number, data: string | Buffer): Promise<void> {
  if (socket.readyState !== WebSocket.OPEN) return Promise.resolve();
  return new Promise((resolve) => {
    socket.send(Buffer.concat([Buffer.from([to]), Buffer.from(data)]), () => {
      resolve();
    });
  });
}

function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

function endText(code: number): string {
  if (code === 0) return JSON.stringify({ metadata: {}, status: 'Success' });
  return JSON.stringify({
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${code}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  });
}

function failureText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const message = `Internal error occurred: error executing command in container: ${text}`;
  const details = { causes: [{ message: text }] };
  return JSON.stringify({
    metadata: {},
    status: 'Failure',
    message,
    reason: 'InternalError',
    details,
    code: 500,
  });
}

/** Ends a session in which nothing has moved for hours. */
class IdleTimer {
  readonly #stopped = new AbortController();
  readonly #context: ServingContext;
  #touchedMs: number;

  constructor(context: ServingContext, onIdle: () => void) {
    this.#context = context;
    this.#touchedMs = context.clock.monotonic();
    void this.#run(onIdle);
  }

  touch(): void {
    this.#touchedMs = this.#context.clock.monotonic();
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #run(onIdle: () => void): Promise<void> {
    const { clock } = this.#context;
    while (!this.#stopped.signal.aborted) {
      const leftMs = this.#touchedMs + idleMs - clock.monotonic();
      if (leftMs <= 0) {
        onIdle();
        return;
      }
      await clock.sleep(leftMs, this.#stopped.signal).catch(() => undefined);
    }
  }
}
