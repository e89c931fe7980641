import { createHash, type Hash } from 'node:crypto';
import type { JsonObject } from '../../../openapi/machinery/json.ts';
import type { OpenFile } from './files.ts';

const BLOCK_BYTES = 1024 * 1024;

/** Gathers lines into blocks, and the hash over them. */
export class BlockWriter {
  readonly #file: OpenFile;
  readonly #hash: Hash = createHash('sha256');
  #block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  #used = 0;
  #position = 0;
  #isHashed = false;

  constructor(file: OpenFile) {
    this.#file = file;
  }

  async line(facts: JsonObject): Promise<void> {
    await this.#put(Buffer.from(`${JSON.stringify(facts)}\n`));
  }

  async bytes(bytes: Uint8Array): Promise<void> {
    await this.#put(bytes);
    await this.#put(Buffer.from('\n'));
  }

  /** Writes what is left, and a last line that `facts` gives for the SHA-256 of all before it. Resolves with that hash, and how many bytes it covers. */
  async end(
    facts: (sha256: string) => JsonObject,
  ): Promise<{ readonly sha256: string; readonly hashed: number }> {
    await this.#flush();
    const sha256 = this.#hash.digest('hex');
    this.#isHashed = true;
    const hashed = this.#position;
    await this.line(facts(sha256));
    await this.#flush();
    return { sha256, hashed };
  }

  #put(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#used + bytes.byteLength <= this.#block.byteLength) {
      this.#block.set(bytes, this.#used);
      this.#used += bytes.byteLength;
      return undefined;
    }
    return this.#flush().then(() => {
      this.#putFirst(bytes);
    });
  }

  #putFirst(bytes: Uint8Array): void {
    if (bytes.byteLength > this.#block.byteLength) this.#block = Buffer.allocUnsafeSlow(bytes.byteLength);
    this.#block.set(bytes);
    this.#used = bytes.byteLength;
  }

  async #flush(): Promise<void> {
    const bytes = this.#block.subarray(0, this.#used);
    if (!this.#isHashed) this.#hash.update(bytes);
    await this.#file.write(bytes, this.#position);
    this.#position += bytes.byteLength;
    this.#used = 0;
  }
}
