import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { transportOf } from '../../test/fakes/api-transport.ts';
import { describeClient } from '../../test/suites/client.ts';
import { createAuthority, issueCertificate, type KeyPair } from '../../server/auth/pki/authority.ts';
import { systemClock } from '../machinery/clock.ts';
import type { Resource } from '../machinery/resource.ts';
import { createClient } from './create-client.ts';
import { createFakeApi } from './fake.ts';
import { createHttpTransport } from './http-transport.ts';
import type { ApiResponse, Transport } from './transport.ts';

const resources: readonly Resource[] = [
  { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true },
  { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true },
];
const [configMaps] = resources as [Resource];

function fakeTransport(): Transport {
  return transportOf(createFakeApi({ clock: systemClock }).client, resources);
}

function clientOver(transport: Transport): { client: ReturnType<typeof createClient>; end: AbortController } {
  const end = new AbortController();
  return {
    client: createClient(transport, { clock: systemClock, signal: end.signal, userAgent: 'test' }),
    end,
  };
}

describeClient('createClient over a loopback transport', () => {
  const { client, end } = clientOver(fakeTransport());
  return Promise.resolve({
    client,
    close() {
      end.abort();
      return Promise.resolve();
    },
  });
});

let folder: string;
let authority: KeyPair;
let serverPair: KeyPair;
let clientPair: KeyPair;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'flotilla-client-'));
  authority = await createAuthority('test', Date.now());
  const names = ['api.test', '127.0.0.1'];
  serverPair = await issueCertificate(
    authority,
    { commonName: 'api', usage: 'server', names, days: 2 },
    Date.now(),
  );
  clientPair = await issueCertificate(authority, { commonName: 'n1', usage: 'client', days: 2 }, Date.now());
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Serves a transport over TLS, and wants a client certificate. */
function serve(
  transport: Transport,
  listen: { readonly port: number } | { readonly path: string },
): Promise<Server> {
  const tls = {
    cert: serverPair.certificate,
    key: serverPair.key,
    ca: authority.certificate,
    requestCert: true,
  };
  const server = createServer(tls, (req, res) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk as Buffer);
      const ended = new AbortController();
      res.on('close', () => {
        ended.abort();
      });
      const response = await transport.request({
        method: req.method as 'GET',
        url: req.url ?? '',
        headers: req.headers,
        ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
        signal: ended.signal,
      });
      res.writeHead(response.status, response.headers as Record<string, string>);
      res.flushHeaders();
      if (response.body instanceof Uint8Array) res.end(response.body);
      else {
        for await (const chunk of response.body) res.write(chunk);
        res.end();
      }
    })();
  });
  return new Promise((resolve) => {
    server.listen(listen, () => {
      resolve(server);
    });
  });
}

async function overTls(
  socketPath: string | undefined,
  serverName = 'api.test',
): Promise<{ client: ReturnType<typeof createClient>; close(): Promise<void> }> {
  const server = await serve(fakeTransport(), socketPath === undefined ? { port: 0 } : { path: socketPath });
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  const address = socketPath === undefined ? { host: '127.0.0.1', port } : { socketPath };
  const transport = createHttpTransport({
    address,
    serverName,
    ca: authority.certificate,
    cert: clientPair.certificate,
    key: clientPair.key,
  });
  const { client, end } = clientOver(transport);
  return {
    client,
    async close() {
      end.abort();
      transport.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describeClient('createClient over TLS', () => overTls(undefined));
let sockets = 0;
describeClient('createClient over TLS on a unix socket', () =>
  overTls(join(folder, `api-${++sockets}.sock`)),
);

describe('createHttpTransport()', () => {
  const cases = [
    { name: 'trusts a server by its address', serverName: '127.0.0.1', fault: undefined },
    {
      name: 'refuses a server that is not the named one',
      serverName: 'other.test',
      fault: "does not match certificate's altnames",
    },
    {
      name: 'refuses a server that is not at the named address',
      serverName: '10.0.0.1',
      fault: "does not match certificate's altnames",
    },
  ];
  for (const { name, serverName, fault } of cases)
    it(name, async () => {
      const subject = await overTls(undefined, serverName);
      const answer = subject.client.list(configMaps).then(
        () => undefined,
        (error: unknown) => String(error),
      );
      const told = await answer;
      if (fault === undefined) expect(told).toBeUndefined();
      else expect(told).toContain(fault);
      await subject.close();
    });
});

describe('createClient()', () => {
  const answering = (answer: Partial<ApiResponse>): Transport => ({
    request: () => Promise.resolve({ status: 200, headers: {}, body: Buffer.from('{}'), ...answer }),
  });

  it('reads a watch whose lines arrive in pieces', async () => {
    async function* pieces(): AsyncGenerator<Uint8Array> {
      await Promise.resolve();
      const text = Buffer.from(
        '{"type":"ADDED","object":{"metadata":{"name":"ä"}}}\n{"type":"BOOKMARK","object":{"metadata":{}}}\n',
      );
      for (let i = 0; i < text.length; i += 7) yield text.subarray(i, i + 7);
    }
    const { client } = clientOver(answering({ body: pieces() }));
    const seen: string[] = [];
    for await (const event of client.watch(configMaps, {
      resourceVersion: '1',
      signal: new AbortController().signal,
    }))
      seen.push(`${event.type} ${event.object.metadata?.name ?? ''}`);
    expect(seen).toEqual(['ADDED ä', 'BOOKMARK ']);
  });

  it('turns an ERROR event into a StatusError', async () => {
    const line =
      '{"type":"ERROR","object":{"kind":"Status","reason":"Expired","code":410,"message":"too old resource version"}}\n';
    const { client } = clientOver(answering({ body: Buffer.from(line) }));
    const watching = client.watch(configMaps, { resourceVersion: '1', signal: new AbortController().signal });
    const error: unknown = await watching[Symbol.asyncIterator]()
      .next()
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ name: 'StatusError', reason: 'Expired', code: 410 });
  });

  it('tells a refusal that is no Status in the words of who refused', async () => {
    const { client } = clientOver(answering({ status: 502, body: Buffer.from('bad gateway') }));
    await expect(client.list(configMaps)).rejects.toMatchObject({ code: 502, message: 'bad gateway' });
  });

  it('gives a call up after its time', async () => {
    const transport: Transport = {
      request: ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        }),
    };
    const end = new AbortController();
    const client = createClient(transport, {
      clock: systemClock,
      signal: end.signal,
      userAgent: 'test',
      timeoutMs: 5,
    });
    await expect(client.list(configMaps)).rejects.toThrow('took longer than 5 ms');
  });
});
