import type { Clock } from '../../../openapi/machinery/clock.ts';
import type { Logger } from '../../../openapi/machinery/log.ts';
import type { MvccStore } from '../mvcc/store.ts';
import type { Encode, ListOptions, ListResult, Storage, Versioned, WatchOptions } from '../storage.ts';
import type { Files } from './files.ts';
import { Journal } from './journal.ts';
import type { RecoveredJournal, SegmentSummary } from './recovery.ts';
import type { Snapshots } from './snapshots.ts';
import { fillWithZeros, SpareSegment } from './spare-segment.ts';

export interface JsonStoreParts {
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly files: Files;
  readonly random: (bytes: number) => Buffer;
  readonly segmentBytes: number;
  readonly snapshotBytesMin: number;
  readonly store: MvccStore;
  readonly journal: RecoveredJournal;
  readonly snapshots: Snapshots;
  /** Of the newest snapshot; of the beginning when there is none. */
  readonly snapshotRevision: number;
  readonly hasSpare: boolean;
  readonly unlock: () => Promise<void>;
}

const SNAPSHOTS_KEPT = 2;
const RESERVE_NAME = 'reserve';
const RESERVE_BYTES_MAX = 16 * 1024 * 1024;

/** The store in memory over a journal, with snapshots in the background. */
export class JsonStore implements Storage {
  readonly #parts: JsonStoreParts;
  readonly #store: MvccStore;
  readonly #spare: SpareSegment;
  readonly #journal: Journal;
  #segments: readonly SegmentSummary[];
  #snapshotRevision: number;
  /** The segment that was written to when the newest snapshot was begun. */
  #snapshotSequence: number;
  #snapshotting: Promise<void> | undefined;
  #housekeeping: Promise<void> = Promise.resolve();
  #hasReserve = false;
  #closed: Promise<void> | undefined;

  constructor(parts: JsonStoreParts) {
    const { directory, segmentBytes, files, clock, log, random, journal } = parts;
    this.#parts = parts;
    this.#store = parts.store;
    this.#segments = journal.segments;
    this.#snapshotRevision = parts.snapshotRevision;
    this.#snapshotSequence = firstAfter(journal.segments, parts.snapshotRevision);
    this.#spare = new SpareSegment(
      {
        files,
        directory,
        segmentBytes,
        clock,
        log,
        onMade: () => {
          void this.#keepHouse(() => this.#makeReserve());
        },
        onFull: () => this.#keepHouse(() => this.#makeRoom()),
      },
      parts.hasSpare,
    );
    this.#journal = new Journal(
      {
        directory,
        segmentBytes,
        random,
        log,
        storeId: journal.storeId,
        spare: this.#spare,
        onRoll: () => {
          this.#onRoll();
        },
      },
      journal.file,
      journal.end,
    );
    this.#store.writeTo(this.#journal);
  }

  get revision(): number {
    return this.#store.revision;
  }

  get compactedRevision(): number {
    return this.#store.compactedRevision;
  }

  get(key: string): Promise<Versioned | undefined> {
    return this.#store.get(key);
  }

  list(prefix: string, options?: ListOptions): Promise<ListResult> {
    return this.#store.list(prefix, options);
  }

  count(prefix: string): Promise<number> {
    return this.#store.count(prefix);
  }

  create(key: string, encode: Encode): Promise<Versioned> {
    return this.#store.create(key, encode);
  }

  update(key: string, expected: number, encode: Encode): Promise<Versioned> {
    return this.#store.update(key, expected, encode);
  }

  delete(
    key: string,
    expected: number,
  ): Promise<{ readonly revision: number; readonly previous: Versioned }> {
    return this.#store.delete(key, expected);
  }

  watch(prefix: string, options: WatchOptions): Promise<() => void> {
    return this.#store.watch(prefix, options);
  }

  compact(revision: number): Promise<void> {
    return this.#store.compact(revision);
  }

  /** Why the store does not take (all) writes, for /readyz; undefined when it does. */
  health(): string | undefined {
    return this.#store.failure?.message ?? this.#spare.problem;
  }

  /** Writes a snapshot of now, and removes what it makes superfluous. Joins one that is being written. */
  snapshot(): Promise<void> {
    this.#snapshotting ??= this.#writeSnapshot().finally(() => {
      this.#snapshotting = undefined;
    });
    return this.#snapshotting;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#store.close();
    await this.#snapshotting?.catch(() => undefined);
    await this.#housekeeping;
    await this.#parts.unlock();
  }

  #onRoll(): void {
    const { log, segmentBytes, snapshotBytesMin } = this.#parts;
    const { sequence } = this.#journal;
    this.#segments = [...this.#segments, { sequence, firstRevision: this.#journal.revision + 1 }];
    const grown = (sequence - this.#snapshotSequence) * segmentBytes;
    if (grown < Math.max(snapshotBytesMin, this.#store.liveBytes)) return;
    this.snapshot().catch((error: unknown) => {
      log.log('error', 'cannot write a snapshot: the journal keeps growing', { error: String(error) });
    });
  }

  async #writeSnapshot(): Promise<void> {
    const { clock, log, snapshots, journal } = this.#parts;
    const started = clock.monotonic();
    const { sequence } = this.#journal;
    const { revision } = this.#store;
    if (revision === this.#snapshotRevision) return;
    const values = this.#store.values();
    await snapshots.save({ storeId: journal.storeId, revision, values });
    this.#snapshotSequence = sequence;
    this.#snapshotRevision = revision;
    await this.#clean(SNAPSHOTS_KEPT);
    log.log('info', 'wrote a snapshot', {
      revision,
      objects: values.length,
      segmentsLeft: this.#segments.length,
      milliseconds: Math.round(clock.monotonic() - started),
    });
  }

  async #clean(kept: number): Promise<void> {
    const before = this.#segments;
    const left = await this.#parts.snapshots.clean(kept, before);
    // Segments that began meanwhile stand behind those that were looked at.
    this.#segments = [...left, ...this.#segments.slice(before.length)];
  }

  /** One after the other, and nothing of it fails a write. */
  #keepHouse(work: () => Promise<void>): Promise<void> {
    this.#housekeeping = this.#housekeeping.then(work).catch((error: unknown) => {
      this.#parts.log.log('warn', 'cannot keep disk space in reserve', { error: String(error) });
    });
    return this.#housekeeping;
  }

  /** Takes space that is given back when the disk is full, so that a snapshot can be written, which frees segments. */
  async #makeReserve(): Promise<void> {
    if (this.#hasReserve || this.#closed !== undefined) return;
    const { files, directory, segmentBytes } = this.#parts;
    const bytes = Math.min(segmentBytes, RESERVE_BYTES_MAX);
    await fillWithZeros(files, `${directory}/${RESERVE_NAME}`, bytes);
    this.#hasReserve = true;
  }

  async #makeRoom(): Promise<void> {
    if (this.#closed !== undefined) return;
    const { files, directory } = this.#parts;
    await files.remove(`${directory}/${RESERVE_NAME}`);
    this.#hasReserve = false;
    if (this.#segments.length > 1) await this.snapshot();
    await this.#clean(1);
  }
}

/** The segment that has the first write after `revision`. */
function firstAfter(segments: readonly SegmentSummary[], revision: number): number {
  return segments.findLast(({ firstRevision }) => firstRevision <= revision + 1)?.sequence ?? 1;
}
