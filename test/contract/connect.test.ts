import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import WebSocket from 'ws';
import { systemClock } from '../../openapi/machinery/clock.ts';
import { createConnectHandler } from '../../server/apiserver/connect/handler.ts';
import { createAuthority, issueCertificate } from '../../server/auth/pki/authority.ts';
import { startFakeAgent, type FakeAgent } from './fake-agent.ts';
import { adminToken, createFixture, type Fixture } from './fixture.ts';
import { openSpdy } from './spdy-client.ts';

const pods = '/api/v1/namespaces/default/pods';
const bearer = { authorization: `Bearer ${adminToken}` };

let agent: FakeAgent;
let server: Fixture;
let web: Server;
let port: number;
let webPort: number;
let ca: string;

beforeAll(async () => {
  agent = await startFakeAgent();
  web = createServer((request, response) => {
    if (request.url === '/hang-up') request.socket.destroy();
    else if (request.url === '/page') {
      response.setHeader('content-type', 'text/html').end('<a href="/next">next</a>');
    } else request.pipe(response.writeHead(200, { 'x-path': request.url ?? '' }));
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  webPort = (web.address() as AddressInfo).port;
  const now = Date.now();
  const authority = await createAuthority('test', now);
  ca = authority.certificate;
  const own = { commonName: 'kube-apiserver', names: ['127.0.0.1'], usage: 'server', days: 1 } as const;
  const { certificate, key } = await issueCertificate(authority, own, now);
  const made: { server?: Fixture } = {};
  server = made.server = createFixture({
    tls: { certificate, key, clientCa: ca },
    connect: createConnectHandler({
      objects: {
        get: async (resource, name) => made.server?.objects.get(resource, name),
        list: async (resource, namespace) => (await made.server?.objects.list(resource, namespace)) ?? [],
      },
      dialer: agent.dialer,
      clock: systemClock,
      random: () => 0,
    }),
  });
  port = await server.listen({ host: '127.0.0.1', port: 0 });
  await fill();
});
afterAll(async () => {
  await server.stop(100);
  await agent.close();
  web.closeAllConnections();
  await new Promise((resolve) => web.close(resolve));
});

async function fill(): Promise<void> {
  await post('/api/v1/nodes', {
    metadata: { name: 'n' },
    status: { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] },
  });
  const container = { name: 'c', image: 'i', ports: [{ containerPort: webPort }] };
  const labels = { app: 'p' };
  await post(pods, { metadata: { name: 'p', labels }, spec: { nodeName: 'n', containers: [container] } });
  await patch(`${pods}/p/status`, {
    status: { phase: 'Running', podIP: '10.244.0.5', podIPs: [{ ip: '10.244.0.5' }] },
  });
  await post(pods, { metadata: { name: 'waiting' }, spec: { containers: [container] } });
  await post(pods, { metadata: { name: 'lost' }, spec: { nodeName: 'gone', containers: [container] } });
  await post('/api/v1/namespaces/default/services', {
    metadata: { name: 's' },
    spec: { selector: labels, ports: [{ name: 'web', port: 80, targetPort: webPort }] },
  });
  const address = {
    ip: '10.244.0.5',
    nodeName: 'n',
    targetRef: { kind: 'Pod', name: 'p', namespace: 'default' },
  };
  await post('/api/v1/namespaces/default/endpoints', {
    metadata: { name: 's' },
    subsets: [{ addresses: [address], ports: [{ name: 'web', port: webPort }] }],
  });
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

function call(method: string, path: string, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const headers = { ...bearer, 'content-type': type };
    const options = { host: '127.0.0.1', port, ca, method, path, headers, agent: false };
    const request = httpsRequest(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const answered = response.headers['content-type'] ?? '';
        resolve({ status: response.statusCode ?? 0, type: answered, body: Buffer.concat(chunks).toString() });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function post(path: string, body: object): Promise<void> {
  const { status, body: text } = await call('POST', path, JSON.stringify(body));
  if (status !== 201) throw new Error(text);
}

async function patch(path: string, body: object): Promise<void> {
  const { status, body: text } = await call('PATCH', path, JSON.stringify(body));
  if (status !== 200) throw new Error(text);
}

interface Ran {
  readonly protocol: string;
  readonly channels: Readonly<Record<number, string>>;
}

/** Runs a command over a WebSocket until the other side closes it. */
function runOver(protocol: string, query: string, messages: readonly Buffer[] = []): Promise<Ran> {
  const base64 = protocol.startsWith('base64.');
  return new Promise((resolve, reject) => {
    const url = `wss://127.0.0.1:${port}${pods}/p/exec?${query}`;
    const socket = new WebSocket(url, protocol, { ca, headers: bearer });
    const channels: Record<number, string> = {};
    socket.on('open', () => {
      for (const message of messages) {
        socket.send(base64 ? `${message[0] ?? 0}${message.subarray(1).toString('base64')}` : message);
      }
    });
    socket.on('message', (data: Buffer) => {
      const channel = base64 ? Number(String.fromCharCode(data[0] ?? 48)) : (data[0] ?? 0);
      const text = base64
        ? Buffer.from(data.subarray(1).toString(), 'base64').toString()
        : data.subarray(1).toString();
      channels[channel] = (channels[channel] ?? '') + text;
    });
    socket.on('close', () => {
      resolve({ protocol: socket.protocol, channels });
    });
    socket.on('error', reject);
  });
}

const command = (...words: readonly string[]): string =>
  words.map((word) => `command=${encodeURIComponent(word)}`).join('&');

describe('a log', () => {
  it('is what the agent sends', async () => {
    const { status, type, body } = await call('GET', `${pods}/p/log?tailLines=2`);
    expect({ status, type, body }).toEqual({ status: 200, type: 'text/plain', body: 'two\nthree\n' });
  });

  it.each([
    { of: 'none/log', code: 404, message: 'pods "none" not found' },
    { of: 'p/log?container=x', code: 400, message: 'container x is not valid for pod p' },
    { of: 'p/log?tailLines=x', code: 400, message: 'strconv.ParseInt: parsing "x": invalid syntax' },
    {
      of: 'p/log?previous=true',
      code: 400,
      message: 'previous terminated container "c" in pod "p" not found',
    },
    { of: 'lost/log', code: 404, message: 'pods "gone" not found' },
  ])('of $of is refused', async ({ of, code, message }) => {
    const { status, body } = await call('GET', `${pods}/${of}`);
    expect(status).toBe(code);
    expect(JSON.parse(body)).toMatchObject({ kind: 'Status', code, message });
  });

  it('of a pod that no node has is empty', async () => {
    expect(await call('GET', `${pods}/waiting/log`)).toMatchObject({ status: 204, body: '' });
  });
});

describe('a command', () => {
  it.each(['v5.channel.k8s.io', 'v4.channel.k8s.io', 'base64.channel.k8s.io'])(
    'over %s gives its output',
    async (name) => {
      const { protocol, channels } = await runOver(
        name,
        `stdout=true&stderr=true&${command('sh', '-c', 'echo out; echo err >&2')}`,
      );
      expect(protocol).toBe(name);
      expect(channels).toMatchObject({ 1: 'out\n', 2: 'err\n' });
    },
  );

  it('tells its exit code', async () => {
    const { channels } = await runOver('v4.channel.k8s.io', `stdout=true&${command('sh', '-c', 'exit 7')}`);
    expect(JSON.parse(channels[3] ?? '')).toMatchObject({
      status: 'Failure',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '7' }] },
    });
  });

  it('reads its input until that is closed', async () => {
    const input = Buffer.alloc(300_000, 'x');
    const pieces = [0, 100_000, 200_000].map((at) =>
      Buffer.concat([Buffer.from([0]), input.subarray(at, at + 100_000)]),
    );
    const { channels } = await runOver('v5.channel.k8s.io', `stdin=true&stdout=true&${command('wc', '-c')}`, [
      ...pieces,
      Buffer.from([255, 0]),
    ]);
    expect(channels[1]?.trim()).toBe('300000');
  });

  it('over SPDY gives output and status', async () => {
    const path = `${pods}/p/exec?stdout=true&${command('sh', '-c', 'echo out; exit 3')}`;
    const spdy = await openSpdy({ port, ca, path, headers: bearer, protocol: 'v4.channel.k8s.io' });
    const [status, out] = [spdy.open(1, { streamtype: 'error' }), spdy.open(3, { streamtype: 'stdout' })];
    expect(await out).toBe('out\n');
    expect(JSON.parse(await status)).toMatchObject({ reason: 'NonZeroExitCode' });
    spdy.close();
  });

  it('of no known container is refused before the upgrade', async () => {
    const url = `wss://127.0.0.1:${port}${pods}/p/exec?container=x&stdout=true&command=true`;
    const socket = new WebSocket(url, 'v5.channel.k8s.io', { ca, headers: bearer });
    const code = await new Promise((resolve) => {
      socket.on('unexpected-response', (request, response) => {
        request.destroy();
        resolve(response.statusCode);
      });
    });
    expect(code).toBe(400);
  });
});

describe('a forwarded port', () => {
  it('carries bytes both ways over SPDY', async () => {
    const path = `${pods}/p/portforward`;
    const spdy = await openSpdy({ port, ca, path, headers: bearer, protocol: 'portforward.k8s.io' });
    const headers = { port: String(webPort), requestid: '0' };
    const fault = spdy.open(1, { ...headers, streamtype: 'error' });
    const answer = spdy.open(3, { ...headers, streamtype: 'data' });
    spdy.send(3, 'GET /through HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(await answer).toContain('x-path: /through');
    expect(await fault).toBe('');
    spdy.close();
  });

  it('tells why it cannot be reached', async () => {
    const path = `${pods}/p/portforward`;
    const spdy = await openSpdy({ port, ca, path, headers: bearer, protocol: 'portforward.k8s.io' });
    const headers = { port: '1', requestid: '0' };
    const fault = spdy.open(1, { ...headers, streamtype: 'error' });
    void spdy.open(3, { ...headers, streamtype: 'data' });
    expect(await fault).toContain('ECONNREFUSED');
    spdy.close();
  });
});

describe('a proxy', () => {
  it.each([
    ['a pod', (): string => `${pods}/p/proxy/echo?q=1`],
    ['a port of a pod', (): string => `${pods}/p:${webPort}/proxy/echo`],
    ['a service', (): string => '/api/v1/namespaces/default/services/s:web/proxy/echo'],
    ['a service by number', (): string => '/api/v1/namespaces/default/services/s:80/proxy/echo'],
  ])('leads to %s', async (_, path) => {
    expect(await call('POST', path(), 'hello')).toMatchObject({ status: 200, body: 'hello' });
  });

  it('keeps the links of a page inside', async () => {
    const { body } = await call('GET', `${pods}/p/proxy/page`);
    expect(body).toBe(`<a href="${pods}/p/proxy/next">next</a>`);
  });

  it('leads to the API of a node', async () => {
    expect(await call('GET', '/api/v1/nodes/n/proxy/pods')).toMatchObject({ body: '{"kind":"PodList"}' });
    expect(agent.requests).toContain('/pods');
  });

  it('reads a large body to its end when the other side breaks off', async () => {
    const body = 'x'.repeat(32 * 1024 * 1024);
    expect(await call('POST', `${pods}/p/proxy/hang-up`, body)).toMatchObject({ status: 503 });
  });

  it.each([
    ['/api/v1/namespaces/default/services/none/proxy/', 404],
    ['/api/v1/namespaces/default/services/s:other/proxy/', 503],
    ['/api/v1/nodes/none/proxy/pods', 404],
  ])('to %s is refused with %d', async (path, code) => {
    expect(await call('GET', path)).toMatchObject({ status: code });
  });
});
