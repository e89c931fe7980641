import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { createAuthority, issueCertificate, type KeyPair } from '../../server/auth/pki/authority.ts';
import { adminToken, createFixture, type Fixture } from './fixture.ts';

const path = '/api/v1/namespaces/default/configmaps';

let server: Fixture;
let port: number;
let authority: KeyPair;
let jane: KeyPair;
let stranger: KeyPair;

beforeAll(async () => {
  const now = Date.now();
  authority = await createAuthority('test', now);
  const names = {
    commonName: 'kube-apiserver',
    names: ['127.0.0.1', 'localhost'],
    usage: 'server',
    days: 1,
  } as const;
  const { certificate, key } = await issueCertificate(authority, names, now);
  const client = {
    commonName: 'jane',
    organizations: ['devs', 'testers'],
    usage: 'client',
    days: 1,
  } as const;
  jane = await issueCertificate(authority, client, now);
  stranger = await issueCertificate(await createAuthority('others', now), client, now);
  server = createFixture({
    tls: { certificate, key, clientCa: authority.certificate },
    authorizer: {
      authorize: ({ user, path: asked }) =>
        asked === undefined
          ? { allowed: true, reason: '' }
          : { allowed: false, denied: false, reason: `${user.name} of ${user.groups.join()}` },
    },
  });
  port = await server.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await server.stop(100);
});

interface Answer {
  readonly status: number;
  readonly body: string;
}

function call(options: RequestOptions, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      { host: '127.0.0.1', port, ca: authority.certificate, agent: false, ...options },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
const bearer = { authorization: `Bearer ${adminToken}` };

describe('the HTTPS server', () => {
  it('knows a client by its certificate', async () => {
    const { status, body } = await call({ path: '/whoami', cert: jane.certificate, key: jane.key });
    expect(status).toBe(403);
    expect(body).toContain('jane of devs,testers,system:authenticated');
  });

  it('refuses a certificate of another authority, and takes a token beside it', async () => {
    const shown = { cert: stranger.certificate, key: stranger.key };
    expect((await call({ path, ...shown })).status).toBe(401);
    expect((await call({ path, ...shown, headers: bearer })).status).toBe(200);
  });

  it('writes an error for an upgrade that nothing serves', async () => {
    const headers = { ...bearer, connection: 'Upgrade', upgrade: 'SPDY/3.1' };
    expect((await call({ path: '/api/v1/namespaces/default/pods/p/nothing', headers })).status).toBe(404);
    expect((await call({ path: '/version', headers })).status).toBe(403);
  });

  it('reads TLS from a stream that came some other way', async () => {
    const other = createFixture({ tls: { ...jane, clientCa: authority.certificate } });
    const listener = (await import('node:net')).createServer((socket) => {
      other.accept(socket);
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const address = listener.address() as { readonly port: number };
    const text = await new Promise<string>((resolve, reject) => {
      const socket = connectTls({ host: '127.0.0.1', port: address.port, rejectUnauthorized: false });
      let received = '';
      socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
      socket.on('end', () => {
        resolve(received);
      });
      socket.on('error', reject);
      socket.write(`GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    });
    expect(text).toContain('200 OK');
    listener.close();
    await other.stop(50);
  });

  it('survives what is no TLS and no HTTP', async () => {
    for (const bytes of ['GET / HTTP/1.0\r\n\r\n', '\u0016\u0003\u0001garbage']) {
      await new Promise<void>((resolve) => {
        const socket = connectTcp(port, '127.0.0.1', () => socket.write(bytes));
        socket.on('error', () => undefined);
        socket.on('close', () => {
          resolve();
        });
        socket.resume();
      });
    }
    expect((await call({ path, headers: bearer })).status).toBe(200);
  });

  it('flushes a watch at once, and ends it when the client goes', async () => {
    const first = await new Promise<string>((resolve, reject) => {
      const request = httpsRequest(
        { host: '127.0.0.1', port, ca: authority.certificate, path: `${path}?watch=true`, headers: bearer },
        (response) => {
          response.on('error', () => undefined);
          response.once('data', (chunk: Buffer) => {
            request.destroy();
            resolve(chunk.toString());
          });
          void call(
            { path, method: 'POST', headers: { ...bearer, 'content-type': 'application/json' } },
            '{"metadata":{"name":"w"}}',
          );
        },
      );
      request.on('error', reject);
      request.end();
    });
    expect(JSON.parse(first)).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'w' } } });
  });

  it('cuts a watch whose reader leaves too much lying', async () => {
    const slow = await new Promise<ReturnType<typeof connectTls>>((resolve) => {
      const socket = connectTls(
        { host: '127.0.0.1', port, ca: authority.certificate, servername: 'localhost' },
        () => {
          socket.write(
            `GET ${path}?watch=true HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${adminToken}\r\n\r\n`,
          );
          socket.once('data', () => {
            socket.pause();
            resolve(socket);
          });
        },
      );
      socket.on('error', () => undefined);
    });
    const closed = new Promise<void>((resolve) => slow.on('close', resolve));
    const headers = { ...bearer, 'content-type': 'application/json' };
    for (let index = 0; index < 25; index++) {
      const body = JSON.stringify({ metadata: { name: `big-${index}` }, data: { k: 'x'.repeat(1_000_000) } });
      expect((await call({ path, method: 'POST', headers }, body)).status).toBe(201);
    }
    slow.resume();
    await closed;
  }, 60_000);

  it('ends watches when it stops', async () => {
    const other = createFixture({ tls: { ...jane, clientCa: authority.certificate } });
    const otherPort = await other.listen({ host: '127.0.0.1', port: 0 });
    const ended = new Promise<void>((resolve) => {
      const request = httpsRequest(
        {
          host: '127.0.0.1',
          port: otherPort,
          rejectUnauthorized: false,
          path: `${path}?watch=true`,
          headers: bearer,
        },
        (response) => {
          response.on('error', () => undefined);
          response.on('close', resolve);
          response.resume();
          void other.stop(50);
        },
      );
      request.on('error', () => undefined);
      request.end();
    });
    await ended;
  });
});
