import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { Pod, PodStatus } from '../../openapi/generated/types.ts';
import { systemClock } from '../../openapi/machinery/clock.ts';
import { silentLogger } from '../../openapi/machinery/log.ts';
import type { Kubelet } from '../kubelet/kubelet.ts';
import type { StatusManager } from '../kubelet/status-manager.ts';
import type { PodWorker } from '../kubelet/pod-worker.ts';
import type { ContainerStatus, LogOptions, StreamSession, TerminalSize } from '../runtime/driver.ts';
import { FakeDriver } from '../runtime/fake.ts';
import type { ServingContext } from './context.ts';
import { startServing } from './server.ts';

const uid = 'u1';
const pod: Pod = {
  metadata: { name: 'web', namespace: 'default', uid },
  spec: { hostNetwork: true, containers: [{ name: 'c' }, { name: 'waiting' }, { name: 'crashed' }] },
};
const status: PodStatus = {
  startTime: '2026-01-01T00:00:00Z',
  containerStatuses: [
    {
      ...{ name: 'c', ready: true, restartCount: 1, image: '', imageID: '', containerID: 'fake://now' },
      state: { running: {} },
      lastState: { terminated: { exitCode: 1, containerID: 'fake://before' } },
    },
    {
      ...{ name: 'waiting', ready: false, restartCount: 0, image: '', imageID: '' },
      state: { waiting: { reason: 'ContainerCreating' } },
    },
    {
      ...{ name: 'crashed', ready: false, restartCount: 3, image: '', imageID: '', containerID: 'fake://x' },
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { exitCode: 1, containerID: 'fake://crash' } },
    },
  ],
};

interface Call {
  readonly id: string;
  readonly options: unknown;
}

/** A driver whose sessions a test holds in its hands. */
class TestDriver extends FakeDriver {
  readonly calls: Call[] = [];
  readonly sizes: TerminalSize[] = [];
  stdin = new PassThrough();
  stdout = new PassThrough();
  end: (code: number) => void = () => undefined;
  close: () => void = () => undefined;
  /** Resolves when a session is closed. */
  readonly closed = new Promise<void>((resolve) => (this.close = resolve));

  override readLogs(id: string, options: LogOptions): Promise<PassThrough> {
    this.calls.push({ id, options });
    const lines = new PassThrough();
    lines.write(`log of ${id}\n`);
    if (!options.follow) lines.end();
    return Promise.resolve(lines);
  }
  override exec(id: string, options: object): Promise<StreamSession> {
    this.calls.push({ id, options });
    const stderr = new PassThrough();
    const ended = new Promise<number>((resolve) => {
      this.end = (code) => {
        stderr.end();
        this.stdout.end();
        resolve(code);
      };
    });
    return Promise.resolve({
      ...{ stdin: this.stdin, stdout: this.stdout, stderr, ended },
      resize: (size) => {
        this.sizes.push(size);
        return Promise.resolve();
      },
      close: () => {
        this.close();
      },
    });
  }
}

let folder = '';
let socketPath = '';
let driver: TestDriver;
let ended: AbortController;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-serving-'));
  socketPath = join(folder, 'run', 'agent.sock');
  driver = new TestDriver(systemClock);
  ended = new AbortController();
  const container = { id: 'now', name: 'c', state: 'running', tty: false } as ContainerStatus;
  const sandboxes = [{ running: true, pid: 1 }];
  const worker = {
    pod,
    podIP: '127.0.0.1',
    runtime: { containers: [container], sandboxes },
  } as unknown as PodWorker;
  const find = (namespace: string, name: string): PodWorker | undefined =>
    namespace === 'default' && name === 'web' ? worker : undefined;
  const context: ServingContext = {
    ...{ driver, nodeName: 'n1', clock: systemClock, log: silentLogger, signal: ended.signal },
    kubelet: { find, workers: () => [worker] } as unknown as Kubelet,
    statuses: { get: () => status } as unknown as StatusManager,
    readLoad: () =>
      Promise.resolve({
        ...{
          memoryAvailableBytes: 1,
          diskBytes: 2,
          diskAvailableBytes: 1,
          inodes: 2,
          inodesFree: 1,
          cpuBusySeconds: 1,
        },
      }),
    dialInside: () => Promise.reject(new Error('not here')),
    onImages: () => undefined,
  };
  await startServing(context, socketPath);
});
afterEach(async () => {
  ended.abort();
  await rm(folder, { recursive: true, force: true });
});

