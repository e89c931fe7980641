import { createServer, type Server, type Socket } from 'node:net';
import { pipeline, type Duplex } from 'node:stream';
import type { Logger } from '../../openapi/machinery/log.ts';
import type { Host } from '../host/host.ts';

/** More clients than this on one node are refused: each holds a channel of the one SSH connection. */
const connectionsMax = 1_000;
const keepAliveMs = 30_000;

export interface ApiRelayOptions {
  readonly host: Pick<Host, 'connect'>;
  /** The gateway of the node's pods. */
  readonly address: string;
  /** Tried in this order; 0 takes any free one. A server on this very host may hold the first. */
  readonly ports?: readonly number[];
  readonly socketPath: string;
  readonly log: Logger;
  /** Closes the listener and all connections. */
  readonly signal: AbortSignal;
}

/** The `kubernetes` Service's endpoint on this node: carries bytes to the API server's tunnel. TLS stays end to end. */
export async function startApiRelay(options: ApiRelayOptions): Promise<{ readonly port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer({
    allowHalfOpen: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveMs,
    noDelay: true,
  });
  server.maxConnections = connectionsMax;
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    void relay(socket, options);
  });
  const port = await listenOnFirst(server, options.address, options.ports ?? [6443, 16_443, 0]);
  server.on('error', (error) => {
    options.log.log('warn', 'api relay', { error: String(error) });
  });
  function close(): void {
    server.close();
    for (const socket of sockets) socket.destroy();
  }
  if (options.signal.aborted) close();
  options.signal.addEventListener('abort', close, { once: true });
  return { port };
}

async function relay(socket: Socket, options: ApiRelayOptions): Promise<void> {
  socket.pause();
  socket.on('error', () => undefined);
  let tunnel: Duplex;
  try {
    tunnel = await options.host.connect(options.socketPath);
  } catch (error) {
    options.log.log('debug', 'cannot reach the API server', { error: String(error) });
    socket.destroy();
    return;
  }
  if (socket.destroyed) {
    tunnel.destroy();
    return;
  }
  // Each direction ends by itself; a failure of one ends both.
  pipeline(socket, tunnel, (error) => {
    if (error) socket.destroy();
  });
  pipeline(tunnel, socket, (error) => {
    if (error) tunnel.destroy();
  });
}

async function listenOnFirst(server: Server, address: string, ports: readonly number[]): Promise<number> {
  for (const [i, port] of ports.entries()) {
    try {
      return await listen(server, address, port);
    } catch (error) {
      const inUse = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (!inUse || i === ports.length - 1) throw error;
    }
  }
  throw new Error('Cannot listen for API clients: no port was given');
}

function listen(server: Server, address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address, port }, () => {
      server.off('error', reject);
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
    });
  });
}
