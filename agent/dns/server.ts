import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import type { Logger } from '../../openapi/machinery/log.ts';
import type { Resolver } from './resolver.ts';

const connectionsMax = 256;
const idleMs = 15_000;
const pendingMax = 2_000;
/** Answered at once on one connection; further queries wait in the socket. */
const pipelineMax = 32;

export interface DnsServerOptions {
  readonly address: string;
  /** Tried in this order: on a host with a name server of its own, 53 may be taken on every address. 0 takes any. */
  readonly ports?: readonly number[];
  readonly resolver: Pick<Resolver, 'resolve'>;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Listens on UDP and TCP at the same port, until the signal aborts. */
export async function startDnsServer(options: DnsServerOptions): Promise<{ readonly port: number }> {
  const ports = options.ports ?? [53, 1053, 0];
  for (const [i, wanted] of ports.entries()) {
    const tcp = createServer();
    const udp = createSocket('udp4');
    try {
      const port = await listenTcp(tcp, options.address, wanted);
      await bindUdp(udp, options.address, port);
      serveTcp(tcp, options);
      serveUdp(udp, options);
      return { port };
    } catch (error) {
      tcp.close();
      udp.close();
      const inUse = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (!inUse || i === ports.length - 1) throw error;
    }
  }
  throw new Error('Cannot listen for DNS queries: no port was given');
}

function listenTcp(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
    });
  });
}

function bindUdp(socket: UdpSocket, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address, port }, () => {
      socket.off('error', reject);
      resolve();
    });
  });
}

function serveUdp(socket: UdpSocket, options: DnsServerOptions): void {
  let pending = 0;
  let closed = false;
  socket.on('error', (error) => {
    options.log.log('warn', 'dns over udp', { error: String(error) });
  });
  socket.on('message', (message, from) => {
    // A client that gets no answer asks again; memory would not come back.
    if (pending >= pendingMax) return;
    pending += 1;
    void options.resolver.resolve(message, 'udp', options.signal).then((answer) => {
      pending -= 1;
      if (answer !== undefined && !closed) socket.send(answer, from.port, from.address, () => undefined);
    });
  });
  onAbort(options.signal, () => {
    closed = true;
    socket.close();
  });
}

function serveTcp(server: Server, options: DnsServerOptions): void {
  const sockets = new Set<Socket>();
  server.maxConnections = connectionsMax;
  server.on('error', (error) => {
    options.log.log('warn', 'dns over tcp', { error: String(error) });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.setTimeout(idleMs, () => socket.destroy());
    void serveConnection(socket, options);
  });
  onAbort(options.signal, () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
}

/** Queries behind a two-byte length each (RFC 7766); answers may come in another order. */
async function serveConnection(socket: Socket, options: DnsServerOptions): Promise<void> {
  const running = new Set<Promise<void>>();
  try {
    for await (const message of messagesOf(socket)) {
      const work: Promise<void> = reply(socket, message, options).then(() => {
        running.delete(work);
      });
      running.add(work);
      if (running.size >= pipelineMax) await Promise.race(running);
    }
    await Promise.all(running);
  } catch {
    // The client went away.
  }
  socket.end();
}

async function* messagesOf(socket: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let buffered = Buffer.alloc(0);
  for await (const chunk of socket) {
    buffered = Buffer.concat([buffered, chunk]);
    while (buffered.length >= 2 && buffered.length >= 2 + buffered.readUInt16BE(0)) {
      const end = 2 + buffered.readUInt16BE(0);
      yield Buffer.from(buffered.subarray(2, end));
      buffered = buffered.subarray(end);
    }
  }
}

async function reply(socket: Socket, message: Buffer, options: DnsServerOptions): Promise<void> {
  const answer = await options.resolver.resolve(message, 'tcp', options.signal);
  if (answer === undefined || !socket.writable) return;
  const length = Buffer.alloc(2);
  length.writeUInt16BE(answer.length);
  socket.write(Buffer.concat([length, answer]));
}

function onAbort(signal: AbortSignal, work: () => void): void {
  if (signal.aborted) work();
  else signal.addEventListener('abort', work, { once: true });
}
