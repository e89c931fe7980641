import { setImmediate } from 'node:timers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { invariant } from '../../../openapi/machinery/invariant.ts';
import {
  CompactedError,
  FutureRevisionError,
  KeyExistsError,
  ReadOnlyError,
  RevisionConflictError,
  type Encode,
  type ListOptions,
  type ListResult,
  type Storage,
  type StorageEvent,
  type Versioned,
  type WatchOptions,
} from '../storage.ts';
import type { CommitLog } from './commit-log.ts';
import { EventLog } from './event-log.ts';
import { KeyIndex } from './key-index.ts';
import { Slabs } from './slabs.ts';
import { live, Tombstone, type Value, type Version } from './version.ts';
import { Watchers } from './watchers.ts';

/** A new store counts from here: clients take small revisions for special ones, and history before it counts as compacted. */
export const FIRST_REVISION = 1000;

/** How many events a compaction looks at before it lets others run. */
const COMPACTION_STEP_EVENTS = 5000;

/** The writes that become durable together. */
class Commit {
  readonly writes: Version[] = [];
  readonly done: Promise<void>;
  resolve: () => void = () => undefined;
  reject: (error: Error) => void = () => undefined;

  constructor() {
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Each writer hears of the failure by its own await; a commit that nobody awaits any more is no unhandled rejection.
    this.done.catch(() => undefined);
  }
}

/** A write that waits for its flush. Later writes are checked against it; readers do not see it. */
interface Pending {
  readonly version: Version;
  readonly commit: Commit;
}

export interface StoreOptions {
  /** Where the values of `recovered` are. */
  readonly slabs?: Slabs | undefined;
  /** What a snapshot had; a new store when not given. */
  readonly recovered?: RecoveredState | undefined;
  /** How many bytes of values that are no longer the newest are kept: beyond that, older history goes before its time. */
  readonly historyBytesMax?: number | undefined;
}

/** What lived at `baseRevision`. */
export interface RecoveredState {
  readonly baseRevision: number;
  readonly values: readonly Value[];
}

const HISTORY_BYTES_MAX = 256 * 1024 * 1024;
const HISTORY_EVENTS_MAX = 1_000_000;

