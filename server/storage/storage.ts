/** One live or historic value. The store hands out the same object each time. */
export interface Versioned {
  readonly key: string;
  /** The object's JSON text, its resourceVersion in it. Never change it: readers share the bytes. */
  readonly value: Uint8Array;
  /** The store's revision at the write that began this life of the key. */
  readonly createRevision: number;
  /** The store's revision at the last write of this key. */
  readonly modRevision: number;
  /** Readers may keep here what they have made of the value, for as long as it is known: the store does not look at it. */
  note?: unknown;
}

/** One change. A deletion carries the value that went away in `previous`, and its own revision. */
export interface StorageEvent {
  readonly type: 'create' | 'update' | 'delete';
  readonly key: string;
  readonly revision: number;
  /** Undefined for a deletion. */
  readonly current: Versioned | undefined;
  /** Undefined for a creation. */
  readonly previous: Versioned | undefined;
}

export interface ListOptions {
  /** Undefined: now. Rejects with CompactedError when older than the last compaction, FutureRevisionError when not there yet. */
  readonly revision?: number | undefined;
  /** At most so many; undefined: all. */
  readonly limit?: number | undefined;
  /** Only keys >= this one. */
  readonly startKey?: string | undefined;
}

export interface ListResult {
  /** In key order (by bytes). */
  readonly items: readonly Versioned[];
  /** The revision that the list shows. */
  readonly revision: number;
  /** How many keys of the prefix follow the last item. */
  readonly remaining: number;
}

/** Gives the bytes to store, once the revision of the write is known (it stands inside as resourceVersion). The store copies them. Must not fail. */
export type Encode = (revision: number) => Uint8Array;

export interface WatchOptions {
  /** Events with a revision greater than this one. Rejects with CompactedError when they are gone. */
  readonly afterRevision: number;
  /** Called with what one commit (or the history) changed below the prefix, in order; never while another call runs. */
  readonly onEvents: (events: readonly StorageEvent[]) => void;
  /** Called at every commit, whatever it changed, after onEvents: all up to `revision` has been told. */
  readonly onProgress?: (revision: number) => void;
  /** The store ended the watch (it is closing, or lost its history): watch anew. Not called after stop. */
  readonly onEnd?: (error: Error | undefined) => void;
}

/**
 * A store of bytes under keys, with every revision kept until compaction. One counter numbers all writes. A write resolves when it
 * is on disk; no reader and no watcher sees it before. Keys are etcd's: "/registry/pods/default/web".
 */
export interface Storage {
  /** The newest revision that is durable. */
  readonly revision: number;
  readonly compactedRevision: number;
  get(key: string): Promise<Versioned | undefined>;
  /** Keys that begin with `prefix`. */
  list(prefix: string, options?: ListOptions): Promise<ListResult>;
  count(prefix: string): Promise<number>;
  /** Rejects with KeyExistsError if `key` has a live value. */
  create(key: string, encode: Encode): Promise<Versioned>;
  /** Rejects with RevisionConflictError if the key's modRevision is not `expected` (also when the key is gone). */
  update(key: string, expected: number, encode: Encode): Promise<Versioned>;
  /** As update. Resolves with the revision of the deletion. */
  delete(key: string, expected: number): Promise<{ readonly revision: number; readonly previous: Versioned }>;
  watch(prefix: string, options: WatchOptions): Promise<() => void>;
  /** Forgets history up to `revision`: what is live stays. */
  compact(revision: number): Promise<void>;
  /** Stops taking writes, flushes, ends watches. */
  close(): Promise<void>;
}

export class KeyExistsError extends Error {
  override readonly name = 'KeyExistsError';
  readonly current: Versioned;

  constructor(current: Versioned) {
    super(`Cannot create key "${current.key}": it has a value already`);
    this.current = current;
  }
}

export class RevisionConflictError extends Error {
  override readonly name = 'RevisionConflictError';
  /** What is there now; undefined when the key is gone. */
  readonly current: Versioned | undefined;

  constructor(key: string, expected: number, current: Versioned | undefined) {
    super(
      `Cannot write key "${key}": expected revision ${expected}, found ${current?.modRevision ?? 'nothing'}`,
    );
    this.current = current;
  }
}

export class CompactedError extends Error {
  override readonly name = 'CompactedError';
  readonly requested: number;
  readonly compacted: number;

  constructor(requested: number, compacted: number) {
    super(`Cannot read revision ${requested}: history up to ${compacted} has been compacted`);
    this.requested = requested;
    this.compacted = compacted;
  }
}

export class FutureRevisionError extends Error {
  override readonly name = 'FutureRevisionError';
  readonly requested: number;
  readonly current: number;

  constructor(requested: number, current: number) {
    super(`Cannot read revision ${requested}: the newest is ${current}`);
    this.requested = requested;
    this.current = current;
  }
}

/** The store cannot take writes any more (disk full or broken, closing); reads and watches go on. */
export class ReadOnlyError extends Error {
  override readonly name = 'ReadOnlyError';
}
