import type { IncomingMessage, ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { promisify } from 'node:util';
import { constants, createGzip, gzip, type Gzip } from 'node:zlib';
import type { Answer, Body, Sink } from './exchange.ts';

const compress = promisify(gzip);
/** Shorter bodies cost more to compress than to send. */
const compressedBytesMin = 128 * 1024;
const level = constants.Z_BEST_SPEED;

/** Writes an answer. Resolves when all of it has been handed on. */
export async function writeAnswer(
  incoming: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
): Promise<void> {
  const { body } = answer;
  // A page may keep its compressed form.
  const zips =
    answer.headers['content-encoding'] === undefined &&
    /\bgzip\b/.test(incoming.headers['accept-encoding']?.toString() ?? '');
  if (typeof body === 'function') {
    await writeStream(response, answer, { body, zips: zips && answer.isWatch !== true });
    return;
  }
  const zipped = zips && body.length >= compressedBytesMin;
  const bytes = zipped ? await compress(body, { level }) : body;
  response.writeHead(answer.status, {
    ...answer.headers,
    ...(zipped ? { 'content-encoding': 'gzip', vary: 'Accept-Encoding' } : {}),
    'content-length': String(bytes.length),
  } as Record<string, string | string[]>);
  response.end(bytes);
}

async function writeStream(
  response: ServerResponse,
  answer: Answer,
  { body, zips }: { readonly body: Exclude<Body, Uint8Array>; readonly zips: boolean },
): Promise<void> {
  response.writeHead(answer.status, {
    ...answer.headers,
    ...(zips ? { 'content-encoding': 'gzip', vary: 'Accept-Encoding' } : {}),
  } as Record<string, string | string[]>);
  response.flushHeaders();
  const zip = zips ? createGzip({ level }) : undefined;
  zip?.pipe(response);
  // Of a pipelined request the socket still belongs to another's answer; HTTP/1.0 has no chunks.
  const { socket } = response;
  const isDirect = answer.isWatch === true && zip === undefined && response.chunkedEncoding;
  const sink =
    isDirect && socket !== null ? new ChunkSink(response, socket) : new ResponseSink(response, zip);
  try {
    await body(sink);
    (zip ?? response).end();
  } catch (error) {
    // The status is out: only a broken connection can say that this is not all.
    response.destroy(error as Error);
  }
}

/** Writes to a response, through gzip when there is one. */
class ResponseSink implements Sink {
  readonly #response: ServerResponse;
  readonly #target: ServerResponse | Gzip;

  constructor(response: ServerResponse, zip: Gzip | undefined) {
    this.#response = response;
    this.#target = zip ?? response;
  }

  write(chunk: Uint8Array): boolean {
    return this.#response.destroyed || this.#target.write(chunk);
  }

  get pendingBytes(): number {
    const { writableLength } = this.#response; // What its socket holds is in it.
    return this.#target === this.#response ? writableLength : writableLength + this.#target.writableLength;
  }

  drained(): Promise<void> {
    const target = this.#target;
    const response = this.#response;
    if (response.destroyed || !target.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        target.off('drain', done);
        response.off('close', done);
        resolve();
      };
      target.on('drain', done);
      response.on('close', done);
    });
  }
}

/** The chunk that was framed last, and its form on the wire: many watches write the same one after the other. */
const framed: { chunk: Uint8Array; bytes: Buffer } = { chunk: new Uint8Array(), bytes: Buffer.alloc(0) };

function chunkOf(chunk: Uint8Array): Buffer {
  if (framed.chunk !== chunk) {
    const head = Buffer.from(`${chunk.length.toString(16)}\r\n`, 'latin1');
    framed.chunk = chunk;
    framed.bytes = Buffer.concat([head, chunk, lineEnd]);
  }
  return framed.bytes;
}

const lineEnd = Buffer.from('\r\n', 'latin1');

/** Writes chunks straight to the socket behind a response whose head is out: framed once for all who get the same. */
class ChunkSink implements Sink {
  readonly #response: ServerResponse;
  readonly #socket: Socket;

  constructor(response: ServerResponse, socket: Socket) {
    this.#response = response;
    this.#socket = socket;
  }

  write(chunk: Uint8Array): boolean {
    if (this.#isOver || chunk.length === 0) return true;
    return this.#socket.write(chunkOf(chunk));
  }

  get pendingBytes(): number {
    return this.#socket.writableLength;
  }

  drained(): Promise<void> {
    const socket = this.#socket;
    if (this.#isOver || !socket.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        socket.off('drain', done);
        socket.off('close', done);
        resolve();
      };
      socket.on('drain', done);
      socket.on('close', done);
    });
  }

  get #isOver(): boolean {
    return this.#response.writableEnded || this.#response.destroyed || this.#socket.destroyed;
  }
}

/** An answer on a socket that asked for an upgrade and does not get it. */
export function writeRaw(socket: Duplex, answer: Answer): void {
  const body = typeof answer.body === 'function' ? Buffer.alloc(0) : answer.body;
  const lines = Object.entries(answer.headers).flatMap(([name, value]) =>
    [value].flat().map((each) => `${name}: ${each}`),
  );
  const head = [
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}`,
    ...lines,
    `content-length: ${body.length}`,
    'connection: close',
    '',
    '',
  ];
  socket.write(head.join('\r\n'));
  socket.end(body);
}