/** Before the store has its log, it takes no writes. */
const noLog: CommitLog = {
  room() {
    throw new ReadOnlyError('The store is not open yet');
  },
  stage: () => undefined,
  flush: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

/**
 * The store in memory over a log that makes it durable. A write takes its revision and is staged at once, checked against
 * what is there and what is pending; when its flush is done, all writes of the flush become visible in one step: index, then
 * watchers, then the writers' promises.
 */
export class MvccStore implements Storage {
  readonly #historyBytesMax: number;
  readonly #slabs: Slabs;
  readonly #index: KeyIndex;
  readonly #events = new EventLog();
  readonly #watchers = new Watchers();
  readonly #pending = new Map<string, Pending>();
  /** Durable and visible. */
  #revision: number;
  #compacted: number;
  /** Given to a write, perhaps pending. */
  #assigned: number;
  #next = new Commit();
  #committing: Promise<void> | undefined;
  #compacting: Promise<void> = Promise.resolve();
  #isCompacting = false;
  #refusal: ReadOnlyError | undefined;
  #log = noLog;

  constructor({ slabs = new Slabs(), recovered, historyBytesMax }: StoreOptions = {}) {
    this.#slabs = slabs;
    this.#index = new KeyIndex(slabs);
    this.#historyBytesMax = historyBytesMax ?? HISTORY_BYTES_MAX;
    this.#revision = recovered?.baseRevision ?? FIRST_REVISION;
    this.#compacted = this.#revision;
    this.#assigned = this.#revision;
    for (const value of recovered?.values ?? []) this.#index.put(value);
  }

  get revision(): number {
    return this.#revision;
  }

  get compactedRevision(): number {
    return this.#compacted;
  }

  /** How many bytes the values of keys have that live. */
  get liveBytes(): number {
    return this.#index.liveBytes;
  }

  /** What made the store refuse writes, other than its closing. */
  get failure(): ReadOnlyError | undefined {
    return this.#refusal?.cause === undefined ? undefined : this.#refusal;
  }

  /** Begins to take writes. */
  writeTo(log: CommitLog): void {
    this.#log = log;
  }

  /** All that lives, in key order, as it is at `revision`. */
  values(): Value[] {
    return this.#index.values();
  }

  get(key: string): Promise<Versioned | undefined> {
    return Promise.resolve(this.#index.get(key));
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- A refusal must come as a rejection.
  async list(prefix: string, options: ListOptions = {}): Promise<ListResult> {
    const { revision = this.#revision, limit, startKey } = options;
    if (revision < this.#compacted) throw new CompactedError(revision, this.#compacted);
    if (revision > this.#revision) throw new FutureRevisionError(revision, this.#revision);
    const range = { prefix, startKey, limit };
    if (revision === this.#revision) return { ...this.#index.list(range), revision };
    const since = this.#events.after(revision, prefix);
    return { ...this.#index.listAt(revision, range, since), revision };
  }

  count(prefix: string): Promise<number> {
    return Promise.resolve(this.#index.count(prefix));
  }

  async create(key: string, encode: Encode): Promise<Versioned> {
    checkKey(key);
    for (let wait = this.#room('put'); wait !== undefined; wait = this.#room('put')) await wait;
    const pending = this.#pending.get(key);
    const current = this.#head(key, pending);
    if (current === undefined) {
      const value = this.#put(key, undefined, encode);
      await this.#durable(value);
      return value;
    }
    await pending?.commit.done;
    throw new KeyExistsError(current);
  }

  async update(key: string, expected: number, encode: Encode): Promise<Versioned> {
    for (let wait = this.#room('put'); wait !== undefined; wait = this.#room('put')) await wait;
    const pending = this.#pending.get(key);
    const current = this.#head(key, pending);
    if (current?.modRevision === expected) {
      const value = this.#put(key, current, encode);
      await this.#durable(value);
      return value;
    }
    await pending?.commit.done;
    throw new RevisionConflictError(key, expected, current);
  }

  async delete(
    key: string,
    expected: number,
  ): Promise<{ readonly revision: number; readonly previous: Versioned }> {
    for (let wait = this.#room('delete'); wait !== undefined; wait = this.#room('delete')) await wait;
    const pending = this.#pending.get(key);
    const previous = this.#head(key, pending);
    if (previous?.modRevision !== expected) {
      await pending?.commit.done;
      throw new RevisionConflictError(key, expected, previous);
    }
    const revision = this.#assigned + 1;
    this.#log.stage({ key, revision, value: undefined });
    await this.#durable(new Tombstone(key, revision));
    return { revision, previous };
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- A refusal must come as a rejection.
  async watch(prefix: string, options: WatchOptions): Promise<() => void> {
    if (options.afterRevision < this.#compacted) {
      throw new CompactedError(options.afterRevision, this.#compacted);
    }
    return this.#watchers.add(prefix, options, this.#events.after(options.afterRevision, prefix));
  }

  async compact(revision: number): Promise<void> {
    if (revision > this.#revision) throw new FutureRevisionError(revision, this.#revision);
    if (revision < this.#compacted) throw new CompactedError(revision, this.#compacted);
    const superseded = this.#cutHistory(revision);
    this.#compacting = this.#compacting.then(() => this.#forget(superseded, revision));
    await this.#compacting;
  }

  async close(): Promise<void> {
    this.#refusal ??= new ReadOnlyError('The store is closing');
    while (this.#committing !== undefined) await this.#committing;
    this.#watchers.endAll(undefined);
    await this.#compacting;
    await this.#log.close();
  }

  /** Applies a write that the log had: for recovery, before the store is used. Copies `value`. */
  replay(key: string, value: Uint8Array | undefined, revision: number): void {
    invariant(revision === this.#revision + 1, 'the log has each revision once', {
      revision,
      last: this.#revision,
    });
    const previous = this.#index.get(key);
    const created = previous?.createRevision ?? revision;
    this.#apply(
      value === undefined
        ? new Tombstone(key, revision)
        : this.#slabs.add(key, value, { create: created, mod: revision }),
    );
    this.#revision = revision;
    this.#assigned = revision;
    const middle = this.#isHistoryTooLong() ? this.#events.middle?.revision : undefined;
    if (middle === undefined) return;
    for (const event of this.#cutHistory(middle)) this.#index.compact(event, middle);
  }

  /** What a write must wait for before it may be checked and staged, which then happen in one step. */
  #room(kind: 'put' | 'delete'): Promise<void> | undefined {
    if (this.#refusal !== undefined) throw this.#refusal;
    return this.#log.room(kind);
  }

  /** What a write of `key` replaces, `pending` or not. A refusal that tells of what is pending must wait until it is durable. */
  #head(key: string, pending: Pending | undefined): Value | undefined {
    return pending === undefined ? this.#index.get(key) : live(pending.version);
  }

  #put(key: string, previous: Value | undefined, encode: Encode): Value {
    const revision = this.#assigned + 1;
    const bytes = encode(revision);
    this.#log.stage({ key, revision, value: bytes });
    return this.#slabs.add(key, bytes, { create: previous?.createRevision ?? revision, mod: revision });
  }

  /** Resolves when `version`, which is staged, is durable and visible. */
  #durable(version: Version): Promise<void> {
    this.#assigned = version.modRevision;
    const commit = this.#next;
    commit.writes.push(version);
    this.#pending.set(version.key, { version, commit });
    this.#committing ??= this.#commitAll();
    return commit.done;
  }

  /** One flush after the other until nothing waits. The first begins in the next turn, so that writes of this turn share it. */
  async #commitAll(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#next.writes.length > 0 && this.#refusal?.cause === undefined) {
      const commit = this.#next;
      this.#next = new Commit();
      try {
        await this.#log.flush();
      } catch (error) {
        this.#fail(commit, error as Error);
        break;
      }
      this.#publish(commit);
    }
    this.#committing = undefined;
  }

  #publish(commit: Commit): void {
    const events = commit.writes.map((version) => {
      if (this.#pending.get(version.key)?.version === version) this.#pending.delete(version.key);
      return this.#apply(version);
    });
    this.#revision = events.at(-1)?.revision ?? this.#revision;
    this.#watchers.commit(events, this.#revision);
    commit.resolve();
    if (!this.#isCompacting && this.#isHistoryTooLong()) this.#shortenHistory();
  }

  #isHistoryTooLong(): boolean {
    return this.#index.historyBytes > this.#historyBytesMax || this.#events.size > HISTORY_EVENTS_MAX;
  }

  /** Forgets the older half, in the background. */
  #shortenHistory(): void {
    const middle = this.#events.middle?.revision;
    if (middle === undefined) return;
    this.#isCompacting = true;
    void this.compact(middle).finally(() => {
      this.#isCompacting = false;
    });
  }

  /** Nobody can read before `revision` from now on. Gives the events up to it, whose versions are to be forgotten. */
  #cutHistory(revision: number): readonly StorageEvent[] {
    const events = this.#events.between(this.#compacted, revision);
    this.#compacted = revision;
    this.#events.forget(revision);
    return events;
  }

  #apply(version: Version): StorageEvent {
    const { key, modRevision: revision } = version;
    const previous = this.#index.put(version);
    const current = live(version);
    const type = current === undefined ? 'delete' : previous === undefined ? 'create' : 'update';
    const event = { type, key, revision, current, previous } as const;
    this.#events.push(event);
    return event;
  }

  /** Nothing is known of what was not flushed: nobody is told that it is there, and no further write is taken. */
  #fail(commit: Commit, cause: Error): void {
    this.#refusal = new ReadOnlyError(`The store takes no more writes: ${cause.message}`, { cause });
    this.#pending.clear();
    commit.reject(this.#refusal);
    this.#next.reject(this.#refusal);
  }

  async #forget(superseded: readonly StorageEvent[], revision: number): Promise<void> {
    for (const [i, event] of superseded.entries()) {
      if (i % COMPACTION_STEP_EVENTS === COMPACTION_STEP_EVENTS - 1) await nextTurn();
      this.#index.compact(event, revision);
    }
  }
}

function checkKey(key: string): void {
  if (key === '' || /\p{Surrogate}/u.test(key)) {
    throw new RangeError(`Cannot write key ${JSON.stringify(key)}: it has no UTF-8 form`);
  }
}
