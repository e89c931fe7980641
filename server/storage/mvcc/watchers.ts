import type { StorageEvent, WatchOptions } from '../storage.ts';

/** One watch. What it has been told up to is `told`. */
class Watcher {
  readonly prefix: string;
  readonly #options: WatchOptions;
  #told: number;

  constructor(prefix: string, options: WatchOptions) {
    this.prefix = prefix;
    this.#options = options;
    this.#told = options.afterRevision;
  }

  /** Tells what of `events` is news. The events of one commit or of the history, in order. */
  tell(events: readonly StorageEvent[]): void {
    const first = events[0];
    const last = events.at(-1);
    if (first === undefined || last === undefined || last.revision <= this.#told) return;
    const news = first.revision > this.#told ? events : events.filter((e) => e.revision > this.#told);
    this.#told = last.revision;
    this.#options.onEvents(news);
  }

  /** All up to `revision` has been told. */
  progress(revision: number): void {
    if (revision < this.#told) return;
    this.#told = revision;
    this.#options.onProgress?.(revision);
  }

  end(error: Error | undefined): void {
    this.#options.onEnd?.(error);
  }
}

/** The watches, by prefix: what a commit changed below a prefix is gathered once, and told to all who watch it. */
export class Watchers {
  readonly #all = new Set<Watcher>();
  readonly #byPrefix = new Map<string, Set<Watcher>>();
  /** How many prefixes have that length: which beginnings of a key are worth looking up. */
  readonly #lengths = new Map<number, number>();

  /** Begins a watch, with the `history` that it has missed. */
  add(prefix: string, options: WatchOptions, history: readonly StorageEvent[]): () => void {
    const watcher = new Watcher(prefix, options);
    let group = this.#byPrefix.get(prefix);
    if (group === undefined) {
      this.#byPrefix.set(prefix, (group = new Set()));
      this.#lengths.set(prefix.length, (this.#lengths.get(prefix.length) ?? 0) + 1);
    }
    group.add(watcher);
    this.#all.add(watcher);
    this.#guard(watcher, () => {
      watcher.tell(history);
    });
    return () => {
      this.#remove(watcher);
    };
  }

  /** Tells one commit: `events` in order, the last at `revision`. */
  commit(events: readonly StorageEvent[], revision: number): void {
    if (this.#all.size === 0) return;
    for (const [group, news] of this.#concerned(events)) {
      for (const watcher of [...group]) {
        if (this.#all.has(watcher)) {
          this.#guard(watcher, () => {
            watcher.tell(news);
          });
        }
      }
    }
    for (const watcher of this.#all) {
      this.#guard(watcher, () => {
        watcher.progress(revision);
      });
    }
  }

  endAll(error: Error | undefined): void {
    for (const watcher of [...this.#all]) {
      this.#remove(watcher);
      watcher.end(error);
    }
  }

  #concerned(events: readonly StorageEvent[]): Map<Set<Watcher>, StorageEvent[]> {
    const concerned = new Map<Set<Watcher>, StorageEvent[]>();
    for (const event of events) {
      for (const length of this.#lengths.keys()) {
        if (length > event.key.length) continue;
        const group = this.#byPrefix.get(event.key.slice(0, length));
        if (group === undefined) continue;
        const news = concerned.get(group);
        if (news === undefined) concerned.set(group, [event]);
        else news.push(event);
      }
    }
    return concerned;
  }

  /** A watcher that throws ends, and harms nobody else. */
  #guard(watcher: Watcher, tell: () => void): void {
    try {
      tell();
    } catch (error) {
      if (!this.#all.has(watcher)) return;
      this.#remove(watcher);
      watcher.end(error as Error);
    }
  }

  #remove(watcher: Watcher): void {
    if (!this.#all.delete(watcher)) return;
    const group = this.#byPrefix.get(watcher.prefix);
    group?.delete(watcher);
    if (group?.size !== 0) return;
    this.#byPrefix.delete(watcher.prefix);
    const left = (this.#lengths.get(watcher.prefix.length) ?? 1) - 1;
    if (left === 0) this.#lengths.delete(watcher.prefix.length);
    else this.#lengths.set(watcher.prefix.length, left);
  }
}
