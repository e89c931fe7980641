export const FrameType = { synStream: 1, synReply: 2, rstStream: 3, ping: 6, goAway: 7 } as const;

export type Frame =
  | { readonly kind: 'data'; readonly streamId: number; readonly fin: boolean; readonly payload: Buffer }
  | { readonly kind: 'control'; readonly type: number; readonly flags: number; readonly payload: Buffer };

const headerBytes = 8;
const fin = 1;
/** Data frames that we send carry at most so much; others may send up to 16 MiB. */
export const payloadBytesMax = 32 * 1024;

/** Cuts a byte stream into frames; a data frame is handed on piece by piece, so that no large one is ever collected. */
export class FrameReader {
  #pending: Buffer = Buffer.alloc(0);
  /** The data frame that is being handed on. */
  #open: { streamId: number; fin: boolean; rest: number } | undefined;

  push(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
  }

  /** Undefined when more bytes are needed. Throws RangeError for a control frame of more than 64 KiB. */
  next(): Frame | undefined {
    if (this.#open !== undefined) return this.#continueData(this.#open);
    if (this.#pending.length < headerBytes) return undefined;
    const word = this.#pending.readUInt32BE(0);
    const flags = this.#pending[4] ?? 0;
    const length = this.#pending.readUIntBE(5, 3);
    if ((word & 0x80000000) === 0) {
      this.#pending = this.#pending.subarray(headerBytes);
      this.#open = { streamId: word, fin: (flags & fin) !== 0, rest: length };
      return this.#continueData(this.#open);
    }
    if (length > 64 * 1024) throw new RangeError('Cannot read SPDY control frame: too large');
    if (this.#pending.length < headerBytes + length) return undefined;
    const payload = this.#pending.subarray(headerBytes, headerBytes + length);
    this.#pending = this.#pending.subarray(headerBytes + length);
    return { kind: 'control', type: word & 0xffff, flags, payload };
  }

  #continueData(open: { streamId: number; fin: boolean; rest: number }): Frame | undefined {
    if (open.rest > 0 && this.#pending.length === 0) return undefined;
    const payload = this.#pending.subarray(0, open.rest);
    this.#pending = this.#pending.subarray(payload.length);
    open.rest -= payload.length;
    if (open.rest === 0) this.#open = undefined;
    return { kind: 'data', streamId: open.streamId, fin: open.fin && open.rest === 0, payload };
  }
}

export function dataFrameHeader(streamId: number, length: number, last: boolean): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32BE(streamId, 0);
  header.writeUInt32BE(length, 4);
  header[4] = last ? fin : 0;
  return header;
}

export function controlFrame(type: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32BE((0x80030000 | type) >>> 0, 0);
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

export function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => bytes.writeUInt32BE(value, i * 4));
  return bytes;
}
