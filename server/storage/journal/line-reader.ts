import { createHash, type Hash } from 'node:crypto';
import { isJsonObject, type JsonObject } from '../../../openapi/machinery/json.ts';
import { CorruptStoreError } from './corrupt-store-error.ts';
import type { OpenFile } from './files.ts';

const BLOCK_BYTES = 4 * 1024 * 1024;

/** Reads lines and bytes out of blocks. */
export class LineReader {
  readonly #file: OpenFile;
  readonly path: string;
  readonly #size: number;
  readonly #hash: Hash = createHash('sha256');
  #block: Buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  #start = 0;
  #end = 0;
  #hashed = 0;
  #isHashed = false;
  /** Of the byte behind the block. */
  #position = 0;

  /** Of the file `path`, which has `size` bytes. */
  constructor(file: OpenFile, path: string, size: number) {
    this.#file = file;
    this.path = path;
    this.#size = size;
  }

  async line(): Promise<JsonObject> {
    let end = this.#block.subarray(0, this.#end).indexOf('\n', this.#start);
    if (end < 0) {
      await this.#fill(this.#end - this.#start + 1);
      end = this.#block.subarray(0, this.#end).indexOf('\n', this.#start);
      if (end < 0) throw this.corrupt('a line does not end');
    }
    const text = this.#block.toString('utf8', this.#start, end);
    this.#start = end + 1;
    return this.#parse(text);
  }

  /** The next `count` bytes, which a line end must follow. Good until the next call. */
  async bytes(count: number): Promise<Buffer> {
    if (this.#end - this.#start < count + 1) await this.#fill(count + 1);
    const end = this.#start + count;
    if (end >= this.#end || this.#block[end] !== 0x0a)
      throw this.corrupt('a value does not end where it should');
    const bytes = this.#block.subarray(this.#start, end);
    this.#start = end + 1;
    return bytes;
  }

  expectEnd(): void {
    if (this.#position - (this.#end - this.#start) !== this.#size) {
      throw this.corrupt('there is something behind its end');
    }
  }

  /** Of all that was read as lines and bytes. Ends the hash. */
  hash(): string {
    this.#hashUpToStart();
    this.#isHashed = true;
    return this.#hash.digest('hex');
  }

  /** Of the first `size` bytes of the file. */
  async hashUpTo(size: number): Promise<string> {
    for (let at = 0; at < size;) {
      const count = await this.#file.read(
        this.#block.subarray(0, Math.min(this.#block.byteLength, size - at)),
        at,
      );
      if (count === 0) break;
      this.#hash.update(this.#block.subarray(0, count));
      at += count;
    }
    return this.#hash.digest('hex');
  }

  numberOf(facts: JsonObject, field: string): number {
    const value = facts[field];
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    throw this.corrupt(`the line has no number "${field}"`);
  }

  textOf(facts: JsonObject, field: string): string {
    const value = facts[field];
    if (typeof value === 'string') return value;
    throw this.corrupt(`the line has no text "${field}"`);
  }

  corrupt(problem: string): CorruptStoreError {
    return new CorruptStoreError(this.path, this.#position - (this.#end - this.#start), problem);
  }

  #parse(text: string): JsonObject {
    try {
      const facts: unknown = JSON.parse(text);
      if (isJsonObject(facts)) return facts;
    } catch {
      // What it says about the text tells nobody anything: the offset does.
    }
    throw this.corrupt('a line is no JSON object');
  }

  #hashUpToStart(): void {
    if (this.#isHashed) return;
    this.#hash.update(this.#block.subarray(this.#hashed, this.#start));
    this.#hashed = this.#start;
  }

  /** Reads on until at least `needed` bytes are there, or the file ends. */
  async #fill(needed: number): Promise<void> {
    this.#hashUpToStart();
    const rest = this.#block.subarray(this.#start, this.#end);
    // A length out of a damaged line must not be believed before the file is known to have it.
    if (needed > rest.byteLength + this.#size - this.#position) throw this.corrupt('the file ends too early');
    if (needed > this.#block.byteLength) this.#block = Buffer.allocUnsafeSlow(needed * 2);
    this.#block.set(rest);
    this.#start = 0;
    this.#hashed = 0;
    this.#end = rest.byteLength;
    const count = await this.#file.read(this.#block.subarray(this.#end), this.#position);
    this.#end += count;
    this.#position += count;
  }
}
