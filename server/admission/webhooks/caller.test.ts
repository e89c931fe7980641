import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { systemClock } from '../../../openapi/machinery/clock.ts';
import { createAuthority, issueCertificate } from '../../auth/pki/authority.ts';
import { createWebhookCaller, type WebhookCaller } from './caller.ts';

let server: Server;
let port = 0;
let caBundle = '';
const seen: { url: string | undefined; body: string; type: string | undefined }[] = [];

beforeAll(async () => {
  const authority = await createAuthority('test', systemClock.now());
  const pair = await issueCertificate(
    authority,
    { commonName: 'hook', usage: 'server', names: ['127.0.0.1', 'hook.shop.svc'], days: 1 },
    systemClock.now(),
  );
  caBundle = Buffer.from(authority.certificate).toString('base64');
  server = createServer({ cert: pair.certificate, key: pair.key }, (incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { url } = incoming;
      seen.push({ url, body: Buffer.concat(chunks).toString(), type: incoming.headers['content-type'] });
      if (url?.startsWith('/slow') === true) return;
      if (url?.startsWith('/moved') === true)
        response.writeHead(302, { location: 'https://127.0.0.1/x' }).end();
      else if (url?.startsWith('/none') === true) response.writeHead(404).end();
      else if (url?.startsWith('/text') === true) response.end('hello');
      else response.end('{"kind":"AdmissionReview"}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function caller(): WebhookCaller {
  return createWebhookCaller((service) => {
    if (service.name !== 'hook') return Promise.reject(new Error(`service "${service.name}" not found`));
    return Promise.resolve(connect(port, '127.0.0.1'));
  }, systemClock);
}

describe('a webhook caller', () => {
  it('posts JSON to a URL, with the time that it waits', async () => {
    const answer = await caller().call({ url: `https://127.0.0.1:${port}/a`, caBundle }, { a: 1 }, 5);
    expect(answer).toEqual({ kind: 'AdmissionReview' });
    expect(seen.at(-1)).toEqual({ url: '/a?timeout=5s', body: '{"a":1}', type: 'application/json' });
  });

  it('reaches a Service by its name, which the certificate must bear', async () => {
    const service = { namespace: 'shop', name: 'hook', path: '/b' };
    await expect(caller().call({ service, caBundle }, {}, 5)).resolves.toEqual({ kind: 'AdmissionReview' });
    expect(seen.at(-1)?.url).toBe('/b?timeout=5s');
    const elsewhere = { ...service, namespace: 'other' };
    await expect(caller().call({ service: elsewhere, caBundle }, {}, 5)).rejects.toMatchObject({
      message: expect.stringContaining('x509: certificate is not valid for hook.other.svc'),
    });
  });

  const failures: { name: string; path: string; seconds?: number; trusts?: boolean; want: RegExp }[] = [
    {
      name: 'a webhook that does not answer',
      path: '/slow',
      seconds: 0.2,
      want: /: context deadline exceeded$/,
    },
    { name: 'a redirect, which it does not follow', path: '/moved', want: /status code 302/ },
    { name: 'a path that is not there', path: '/none', want: /could not find the requested resource$/ },
    { name: 'an answer that is no JSON', path: '/text', want: /json parse error/ },
    {
      name: 'a certificate that nobody vouches for',
      path: '/a',
      trusts: false,
      want: /signed by unknown authority$/,
    },
  ];
  for (const { name, path, seconds = 5, trusts = true, want } of failures)
    it(`tells of ${name}`, async () => {
      const client = { url: `https://127.0.0.1:${port}${path}`, ...(trusts ? { caBundle } : {}) };
      await expect(caller().call(client, {}, seconds)).rejects.toMatchObject({
        name: 'CallError',
        message: expect.stringMatching(want),
      });
    });

  it('tells of a port where nobody listens, and of a Service that is not there', async () => {
    await expect(caller().call({ url: 'https://127.0.0.1:1/a' }, {}, 5)).rejects.toMatchObject({
      message:
        'failed to call webhook: Post "https://127.0.0.1:1/a?timeout=5s": dial tcp 127.0.0.1:1: connect: connection refused',
    });
    const service = { namespace: 'shop', name: 'none' };
    await expect(caller().call({ service }, {}, 5)).rejects.toMatchObject({
      message: 'failed to call webhook: Post "https://none.shop.svc/?timeout=5s": service "none" not found',
    });
  });
});
