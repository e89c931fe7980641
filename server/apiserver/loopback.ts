import { setMaxListeners } from 'node:events';
import type { ApiRequest, ApiResponse, Transport } from '../../openapi/client/transport.ts';
import type { UserInfo } from '../auth/user.ts';
import type { Page } from './app.ts';
import type { Answer, Exchange, Sink } from './exchange.ts';
import type { Pipeline } from './pipeline.ts';
import { asStatusError, pageNotFound, statusAnswer } from './respond.ts';

/** The API for the parts of this process: no socket, and `user` in the place of a credential. */
export function createLoopback(pipeline: Pipeline, pages: readonly Page[], user: UserInfo): Transport {
  return {
    async request(request) {
      const exchange = exchangeOf(request, user);
      const outcome = await pipeline(exchange);
      if (outcome === 'elsewhere') return await pageResponse(pages, request, exchange);
      return responseOf(outcome ?? pageNotFound(), request.signal);
    },
  };
}

function exchangeOf(request: ApiRequest, user: UserInfo): Exchange {
  const { method, url, headers, signal, body = new Uint8Array() } = request;
  return {
    method,
    url,
    headers,
    signal,
    user,
    certificate: undefined,
    readBody: () => Promise.resolve(body),
  };
}

async function pageResponse(
  pages: readonly Page[],
  request: ApiRequest,
  exchange: Exchange,
): Promise<ApiResponse> {
  try {
    for (const page of pages) {
      const response = await page(request);
      if (response !== undefined) return response;
    }
  } catch (error) {
    return responseOf(statusAnswer(exchange, asStatusError(error).toStatus()), request.signal);
  }
  return responseOf(pageNotFound(), request.signal);
}

function responseOf({ status, headers, body }: Answer, signal: AbortSignal): ApiResponse {
  if (typeof body !== 'function') return { status, headers, body };
  const sink = new ChunkQueue(signal);
  body(sink).then(
    () => {
      sink.end(undefined);
    },
    (error: unknown) => {
      sink.end(error as Error);
    },
  );
  return { status, headers, body: sink };
}

const highWaterBytes = 1024 * 1024;

/** Chunks on their way from a writer to a reader of the same process. */
class ChunkQueue implements Sink, AsyncIterable<Uint8Array> {
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #ended = false;
  #failure: Error | undefined;
  #wakeReader: (() => void) | undefined;
  #wakeWriters: (() => void)[] = [];

  readonly #signal: AbortSignal;
  readonly #onAbort = (): void => {
    this.end(undefined);
  };

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    // One signal may end many watches: that is no leak.
    setMaxListeners(0, signal);
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  get pendingBytes(): number {
    return this.#bytes;
  }

  write(chunk: Uint8Array): boolean {
    if (this.#ended) return true;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    this.#wakeReader?.();
    return this.#bytes < highWaterBytes;
  }

  drained(): Promise<void> {
    if (this.#ended || this.#bytes < highWaterBytes) return Promise.resolve();
    return new Promise((resolve) => this.#wakeWriters.push(resolve));
  }

  end(failure: Error | undefined): void {
    this.#ended = true;
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#failure ??= failure;
    this.#wakeReader?.();
    this.#release();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        const chunks = this.#chunks;
        this.#chunks = [];
        this.#bytes = 0;
        this.#release();
        yield* chunks;
        if (this.#chunks.length > 0) continue;
        if (this.#failure !== undefined) throw this.#failure;
        if (this.#ended) return;
        await new Promise<void>((resolve) => (this.#wakeReader = resolve));
      }
    } finally {
      this.end(undefined);
    }
  }

  #release(): void {
    const waiting = this.#wakeWriters;
    this.#wakeWriters = [];
    for (const wake of waiting) wake();
  }
}
