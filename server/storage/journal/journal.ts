import { invariant } from '../../../openapi/machinery/invariant.ts';
import type { Logger } from '../../../openapi/machinery/log.ts';
import type { Change, CommitLog } from '../mvcc/commit-log.ts';
import { ReadOnlyError } from '../storage.ts';
import type { OpenFile } from './files.ts';
import {
  encodeRecord,
  encodeSegmentHeader,
  newSalt,
  RECORD_HEADER_BYTES,
  recordBytes,
  RecordKind,
  SEGMENT_HEADER_BYTES,
  stampRecord,
} from './record.ts';
import { segmentName } from './segment-names.ts';
import type { SpareSegment } from './spare-segment.ts';
import { Staging } from './staging.ts';

/** Where the last segment ends, and writing goes on. */
export interface JournalEnd {
  /** The whole size of the segment. */
  readonly size: number;
  readonly sequence: number;
  readonly salt: number;
  readonly offset: number;
  readonly crc: number;
  readonly revision: number;
}

export interface JournalOptions {
  readonly directory: string;
  /** 32 hexadecimal digits. */
  readonly storeId: string;
  readonly segmentBytes: number;
  readonly spare: SpareSegment;
  readonly random: (bytes: number) => Buffer;
  readonly log: Logger;
  /** Called when a segment is full and the next has begun. */
  readonly onRoll: () => void;
}

/** What a flush may hold before writers wait. */
const STAGED_BYTES_MAX = 32 * 1024 * 1024;
/** No object of the API is nearly as large; a segment holds at least eight of the largest. */
const RECORD_BYTES_MAX = 8 * 1024 * 1024;

/** The journal's writing end: changes are gathered while a flush runs, and go to disk in one write. */
export class Journal implements CommitLog {
  readonly #options: JournalOptions;
  readonly #recordBytesMax: number;
  #file: OpenFile;
  #end: JournalEnd;
  #staged = new Staging();
  #flushing = new Staging();
  #flushed: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: JournalOptions, file: OpenFile, end: JournalEnd) {
    this.#options = options;
    this.#file = file;
    this.#end = end;
    this.#recordBytesMax = Math.min(RECORD_BYTES_MAX, Math.floor(options.segmentBytes / 8));
  }

  get sequence(): number {
    return this.#end.sequence;
  }

  /** The newest that was written. */
  get revision(): number {
    return this.#end.revision;
  }

  room(kind: 'put' | 'delete'): Promise<void> | undefined {
    const { spare } = this.#options;
    const waiting = this.#staged.bytes + this.#flushing.bytes;
    if (waiting > STAGED_BYTES_MAX) return this.#flushed;
    const here = this.#end.size - this.#end.offset - RECORD_HEADER_BYTES - waiting;
    if (here < (this.#end.size * 7) / 8) spare.want();
    if (spare.problem !== undefined && kind === 'put') {
      throw new ReadOnlyError(`The store takes no more than deletions: ${spare.problem}`);
    }
    if (here >= 2 * this.#recordBytesMax || spare.isReady) return undefined;
    if (spare.problem === undefined) return spare.settled;
    if (here >= this.#recordBytesMax) return undefined;
    throw new ReadOnlyError(`The store takes no more writes: ${spare.problem}`);
  }

  stage(change: Change): void {
    const { key, revision, value } = change;
    const keyBytes = Buffer.byteLength(key);
    const bytes = recordBytes(keyBytes, value?.byteLength ?? 0);
    if (bytes > this.#recordBytesMax) {
      throw new RangeError(
        `Cannot write key "${key}": ${bytes} bytes, at most ${this.#recordBytesMax} allowed`,
      );
    }
    const kind = value === undefined ? RecordKind.Delete : RecordKind.Put;
    this.#staged.add(bytes, { kind, revision, key, keyBytes, value });
  }

  flush(): Promise<void> {
    const batch = this.#staged;
    this.#staged = this.#flushing;
    this.#flushing = batch;
    const done = this.#write(batch);
    this.#flushed = done.catch(() => undefined);
    return done;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#flushed;
    await this.#options.spare.close();
    await this.#file.close();
  }

  async #write(batch: Staging): Promise<void> {
    for (let from = 0; from < batch.count;) {
      const room = this.#end.size - RECORD_HEADER_BYTES - this.#end.offset;
      const to = batch.fitting(from, room);
      if (to === from) await this.#roll();
      else await this.#append(batch, from, to);
      from = to;
    }
    batch.clear();
  }

  /** Writes the records `from` to `to` of `batch` behind each other, and on disk. */
  async #append(batch: Staging, from: number, to: number): Promise<void> {
    const { salt, offset: batchOffset } = this.#end;
    const start = batch.startOf(from);
    let { crc, revision } = this.#end;
    for (let i = from; i < to; i++) {
      const at = batch.startOf(i);
      const place = { salt, previousCrc: crc, offset: batchOffset + at - start, batchOffset };
      crc = stampRecord(batch.buffer, at, place);
      revision++;
    }
    const bytes = batch.buffer.subarray(start, batch.startOf(to));
    await this.#file.write(bytes, batchOffset);
    this.#end = { ...this.#end, offset: batchOffset + bytes.byteLength, crc, revision };
  }

  /**
   * Goes on in a new segment. Its file gets its name first and the old one its seal then: a crash in between leaves an empty last
   * segment behind one without seal, which recovery takes away.
   */
  async #roll(): Promise<void> {
    const { directory, storeId, segmentBytes, spare, random, log } = this.#options;
    const old = this.#file;
    const seal = sealRecord(this.#end);
    const previousCrc = seal.readUInt32LE(4);
    const sequence = this.#end.sequence + 1;
    const salt = newSalt(random);
    const firstRevision = this.#end.revision + 1;
    const header = encodeSegmentHeader({
      size: segmentBytes,
      sequence,
      salt,
      storeId,
      firstRevision,
      previousCrc,
    });
    const path = `${directory}/${segmentName(sequence)}`;
    const file = await spare.take(path, header);
    await old.write(seal, this.#end.offset);
    await old.close();
    this.#file = file;
    this.#end = {
      size: segmentBytes,
      sequence,
      salt,
      offset: SEGMENT_HEADER_BYTES,
      crc: header.readUInt32LE(60),
      revision: this.#end.revision,
    };
    log.log('debug', 'began a journal segment', { path, firstRevision });
    this.#options.onRoll();
  }
}

function sealRecord(end: JournalEnd): Buffer {
  const seal = Buffer.alloc(RECORD_HEADER_BYTES);
  const length = encodeRecord(seal, 0, {
    kind: RecordKind.Seal,
    revision: end.revision,
    key: '',
    keyBytes: 0,
    value: undefined,
  });
  invariant(length === RECORD_HEADER_BYTES, 'a seal fits where every segment keeps room for it', { length });
  const { salt, crc: previousCrc, offset } = end;
  stampRecord(seal, 0, { salt, previousCrc, offset, batchOffset: offset });
  return seal;
}
