import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { NodeDialer } from '../../server/apiserver/node-dialer.ts';

export interface FakeAgent {
  readonly dialer: NodeDialer;
  /** Paths that were asked for. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** Keeps the agent's contract on this machine: commands run here, port-forward leads to local ports, a log is three lines. */
export async function startFakeAgent(): Promise<FakeAgent> {
  const requests: string[] = [];
  const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const children = new Set<ChildProcess>();
  const sockets = new Set<Duplex>();
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    const url = new URL(request.url ?? '', 'http://agent');
    if (url.pathname === '/pods') response.end(`{"kind":"PodList"}`);
    else if (!url.pathname.startsWith('/containerLogs/')) response.writeHead(404).end('no such path\n');
    else if (url.searchParams.get('previous') === 'true') {
      response.writeHead(400).end('previous terminated container "c" in pod "p" not found\n');
    } else sendLog(url, response);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    requests.push(request.url ?? '');
    const url = new URL(request.url ?? '', 'http://agent');
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    if (url.pathname.startsWith('/portForward/')) forward(url, socket, head);
    else if (url.pathname.includes('/missing')) socket.end('HTTP/1.1 404 Not Found\r\n\r\nno such container');
    else {
      webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        runCommand(url.searchParams, webSocket, children);
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    requests,
    dialer: { dial: () => dial(port) },
    close: async () => {
      for (const child of children) child.kill('SIGKILL');
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await new Promise<void>((resolve) =>
        server.close(() => {
          resolve();
        }),
      );
    },
  };
}

function dial(port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

function sendLog(url: URL, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/plain' });
  const tail = Number(url.searchParams.get('tailLines') ?? 3);
  for (const line of ['one', 'two', 'three'].slice(-tail)) response.write(`${line}\n`);
  response.end();
}

function forward(url: URL, socket: Duplex, head: Buffer): void {
  const target = connect(Number(url.searchParams.get('port')), '127.0.0.1');
  target.once('error', (error) => {
    const text = `dial: ${error.message}`;
    socket.end(
      `HTTP/1.1 502 Bad Gateway\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n${text}`,
    );
  });
  target.once('connect', () => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    if (head.length > 0) target.write(head);
    socket.pipe(target).pipe(socket);
    target.on('close', () => socket.destroy());
    socket.on('close', () => target.destroy());
  });
}

/** Channels of v5.channel.k8s.io: 0 stdin, 1 stdout, 2 stderr, 3 status, 4 size; [255, n] ends channel n. */
function runCommand(query: URLSearchParams, socket: WebSocket, children: Set<ChildProcess>): void {
  const [program = 'sh', ...rest] =
    query.getAll('command').length > 0 ? query.getAll('command') : ['sh', '-c', 'echo attached; cat'];
  const child = spawn(program, rest);
  children.add(child);
  const sent = (channel: number, source: NodeJS.ReadableStream): void => {
    source.on('data', (chunk: Buffer) => {
      source.pause();
      socket.send(Buffer.concat([Buffer.from([channel]), chunk]), () => source.resume());
    });
  };
  if (query.get('stdout') === 'true') sent(1, child.stdout);
  if (query.get('stderr') === 'true') sent(2, child.stderr);
  if (query.get('stdin') !== 'true') child.stdin.end();
  child.stdin.on('error', () => undefined);
  socket.on('message', (message: Buffer) => {
    const payload = message.subarray(1);
    if (message[0] === 0 && !child.stdin.write(payload)) {
      socket.pause();
      child.stdin.once('drain', () => {
        socket.resume();
      });
    } else if (message[0] === 4) socket.send(Buffer.concat([Buffer.from([1]), payload, Buffer.from('\n')]));
    else if (message[0] === 255 && message[1] === 0) child.stdin.end();
  });
  const finish = (status: object): void => {
    socket.send(Buffer.concat([Buffer.from([3]), Buffer.from(JSON.stringify(status))]));
    socket.close(1000);
  };
  child.on('error', (error) => {
    finish({ metadata: {}, status: 'Failure', message: error.message, reason: 'InternalError', code: 500 });
  });
  child.on('close', (code) => {
    children.delete(child);
    finish(statusOf(code ?? 137));
  });
  socket.on('close', () => child.kill('SIGKILL'));
}

function statusOf(code: number): object {
  if (code === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    reason: 'NonZeroExitCode',
    message: `command terminated with non-zero exit code: exit status ${code}`,
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  };
}
