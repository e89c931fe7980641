import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer as createHttp, type Server } from 'node:http';
import { createServer as createHttp2, type Http2Server } from 'node:http2';
import { createServer as createTcp, type AddressInfo, type Server as TcpServer } from 'node:net';
import type { Pod, Probe } from '../../openapi/generated/types.ts';
import { systemClock } from '../../openapi/machinery/clock.ts';
import { FakeDriver } from '../runtime/fake.ts';
import { runProbe, type ProbeTarget } from './probe-run.ts';

let http: Server;
let grpc: Http2Server;
let tcp: TcpServer;
let closedPort = 0;
const heard: string[] = [];

function listen(server: TcpServer | Http2Server): Promise<void> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve();
    });
  });
}
function portOf(server: TcpServer | Http2Server): number {
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  http = createHttp((request, response) => {
    heard.push(
      `${request.headers.host ?? ''} ${request.headers['user-agent'] ?? ''} ${request.headers['x-own']?.toString() ?? ''}`,
    );
    const path = request.url ?? '';
    if (path === '/slow') return;
    if (path === '/here') response.setHeader('location', '/ok');
    if (path === '/there') response.setHeader('location', 'http://example.invalid/');
    response.statusCode = { '/ok': 200, '/here': 302, '/there': 302, '/bad': 503 }[path] ?? 404;
    response.end('body');
  });
  grpc = createHttp2();
  grpc.on('stream', (stream) => {
    let body = Buffer.alloc(0);
    stream.on('data', (chunk: Buffer) => (body = Buffer.concat([body, chunk])));
    stream.on('end', () => {
      const service = body.subarray(7).toString();
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => {
        stream.sendTrailers({ 'grpc-status': service === 'none' ? '12' : '0' });
      });
      stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, service === 'sick' ? 2 : 1]));
    });
  });
  tcp = createTcp((socket) => socket.destroy());
  const closed = createTcp();
  await Promise.all([http, grpc, tcp, closed].map(listen));
  closedPort = portOf(closed);
  closed.close();
});
afterAll(() => {
  http.closeAllConnections();
  for (const server of [http, grpc, tcp]) server.close();
});

function run(probe: Probe, more: Partial<ProbeTarget> = {}): ReturnType<typeof runProbe> {
  const ports = [{ name: 'web', containerPort: portOf(http) }];
  const pod: Pod = { spec: { containers: [{ name: 'c', ports }] } };
  const driver = new FakeDriver(systemClock);
  return runProbe(probe, {
    ...{ pod, containerName: 'c', containerId: 'id', podIP: '127.0.0.1', driver, clock: systemClock },
    ...{ signal: new AbortController().signal, ...more },
  });
}

describe('runProbe()', () => {
  const cases: { name: string; probe: () => Probe; result: string; output: RegExp }[] = [
    {
      name: 'a good answer',
      probe: () => ({ httpGet: { port: 'web', path: '/ok' } }),
      result: 'success',
      output: /body/,
    },
    {
      name: 'a path without its slash',
      probe: () => ({ httpGet: { port: 'web', path: 'ok' } }),
      result: 'success',
      output: /body/,
    },
    {
      name: 'a way to the same host',
      probe: () => ({ httpGet: { port: 'web', path: '/here' } }),
      result: 'success',
      output: /body/,
    },
    {
      name: 'a way to another host',
      probe: () => ({ httpGet: { port: 'web', path: '/there' } }),
      result: 'warning',
      output: /^Probe terminated redirects, Response body: body$/,
    },
    {
      name: 'a bad answer',
      probe: () => ({ httpGet: { port: 'web', path: '/bad' } }),
      result: 'failure',
      output: /^HTTP probe failed with statuscode: 503$/,
    },
    {
      name: 'no answer in time',
      probe: () => ({ httpGet: { port: 'web', path: '/slow' }, timeoutSeconds: 0.05 }),
      result: 'failure',
      output: /context deadline exceeded/,
    },
    {
      name: 'nobody',
      probe: () => ({ httpGet: { port: closedPort, path: '/' } }),
      result: 'failure',
      output: /^Get "http:\/\/127\.0\.0\.1:\d+\/": dial tcp 127\.0\.0\.1:\d+: connect: connection refused$/,
    },
    {
      name: 'an open port',
      probe: () => ({ tcpSocket: { port: portOf(tcp) } }),
      result: 'success',
      output: /^$/,
    },
    {
      name: 'a closed port',
      probe: () => ({ tcpSocket: { port: closedPort } }),
      result: 'failure',
      output: /^dial tcp 127\.0\.0\.1:\d+: connect: connection refused$/,
    },
    {
      name: 'a gRPC service that serves',
      probe: () => ({ grpc: { port: portOf(grpc), service: 'well' } }),
      result: 'success',
      output: /^$/,
    },
    {
      name: 'a gRPC service that does not',
      probe: () => ({ grpc: { port: portOf(grpc), service: 'sick' } }),
      result: 'failure',
      output: /NOT_SERVING/,
    },
    {
      name: 'a gRPC server without health',
      probe: () => ({ grpc: { port: portOf(grpc), service: 'none' } }),
      result: 'failure',
      output: /does not implement the grpc health protocol/,
    },
    {
      name: 'no gRPC server',
      probe: () => ({ grpc: { port: closedPort } }),
      result: 'failure',
      output: /^timeout: failed to connect service/,
    },
  ];
  for (const { name, probe, result, output } of cases) {
    it(`yields ${result} for ${name}`, async () => {
      const outcome = await run(probe());
      expect(outcome.result).toBe(result);
      expect(outcome.output).toMatch(output);
    });
  }
  it('names itself and sends the pod’s headers', async () => {
    heard.length = 0;
    const httpHeaders = [
      { name: 'Host', value: 'shop.example' },
      { name: 'X-Own', value: 'a' },
    ];
    await run({ httpGet: { port: 'web', path: '/ok', httpHeaders } });
    expect(heard).toEqual(['shop.example kube-probe/1.36 a']);
  });
  it('rejects for a port name that the container has not', async () => {
    await expect(run({ httpGet: { port: 'no' } })).rejects.toThrow("couldn't find port: no");
  });
});
