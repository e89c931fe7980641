import type { IncomingMessage, ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
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
  try {
    await body(new ResponseSink(response, zip));
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