function get(path: string, method = 'GET', body = ''): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, method, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('the kubelet API', () => {
  it('stands behind a folder that only its owner enters', async () => {
    expect((await stat(join(folder, 'run'))).mode & 0o777).toBe(0o700);
    expect((await stat(socketPath)).mode & 0o777).toBe(0o666);
  });

  const answers = [
    { path: '/healthz', status: 200, text: 'ok' },
    { path: '/containerLogs/default/web/c', status: 200, text: 'log of now\n' },
    { path: '/containerLogs/default/web/c?previous=true', status: 200, text: 'log of before\n' },
    { path: '/containerLogs/default/web/crashed', status: 200, text: 'log of crash\n' },
    { path: '/containerLogs/default/web/c?limitBytes=3', status: 200, text: 'log' },
    {
      path: '/containerLogs/default/web/c?tailLines=-1',
      status: 400,
      text: 'tailLines "-1" is not a whole number',
    },
    { path: '/containerLogs/default/web/c?sinceTime=x', status: 400, text: 'sinceTime "x" is no time' },
    {
      path: '/containerLogs/default/web/no',
      status: 400,
      text: 'container "no" in pod "web" is not available',
    },
    {
      path: '/containerLogs/default/web/..%2f..%2fetc',
      status: 400,
      text: 'container "../../etc" in pod "web" is not available',
    },
    {
      path: '/containerLogs/default/web/waiting',
      status: 400,
      text: 'container "waiting" in pod "web" is waiting to start: ContainerCreating',
    },
    {
      path: '/containerLogs/default/web/waiting?previous=true',
      status: 400,
      text: 'previous terminated container "waiting" in pod "web" not found',
    },
    { path: '/containerLogs/default/other/c', status: 404, text: 'pod "default/other" not found' },
    { path: '/containerLogs/default/web', status: 404, text: '404 page not found' },
    { path: '/containerLogs/%zz/web/c', status: 400, text: 'the path is not well escaped' },
    { path: '/debug/pprof', status: 404, text: '404 page not found' },
  ];
  for (const { path, status: wanted, text } of answers) {
    it(`GET ${path} answers ${wanted}`, async () => {
      expect(await get(path)).toEqual({ status: wanted, text });
    });
  }

  it('hands the options of logs on', async () => {
    await get('/containerLogs/default/web/c?tailLines=5&timestamps=true&sinceTime=2026-01-01T00:00:00Z');
    const options = { follow: false, timestamps: true, tailLines: 5, sinceMs: Date.UTC(2026, 0, 1) };
    expect(driver.calls).toEqual([{ id: 'now', options }]);
  });
  it('lists pods with their newest status, and sums up what they use', async () => {
    expect(JSON.parse((await get('/pods')).text)).toMatchObject({ kind: 'PodList', items: [{ status }] });
    expect(JSON.parse((await get('/stats/summary')).text)).toMatchObject({ node: { nodeName: 'n1' } });
  });
  it('loads images, a line of JSON for each thing that happens', async () => {
    const { text } = await get('/images/load', 'POST', 'app:1');
    expect(text).toBe('{"line":"Loaded image: app:1"}\n');
  });
});

interface Session {
  readonly socket: WebSocket;
  readonly messages: [number, string][];
  readonly closed: Promise<void>;
}

function open(path: string): Promise<Session> {
  const socket = new WebSocket(`ws+unix://${socketPath}:${path}`, ['v5.channel.k8s.io']);
  const messages: [number, string][] = [];
  socket.on('message', (data: Buffer) => messages.push([data[0] ?? -1, data.subarray(1).toString()]));
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      resolve();
    });
  });
  return new Promise((resolve, reject) => {
    socket.once('open', () => {
      resolve({ socket, messages, closed });
    });
    socket.once('unexpected-response', (_request, response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => {
        reject(new Error(`${response.statusCode ?? 0} ${text}`));
      });
    });
    socket.once('error', () => undefined);
  });
}

