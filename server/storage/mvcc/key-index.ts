import type { StorageEvent } from '../storage.ts';
import { bytesOf, KeyHistory } from './key-history.ts';
import { SortedKeys } from './sorted-keys.ts';
import type { Slabs } from './slabs.ts';
import { live, type Value, type Version } from './version.ts';

interface Found {
  readonly items: Value[];
  readonly remaining: number;
}

export interface Range {
  readonly prefix: string;
  readonly startKey: string | undefined;
  readonly limit: number | undefined;
}

/**
 * Every key and what is known of it. Keys that live stand apart from those that are gone but not yet compacted, so that a list of
 * what is there now reads nothing else.
 */
export class KeyIndex {
  readonly #byKey = new Map<string, KeyHistory>();
  readonly #live = new SortedKeys<KeyHistory>();
  readonly #gone = new SortedKeys<KeyHistory>();

  readonly #slabs: Slabs;
  #liveBytes = 0;
  #historyBytes = 0;

  constructor(slabs: Slabs) {
    this.#slabs = slabs;
  }

  /** How many bytes the values of keys have that live. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  /** How many bytes the values have that are kept only for readers in the past. */
  get historyBytes(): number {
    return this.#historyBytes;
  }

  get(key: string): Value | undefined {
    return live(this.#byKey.get(key)?.newest);
  }

  put(key: string, version: Version): void {
    const isLive = live(version) !== undefined;
    this.#liveBytes += bytesOf(version);
    const history = this.#byKey.get(key);
    if (history === undefined) {
      const first = new KeyHistory(key, version);
      this.#byKey.set(key, first);
      (isLive ? this.#live : this.#gone).insert(first);
      return;
    }
    const wasLive = live(history.newest) !== undefined;
    const superseded = bytesOf(history.newest);
    this.#liveBytes -= superseded;
    this.#historyBytes += superseded;
    history.put(version);
    if (wasLive === isLive) return;
    (wasLive ? this.#live : this.#gone).delete(key);
    (isLive ? this.#live : this.#gone).insert(history);
  }

  count(prefix: string): number {
    return this.#live.count(prefix);
  }

  /** What lives now, in key order. */
  list({ prefix, startKey, limit }: Range): Found {
    const items: Value[] = [];
    for (const history of this.#live.slice(prefix, startKey, limit)) {
      const value = live(history.newest);
      if (value !== undefined) items.push(value);
    }
    const remaining = limit === undefined ? 0 : this.#live.count(prefix, startKey) - items.length;
    return { items, remaining };
  }

  /** What lived at `revision`, in key order. */
  listAt(revision: number, { prefix, startKey, limit = Infinity }: Range): Found {
    const items: Value[] = [];
    let remaining = 0;
    for (const history of this.#merged(prefix, startKey)) {
      const value = history.at(revision);
      if (value === undefined) continue;
      if (items.length < limit) items.push(value);
      else remaining++;
    }
    return { items, remaining };
  }

  /** Forgets what `event`, not newer than `revision`, put out of sight, and its bytes. */
  compact(event: StorageEvent, revision: number): void {
    const history = this.#byKey.get(event.key);
    if (history === undefined) return;
    for (const version of history.compact(revision)) {
      this.#historyBytes -= bytesOf(version);
      const value = live(version);
      if (value !== undefined) this.#slabs.release(value);
    }
    if (!history.isGone || history.newest.modRevision > revision) return;
    this.#byKey.delete(event.key);
    this.#gone.delete(event.key);
  }

  /** All that lives, in key order. */
  values(): Value[] {
    return this.list({ prefix: '', startKey: undefined, limit: undefined }).items;
  }

  *#merged(prefix: string, startKey: string | undefined): Generator<KeyHistory> {
    const gone = this.#gone.slice(prefix, startKey);
    let next = 0;
    for (const history of this.#live.slice(prefix, startKey)) {
      for (let other = gone[next]; other !== undefined; other = gone[++next]) {
        if (this.#live.before(history.key, other.key)) break;
        yield other;
      }
      yield history;
    }
    yield* gone.slice(next);
  }
}
