import { type Inflate, constants, createInflate } from 'node:zlib';
import { adler32, spdyDictionary } from './dictionary.ts';

const bytesMax = 64 * 1024;
const pairsMax = 256;

export type StreamHeaders = ReadonlyMap<string, string>;

/** Uncompresses the header blocks of one connection: they share one zlib stream, so they must come in order, one after another. */
export class HeaderReader {
  readonly #inflate: Inflate = createInflate({
    dictionary: spdyDictionary,
    finishFlush: constants.Z_SYNC_FLUSH,
    flush: constants.Z_SYNC_FLUSH,
  });
  #chunks: Buffer[] = [];
  #length = 0;
  #fail: ((error: Error) => void) | undefined;

  constructor() {
    this.#inflate.on('data', (chunk: Buffer) => {
      this.#length += chunk.length;
      if (this.#length > bytesMax)
        this.#inflate.destroy(new RangeError('Cannot read SPDY headers: too large'));
      else this.#chunks.push(chunk);
    });
    this.#inflate.on('error', (error) => this.#fail?.(error));
  }

  /** Names in lower case. Rejects when the block is no header block, or uncompresses to more than 64 KiB. */
  read(block: Uint8Array): Promise<StreamHeaders> {
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#chunks = [];
      this.#length = 0;
      if (this.#inflate.destroyed) {
        reject(new Error('Cannot read SPDY headers: the connection is closed'));
        return;
      }
      this.#inflate.write(block, () => {
        if (this.#inflate.destroyed) return; // The `error` event tells why; zlib calls back without.
        try {
          resolve(parseHeaders(Buffer.concat(this.#chunks)));
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
  }

  close(): void {
    this.#inflate.destroy();
  }
}

function parseHeaders(bytes: Buffer): StreamHeaders {
  const headers = new Map<string, string>();
  const count = bytes.readUInt32BE(0);
  if (count > pairsMax) throw new RangeError(`Cannot read SPDY headers: ${count} of them`);
  let at = 4;
  function next(): string {
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) throw new RangeError('Cannot read SPDY headers: cut off');
    const text = bytes.toString('latin1', at + 4, end);
    at = end;
    return text;
  }
  for (let i = 0; i < count; i++) {
    const name = next();
    headers.set(name.toLowerCase(), next());
  }
  return headers;
}

/**
 * A block without headers, in stored deflate. Each is followed by an empty stored block: Go's reader passes data on only then.
 * The first of a connection carries zlib's header, which names the dictionary.
 */
export function emptyHeaderBlock(first: boolean): Buffer {
  const stored = Buffer.from([0, 4, 0, 0xfb, 0xff, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);
  if (!first) return stored;
  const zlibHeader = Buffer.from([0x78, 0xbb, 0, 0, 0, 0]);
  zlibHeader.writeUInt32BE(adler32(spdyDictionary), 2);
  return Buffer.concat([zlibHeader, stored]);
}
