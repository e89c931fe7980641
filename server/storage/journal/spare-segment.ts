import type { Clock } from '../../../openapi/machinery/clock.ts';
import type { Logger } from '../../../openapi/machinery/log.ts';
import type { Files, OpenFile } from './files.ts';
import { SPARE_NAME } from './segment-names.ts';

export interface SpareSegmentOptions {
  readonly files: Files;
  readonly directory: string;
  readonly segmentBytes: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called when one is there. */
  readonly onMade: () => void;
  /** Called when there is no room, to make some. Must not reject. */
  readonly onFull: () => Promise<void>;
}

/** Little at a time: a commit may have to wait for it. */
const FILL_BYTES = 256 * 1024;
const RETRY_MS = 2000;
const zeros = Buffer.alloc(FILL_BYTES);

/**
 * The next segment, made in the background: full of zeros and on disk, so that a commit writes in place and needs neither space
 * nor a change of the file's metadata (a flush takes half the time). A full disk is met here, while there is still room to
 * write, and never in the middle of a commit.
 */
export class SpareSegment {
  readonly #options: SpareSegmentOptions;
  readonly #path: string;
  readonly #closing = new AbortController();
  #state: 'none' | 'making' | 'ready' = 'none';
  #settled: Promise<void> = Promise.resolve();
  #making: Promise<void> = Promise.resolve();
  #problem: string | undefined;

  /** `isThere`: one was left by the process before. */
  constructor(options: SpareSegmentOptions, isThere: boolean) {
    this.#options = options;
    if (isThere) this.#state = 'ready';
    this.#path = `${options.directory}/${SPARE_NAME}`;
  }

  get isReady(): boolean {
    return this.#state === 'ready';
  }

  /** Why there is none and none can be made now; it is tried again by itself. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Resolves at the end of the attempt that runs, whatever came of it. */
  get settled(): Promise<void> {
    return this.#settled;
  }

  /** Begins to make it, unless it is there or in the making. */
  want(): void {
    if (this.#state !== 'none' || this.#closing.signal.aborted) return;
    this.#state = 'making';
    this.#making = this.#make();
  }

  /** Gives it away under the name `path`, beginning with `header`, on disk and open for durable writing. Waits for it if need be. */
  async take(path: string, header: Uint8Array): Promise<OpenFile> {
    const { files, directory } = this.#options;
    this.want();
    await this.#settled;
    if (!this.isReady) throw new Error(this.#problem ?? 'The store is closing');
    const file = await files.open(this.#path, 'write');
    await file.write(header, 0);
    await files.rename(this.#path, path);
    await files.syncDirectory(directory);
    this.#state = 'none';
    return file;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#making;
  }

  async #make(): Promise<void> {
    const { signal } = this.#closing;
    while (this.#state === 'making' && !signal.aborted) {
      const attempt = this.#attempt();
      this.#settled = attempt;
      await attempt;
      if (this.isReady) this.#options.onMade();
      if (this.isReady) break;
      // Not before the room is made that this would take.
      await this.#options.onFull();
      await this.#options.clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }

  /** Never rejects. */
  async #attempt(): Promise<void> {
    const { files, directory, segmentBytes, log } = this.#options;
    try {
      await fillWithZeros(files, `${this.#path}.tmp`, segmentBytes);
      await files.rename(`${this.#path}.tmp`, this.#path);
      await files.syncDirectory(directory);
      if (this.#problem !== undefined) log.log('info', 'the store takes writes again');
      this.#problem = undefined;
      this.#state = 'ready';
    } catch (error) {
      if (this.#problem === undefined) {
        log.log('error', 'cannot make a journal segment: until it can, the store takes deletions only', {
          error: String(error),
        });
      }
      this.#problem = `no room for the journal in ${directory} (${String(error)})`;
      await files.remove(`${this.#path}.tmp`).catch(() => undefined);
    }
  }
}

/** Makes the file `path` of `size` zeros, on disk. */
export async function fillWithZeros(files: Files, path: string, size: number): Promise<void> {
  const file = await files.open(path, 'create');
  try {
    await zeroOut(file, 0, size);
    await file.sync();
  } finally {
    await file.close();
  }
}

export async function zeroOut(file: OpenFile, start: number, end: number): Promise<void> {
  for (let at = start; at < end; at += FILL_BYTES) {
    await file.write(zeros.subarray(0, Math.min(FILL_BYTES, end - at)), at);
  }
}
