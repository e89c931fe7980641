import { connect, type TLSSocket } from 'node:tls';
import type { ApiTarget } from './kubeconfig.ts';

export interface Reply {
  readonly status: number;
  readonly bytes: number;
  /** Empty unless the body was asked for. */
  readonly body: Buffer;
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: Buffer;
  /** Default: application/json. */
  readonly contentType?: string;
  readonly keepBody?: boolean;
}

const endOfHeaders = Buffer.from('\r\n\r\n');

/**
 * One kept-alive HTTPS connection, one request at a time. It reads no more of an answer than a benchmark needs, so that the
 * client takes little of the two processors that it shares with the server.
 */
export class Connection {
  readonly #socket: TLSSocket;
  readonly #target: ApiTarget;
  #onChunk: (chunk: Buffer) => void = () => undefined;
  #onEnd: (error: Error) => void = () => undefined;

  private constructor(socket: TLSSocket, target: ApiTarget) {
    this.#socket = socket;
    this.#target = target;
    socket.on('data', (chunk: Buffer) => {
      this.#onChunk(chunk);
    });
    socket.on('error', (error: Error) => {
      this.#onEnd(error);
    });
    socket.on('close', () => {
      this.#onEnd(new Error('the server closed the connection'));
    });
  }

  static open(target: ApiTarget): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const { authorization: _, host, ...tls } = target;
      const name = /^[\d.]+$|:/.test(host) ? undefined : host;
      const socket = connect({
        ...tls,
        host,
        ...(name === undefined ? {} : { servername: name }),
        ALPNProtocols: ['http/1.1'],
      });
      socket.setNoDelay(true);
      socket.once('error', reject);
      socket.once('secureConnect', () => {
        socket.off('error', reject);
        resolve(new Connection(socket, target));
      });
    });
  }

  close(): void {
    this.#onEnd = () => undefined;
    this.#socket.destroy();
  }

  /** Rejects when the connection breaks. */
  call(call: Call): Promise<Reply> {
    if (this.#socket.destroyed) return Promise.reject(new Error('the connection is closed'));
    return new Promise((resolve, reject) => {
      const reader = new ReplyReader(call.keepBody === true);
      this.#onEnd = reject;
      this.#onChunk = (chunk) => {
        const reply = reader.push(chunk);
        if (reply !== undefined) resolve(reply);
      };
      this.#send(call);
    });
  }

  /** Sends a request whose answer never ends, and hands every chunk of its body on, chunked framing included. */
  stream(path: string, onChunk: (chunk: Buffer) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#onEnd = reject;
      this.#onChunk = (chunk) => {
        if (!chunk.subarray(0, 12).toString('latin1').endsWith('200')) {
          reject(new Error(`Cannot watch ${path}: ${chunk.subarray(0, 400).toString()}`));
          return;
        }
        this.#onChunk = onChunk;
        resolve();
      };
      this.#send({ method: 'GET', path });
    });
  }

  #send({ method, path, body, contentType = 'application/json' }: Call): void {
    const auth = this.#target.authorization === '' ? '' : `Authorization: ${this.#target.authorization}\r\n`;
    const length =
      body === undefined ? '' : `Content-Type: ${contentType}\r\nContent-Length: ${body.length}\r\n`;
    const head = `${method} ${path} HTTP/1.1\r\nHost: ${this.#target.host}\r\nAccept: application/json\r\n${auth}${length}\r\n`;
    this.#socket.write(body === undefined ? head : Buffer.concat([Buffer.from(head), body]));
  }
}

/** Finds the end of one answer: by its length, or by the last of its chunks. */
class ReplyReader {
  readonly #keep: boolean;
  readonly #parts: Buffer[] = [];
  #head: Buffer | undefined = Buffer.alloc(0);
  #status = 0;
  #left = 0;
  #chunked = false;
  #bytes = 0;
  #tail = Buffer.alloc(0);

  constructor(keep: boolean) {
    this.#keep = keep;
  }

  push(chunk: Buffer): Reply | undefined {
    if (this.#head === undefined) return this.#body(chunk);
    const head = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk]);
    const end = head.indexOf(endOfHeaders);
    if (end < 0) {
      this.#head = head;
      return undefined;
    }
    this.#head = undefined;
    const text = head.subarray(0, end).toString('latin1').toLowerCase();
    this.#status = Number(text.slice(9, 12));
    this.#chunked = text.includes('transfer-encoding: chunked');
    this.#left = Number(/content-length: (\d+)/.exec(text)?.[1] ?? 0);
    return this.#body(head.subarray(end + 4));
  }

  #body(chunk: Buffer): Reply | undefined {
    this.#bytes += chunk.length;
    if (this.#keep) this.#parts.push(chunk);
    if (!this.#chunked) return this.#bytes >= this.#left ? this.#reply() : undefined;
    this.#tail = Buffer.concat([this.#tail, chunk.subarray(-7)]).subarray(-7);
    return this.#tail.toString('latin1').endsWith('0\r\n\r\n') ? this.#reply() : undefined;
  }

  #reply(): Reply {
    const whole = this.#keep ? Buffer.concat(this.#parts) : Buffer.alloc(0);
    return { status: this.#status, bytes: this.#bytes, body: this.#chunked ? unchunk(whole) : whole };
  }
}

function unchunk(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    const end = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.subarray(at, end).toString('latin1'), 16);
    if (!(size > 0)) break;
    parts.push(body.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
  return Buffer.concat(parts);
}
