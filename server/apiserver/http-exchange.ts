import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { StatusError } from '../../openapi/machinery/status.ts';
import type { Credentials } from '../auth/authenticator.ts';
import type { Exchange, Sockets } from './exchange.ts';

const bodyBytesMax = 3 * 1024 * 1024;
const unzip = promisify(gunzip);

/** A request of node:http as the pipeline takes it. */
export class HttpExchange implements Exchange {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly sockets: Sockets;
  readonly #incoming: IncomingMessage;
  #signal: AbortSignal | undefined;

  constructor(incoming: IncomingMessage, sockets: Omit<Sockets, 'incoming'>) {
    this.#incoming = incoming;
    this.method = incoming.method ?? 'GET';
    this.url = incoming.url ?? '/';
    this.headers = withRepeated(incoming);
    this.sockets = { incoming, ...sockets };
  }

  get certificate(): Credentials['certificate'] {
    return identityOf(this.#incoming.socket).certificate;
  }

  get hasBadCertificate(): boolean {
    return identityOf(this.#incoming.socket).isBad;
  }

  get signal(): AbortSignal {
    this.#signal ??= closeSignal(this.sockets);
    return this.#signal;
  }

  async readBody(): Promise<Uint8Array> {
    const raw = await readAll(this.#incoming);
    if (this.headers['content-encoding'] !== 'gzip') return raw;
    try {
      return await unzip(raw, { maxOutputLength: bodyBytesMax });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
      throw new StatusError('BadRequest', 'the body of the request is not gzip', { cause: error });
    }
  }
}

/** Node joins headers that come more than once; groups of an impersonation may have commas in their names. */
function withRepeated(incoming: IncomingMessage): IncomingMessage['headers'] {
  const { headers } = incoming;
  if (headers['impersonate-user'] === undefined && headers['impersonate-group'] === undefined) return headers;
  const repeated = Object.entries(incoming.headersDistinct).filter(([name]) =>
    name.startsWith('impersonate-'),
  );
  return { ...headers, ...Object.fromEntries(repeated) };
}

function readAll(incoming: IncomingMessage): Promise<Uint8Array> {
  const stated = Number(incoming.headers['content-length'] ?? 0);
  if (stated > bodyBytesMax) {
    incoming.resume();
    return Promise.reject(tooLarge());
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    incoming.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bodyBytesMax) reject(tooLarge());
      else chunks.push(chunk);
    });
    incoming.on('end', () => {
      const [first] = chunks;
      resolve(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks));
    });
    incoming.on('error', reject);
    incoming.on('close', () => {
      if (!incoming.complete)
        reject(new StatusError('BadRequest', 'the body of the request ended too early'));
    });
  });
}

function tooLarge(): StatusError {
  return new StatusError('RequestEntityTooLarge', `Request entity too large: limit is ${bodyBytesMax}`);
}

function closeSignal({ response, upgrade }: Sockets): AbortSignal {
  const controller = new AbortController();
  const end = (): void => {
    controller.abort(new Error('The client has gone away'));
  };
  const stream = response ?? upgrade?.socket;
  if (stream === undefined) return controller.signal;
  if (stream.destroyed) end();
  else stream.once('close', end);
  return controller.signal;
}

interface Identity {
  readonly certificate: Credentials['certificate'];
  readonly isBad: boolean;
}

const nobody: Identity = { certificate: undefined, isBad: false };
const identities = new WeakMap<Socket, Identity>();

/** The subject of the client's certificate, when TLS has verified it; read once a connection. */
function identityOf(socket: Socket): Identity {
  let identity = identities.get(socket);
  if (identity === undefined) {
    identity = socket instanceof TLSSocket ? tlsIdentity(socket) : nobody;
    identities.set(socket, identity);
  }
  return identity;
}

function tlsIdentity(socket: TLSSocket): Identity {
  const certificate = subjectOf(socket);
  if (certificate === undefined) return nobody;
  return socket.authorized ? { certificate, isBad: false } : { certificate: undefined, isBad: true };
}

function subjectOf(socket: TLSSocket): Credentials['certificate'] {
  const { subject } = socket.getPeerCertificate() as {
    readonly subject?: { readonly CN?: string | string[]; readonly O?: string | string[] };
  };
  if (subject === undefined) return undefined;
  const [commonName = ''] = [subject.CN ?? ''].flat();
  return { commonName, organizations: subject.O === undefined ? [] : [subject.O].flat() };
}
