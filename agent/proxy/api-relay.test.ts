import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../openapi/machinery/log.ts';
import { realHost } from '../host/real-host.ts';
import { startApiRelay } from './api-relay.ts';

const stops: (() => unknown)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function socketServer(onConnection: (socket: Socket) => void): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'relay-'));
  const path = join(directory, 'api.sock');
  const server = createServer({ allowHalfOpen: true }, onConnection).listen(path);
  await once(server, 'listening');
  stops.push(
    () => server.close(),
    () => rm(directory, { recursive: true }),
  );
  return path;
}

async function relayTo(socketPath: string, ports: readonly number[] = [0]): Promise<number> {
  const stop = new AbortController();
  stops.push(() => {
    stop.abort();
  });
  const { port } = await startApiRelay({
    host: realHost,
    address: '127.0.0.1',
    ports,
    socketPath,
    log: silentLogger,
    signal: stop.signal,
  });
  return port;
}

async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('startApiRelay()', () => {
  it('carries bytes both ways, and the end of each', async () => {
    const path = await socketServer((socket) => socket.pipe(socket));
    const client = connect({ port: await relayTo(path), allowHalfOpen: true });
    const sent = Buffer.alloc(3_000_000, 'flotilla');
    client.end(sent);
    expect((await readAll(client)).equals(sent)).toBe(true);
  });

  it('holds a fast sender back while the other end does not read', async () => {
    let server: Socket | undefined;
    const path = await socketServer((socket) => (server = socket.pause()));
    const client = connect({ port: await relayTo(path) });
    await once(client, 'connect');
    let wrote = 0;
    const chunk = Buffer.alloc(1 << 20);
    // Kernel buffers on both connections take some megabytes; without back-pressure it would be all of it.
    while (wrote < 200 && client.write(chunk)) wrote += 1;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(client.writableLength).toBeGreaterThan(0);
    client.destroy();
    server?.destroy();
  });

  it('closes at once when the tunnel is down', async () => {
    const client = connect({ port: await relayTo('/nonexistent/api.sock') });
    expect((await readAll(client)).length).toBe(0);
  });

  it('closes the client when the tunnel breaks', async () => {
    const path = await socketServer((socket) => socket.once('data', () => socket.destroy()));
    const client = connect({ port: await relayTo(path) });
    client.on('error', () => undefined);
    client.write('x');
    await once(client, 'close');
  });

  it('takes the next port when one is in use, as by a server on this host', async () => {
    const other: Server = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    stops.push(() => other.close());
    const taken = (other.address() as AddressInfo).port;
    const path = await socketServer((socket) => socket.end('hello'));
    const port = await relayTo(path, [taken, 0]);
    expect(port).not.toBe(taken);
    const client = connect({ port });
    client.write('x');
    expect((await readAll(client)).toString()).toBe('hello');
  });
});
