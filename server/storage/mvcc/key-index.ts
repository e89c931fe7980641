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

  /** Adds the newest version of a key. Gives the value that it replaces. */
  put(version: Version): Value | undefined {
    const { key } = version;
    const isLive = live(version) !== undefined;
    this.#liveBytes += bytesOf(version);
    const history = this.#byKey.get(key);
    if (history === undefined) {
      const first = new KeyHistory(version);
      this.#byKey.set(key, first);
      (isLive ? this.#live : this.#gone).insert(first);
      return undefined;
    }
    const previous = live(history.newest);
    this.#liveBytes -= bytesOf(previous);
    this.#historyBytes += bytesOf(previous);
    history.put(version);
    if ((previous !== undefined) === isLive) return previous;
    (isLive ? this.#gone : this.#live).delete(key);
    (isLive ? this.#live : this.#gone).insert(history);
    return previous;
  }

  count(prefix: string): number {
    return this.#live.count(prefix);
  }

  /** What lives now, in key order. */
  list({ prefix, startKey, limit = Infinity }: Range): Found {
    const items: Value[] = [];
    this.#live.forEach(prefix, startKey, (history) => {
      const value = live(history.newest);
      if (items.length >= limit || value === undefined) return false;
      items.push(value);
      return true;
    });
    const remaining = limit === Infinity ? 0 : this.#live.count(prefix, startKey) - items.length;
    return { items, remaining };
  }

  /** What lived at `revision`, in key order. `since`: what changed below the prefix after it. */
  listAt(revision: number, range: Range, since: readonly StorageEvent[]): Found {
    const { prefix, startKey, limit = Infinity } = range;
    const items: Value[] = [];
    for (const history of this.#merged(prefix, startKey)) {
      if (items.length >= limit) break;
      const value = history.at(revision);
      if (value !== undefined) items.push(value);
    }
    const remaining = limit === Infinity ? 0 : this.#countAt(revision, range, since) - items.length;
    return { items, remaining };
  }

  /** How many lived at `revision`: those that live now, but for what changed since. */
  #countAt(revision: number, { prefix, startKey }: Range, since: readonly StorageEvent[]): number {
    let count = this.#live.count(prefix, startKey);
    for (const key of new Set(since.map((event) => event.key))) {
      const history = this.#byKey.get(key);
      if (history === undefined || (startKey !== undefined && this.#live.before(key, startKey))) continue;
      if (history.at(revision) !== undefined) count++;
      if (live(history.newest) !== undefined) count--;
    }
    return count;
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
    const gone = this.#gone.iterate(prefix, startKey);
    let other = gone.next();
    for (const history of this.#live.iterate(prefix, startKey)) {
      for (; other.done !== true && this.#live.before(other.value.key, history.key); other = gone.next()) {
        yield other.value;
      }
      yield history;
    }
    for (; other.done !== true; other = gone.next()) yield other.value;
  }
}