function frame(channel: number, text: string | Buffer): Buffer {
  return Buffer.concat([Buffer.from([channel]), Buffer.from(text)]);
}

describe('exec and attach', () => {
  const all = 'stdin=true&stdout=true&stderr=true';
  it('carries streams, sizes, the end of the input and the exit code', async () => {
    const session = await open(`/exec/default/web/c?command=sh&command=-c&command=a%20b&${all}&tty=true`);
    session.socket.send(frame(0, 'in'));
    session.socket.send(frame(4, '{"Width":80,"Height":24}'));
    session.socket.send(frame(4, '{"Width":-1}'));
    session.socket.send(Buffer.from([255, 0]));
    let input = '';
    for await (const chunk of driver.stdin) input += String(chunk);
    driver.stdout.write('out');
    driver.end(3);
    await session.closed;
    expect(input).toBe('in');
    expect(driver.sizes).toEqual([{ width: 80, height: 24 }]);
    expect(driver.calls[0]?.options).toMatchObject({
      command: ['sh', '-c', 'a b'],
      tty: true,
      stderr: false,
    });
    expect(session.messages[0]).toEqual([1, 'out']);
    expect(JSON.parse(session.messages[1]?.[1] ?? '')).toMatchObject({
      ...{ status: 'Failure', reason: 'NonZeroExitCode' },
      details: { causes: [{ reason: 'ExitCode', message: '3' }] },
    });
  });
  it('says Success for 0', async () => {
    const session = await open(`/exec/default/web/c?command=true&${all}`);
    driver.end(0);
    await session.closed;
    expect(session.messages).toEqual([[3, '{"metadata":{},"status":"Success"}']]);
  });
  it('ends the command when the client goes', async () => {
    const session = await open(`/exec/default/web/c?command=cat&${all}`);
    session.socket.terminate();
    await driver.closed;
  });
  const refused = [
    { path: `/exec/default/web/c?${all}`, want: '400 you must specify a command' },
    {
      path: '/exec/default/web/c?command=x',
      want: '400 you must specify at least 1 of stdin, stdout, stderr',
    },
    { path: `/exec/default/web/waiting?command=x&${all}`, want: '500 container not found ("waiting")' },
    { path: `/exec/default/web/no?command=x&${all}`, want: '404 container not found ("no")' },
    { path: `/attach/default/no/c?${all}`, want: '404 pod "default/no" not found' },
    { path: '/run/default/web/c', want: '404 404 page not found' },
  ];
  for (const { path, want } of refused) {
    it(`refuses ${path}`, async () => {
      await expect(open(path)).rejects.toThrow(want);
    });
  }
});

describe('port-forward', () => {
  let echo: Server;
  beforeEach(async () => {
    echo = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    echo.close();
  });

  function forward(port: number | string): Promise<{ head: string; socket: Duplex }> {
    return new Promise((resolve, reject) => {
      const socket = connect(socketPath);
      socket.once('error', reject);
      socket.write(
        `GET /portForward/default/web?port=${port} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
      );
      socket.once('data', (chunk: Buffer) => {
        resolve({ head: chunk.toString(), socket });
      });
    });
  }
  it('carries bytes both ways until each side has ended', async () => {
    const { head, socket } = await forward((echo.address() as AddressInfo).port);
    expect(head).toMatch(/^HTTP\/1\.1 101 /);
    socket.end(Buffer.alloc(200_000, 'x'));
    let bytes = 0;
    for await (const chunk of socket as AsyncIterable<Buffer>) bytes += chunk.length;
    expect(bytes).toBe(200_000);
  });
  it('says why nothing answers', async () => {
    const { port } = echo.address() as AddressInfo;
    await new Promise((resolve) => echo.close(resolve));
    const { head, socket } = await forward(port);
    expect(head).toContain('502 Bad Gateway');
    expect(head).toContain(`connect: connection refused`);
    socket.destroy();
  });
  for (const port of ['0', '65536', 'x', '']) {
    it(`refuses port "${port}"`, async () => {
      const { head, socket } = await forward(port);
      expect(head).toMatch(/^HTTP\/1\.1 400 /);
      socket.destroy();
    });
  }
});
