import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority, issueCertificate } from '../auth/pki/authority.ts';
import { loadOnAll } from './command-image.ts';
import type { CliContext } from './context.ts';
import type { Access } from './kubeconfig.ts';

/** More than all buffers between the two take. */
const fileBytes = 64 * 1024 * 1024;

let folder = '';
let file = '';
let server: Server;
let access: Access;
let said: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-image-'));
  file = join(folder, 'image.tar');
  await writeFile(file, '');
  await truncate(file, fileBytes);
  const authority = await createAuthority('test', Date.now());
  const own = { commonName: 'server', names: ['127.0.0.1'], usage: 'server', days: 1 } as const;
  const { certificate, key } = await issueCertificate(authority, own, Date.now());
  server = createServer({ cert: certificate, key }, (request, response) => {
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  access = { server: `https://127.0.0.1:${port}`, ca: authority.certificate, certificate, key };
  said = '';
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

function load(): Promise<void> {
  const context = {
    err: (text: string) => {
      said += text;
    },
    signal: new AbortController().signal,
  } as unknown as CliContext;
  return loadOnAll(context, access, file, ['n1']);
}

describe('flotilla image load', () => {
  it('sends the whole file, and says what the runtime called it', async () => {
    let received = 0;
    answer = (request, response) => {
      request.on('data', (chunk: Buffer) => (received += chunk.length));
      request.on('end', () => response.end('{"line":"Loaded image: app:1\\n"}\n'));
    };
    await load();
    expect(received).toBe(fileBytes);
    expect(said).toBe('n1: loaded app:1 (67.1 MB)\n');
  });

  it('gives up at once when the server refuses before it has read the file', async () => {
    answer = (_request, response) => {
      response.writeHead(503).end('{"message":"the node is not connected"}');
    };
    await expect(load()).rejects.toThrow(`Cannot load ${file}: n1: the node is not connected`);
  });

  it('fails when the connection breaks', async () => {
    answer = (request) => {
      request.once('data', () => request.socket.destroy());
    };
    await expect(load()).rejects.toThrow('n1: ');
  });
});
