import { encodeRecord, type RecordContent } from './record.ts';

/** A buffer that has grown larger than this is given back when it has been written. */
const KEPT_BYTES_MAX = 8 * 1024 * 1024;
const FIRST_BYTES = 256 * 1024;

/** Records that wait to be written, behind each other in one buffer. */
export class Staging {
  #buffer: Buffer = Buffer.allocUnsafeSlow(0);
  readonly #ends: number[] = [];

  get buffer(): Buffer {
    return this.#buffer;
  }

  get count(): number {
    return this.#ends.length;
  }

  get bytes(): number {
    return this.#ends.at(-1) ?? 0;
  }

  /** Where record `index` begins; for `count`, where the last ends. */
  startOf(index: number): number {
    return index === 0 ? 0 : (this.#ends[index - 1] ?? this.bytes);
  }

  /** Adds a record of `bytes` bytes. */
  add(bytes: number, content: RecordContent): void {
    const at = this.bytes;
    if (at + bytes > this.#buffer.byteLength) this.#grow(at + bytes);
    encodeRecord(this.#buffer, at, content);
    this.#ends.push(at + bytes);
  }

  /** The end (exclusive) of the records from `from` on that fit into `room` bytes. */
  fitting(from: number, room: number): number {
    const limit = this.startOf(from) + room;
    if (this.bytes <= limit) return this.count;
    let to = from;
    while ((this.#ends[to] ?? Infinity) <= limit) to++;
    return to;
  }

  clear(): void {
    this.#ends.length = 0;
    if (this.#buffer.byteLength > KEPT_BYTES_MAX) this.#buffer = Buffer.allocUnsafeSlow(0);
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.byteLength * 2, FIRST_BYTES));
    this.#buffer.copy(larger, 0, 0, this.bytes);
    this.#buffer = larger;
  }
}
