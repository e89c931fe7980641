import { Agent, request, type IncomingMessage, type RequestOptions } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { RuntimeError, type RuntimeErrorCode } from '../driver.ts';

export interface EngineCall {
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: object;
  /** Sent as it comes, instead of `body`. */
  readonly stream?: Readable;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

const answerBytesMax = 32 * 1024 * 1024;
const errorBytesMax = 64 * 1024;

/** HTTP to a Docker Engine (or what speaks like one) over its unix socket, in the API version that it names at the first call. */
export class EngineApi {
  readonly #socketPath: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 32, maxFreeSockets: 4 });
  #version: string | undefined;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** The whole answer as JSON; undefined where the body is empty. Rejects with RuntimeError. */
  async json<T>(method: string, path: string, call: EngineCall): Promise<T> {
    const response = await this.#send(method, path, call, false);
    const text = (await readAll(response, answerBytesMax)).toString('utf8');
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** The answer as it comes; the caller reads or destroys it. */
  async stream(method: string, path: string, call: EngineCall): Promise<IncomingMessage> {
    return await this.#send(method, path, call, true);
  }

  /** The connection itself, both ways, once the engine has switched to it. */
  async hijack(path: string, call: EngineCall): Promise<Duplex> {
    const version = await this.#negotiate(call.signal);
    const body = JSON.stringify(call.body ?? {});
    return await new Promise((resolve, reject) => {
      const sent = request({
        ...this.#options('POST', versioned(version, path, call.query), call.signal),
        agent: false,
        headers: {
          ...jsonHeaders(body),
          connection: 'Upgrade',
          upgrade: 'tcp',
        },
      });
      sent.once('upgrade', (_response, socket, head) => {
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      });
      sent.once('response', (response) => {
        failureOf(response).then(reject, reject);
      });
      sent.once('error', (error) => {
        reject(unreachable(error));
      });
      sent.end(body);
    });
  }

  #options(method: string, path: string, signal: AbortSignal): RequestOptions {
    return { socketPath: this.#socketPath, method, path, signal };
  }

  async #send(method: string, path: string, call: EngineCall, alone: boolean): Promise<IncomingMessage> {
    const version = await this.#negotiate(call.signal);
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const options = {
      ...this.#options(method, versioned(version, path, call.query), call.signal),
      // A stream may stay open for days: it must not take a place of the pool.
      agent: alone ? false : this.#agent,
      headers: { ...call.headers, ...(body === undefined ? {} : jsonHeaders(body)) },
    };
    const response = await this.#exchange(options, body, call.stream);
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 400) return response;
    throw await failureOf(response);
  }

  #exchange(options: RequestOptions, body?: string, stream?: Readable): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const sent = request(options);
      sent.once('response', resolve);
      sent.on('error', (error) => {
        stream?.destroy();
        reject(unreachable(error));
      });
      if (stream === undefined) {
        sent.end(body);
        return;
      }
      stream.once('error', (error) => sent.destroy(error));
      stream.pipe(sent);
    });
  }

  async #negotiate(signal: AbortSignal): Promise<string> {
    if (this.#version !== undefined) return this.#version;
    const options = { ...this.#options('GET', '/_ping', signal), agent: this.#agent };
    const response = await this.#exchange(options);
    await readAll(response, errorBytesMax);
    const offered = response.headers['api-version'];
    this.#version = newestKnown(typeof offered === 'string' ? offered : '');
    return this.#version;
  }
}

const versionMax = [1, 44] as const;

/** The engine's own version, but none newer than what we know. "1.41" of Docker 20.10 stays; "1.51" becomes "1.44". */
export function newestKnown(offered: string): string {
  const [major = NaN, minor = NaN] = offered.split('.').map(Number);
  if (!Number.isInteger(major) || !Number.isInteger(minor)) return '1.41';
  const newer = major > versionMax[0] || (major === versionMax[0] && minor > versionMax[1]);
  return newer ? versionMax.join('.') : `${major}.${minor}`;
}

function versioned(version: string, path: string, query: EngineCall['query']): string {
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  );
  const text = new URLSearchParams(pairs as [string, string][]).toString();
  return `/v${version}${path}${text === '' ? '' : `?${text}`}`;
}

function jsonHeaders(body: string): Record<string, string> {
  return { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
}

async function readAll(response: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax)
      throw new RuntimeError('refused', `Cannot read the engine's answer: over ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function failureOf(response: IncomingMessage): Promise<RuntimeError> {
  const text = (await readAll(response, errorBytesMax)).toString('utf8').trim();
  return new RuntimeError(codeOf(response.statusCode ?? 0, text), messageOf(text));
}

function messageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // Not JSON: the text itself tells.
  }
  return text === '' ? 'the engine gave no reason' : text;
}

function codeOf(status: number, text: string): RuntimeErrorCode {
  if (status === 404) return /no such image|image not known/i.test(text) ? 'no-image' : 'not-found';
  if (status === 409) return /not running/i.test(text) ? 'not-running' : 'conflict';
  return 'refused';
}

function unreachable(error: Error): Error {
  if (error.name === 'AbortError') return error;
  return new RuntimeError('unreachable', `Cannot reach the Docker Engine: ${error.message}`, {
    cause: error,
  });
}
