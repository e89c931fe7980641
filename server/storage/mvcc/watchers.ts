import type { StorageEvent, WatchOptions } from '../storage.ts';

/** One watch, and what it has been told up to. */
class Watcher {
  readonly prefix: string;
  readonly options: WatchOptions;
  told: number;

  constructor(prefix: string, options: WatchOptions) {
    this.prefix = prefix;
    this.options = options;
    this.told = options.afterRevision;
  }

  /** Tells what of `events` is news: the events of one commit or of the history, in order. */
  tell(events: readonly StorageEvent[]): void {
    const first = events[0];
    const last = events.at(-1);
    if (first === undefined || last === undefined || last.revision <= this.told) return;
    const news = first.revision > this.told ? events : events.filter((e) => e.revision > this.told);
    this.told = last.revision;
    this.options.onEvents(news);
  }
}

/** The watches, by prefix: what a commit changed below a prefix is gathered once, and told to all who watch it. */
export class Watchers {
  readonly #all = new Set<Watcher>();
  /** Those of them that want to hear of every commit. */
  readonly #curious = new Set<Watcher>();
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
    if (options.onProgress !== undefined) this.#curious.add(watcher);
    this.#tell([watcher], history);
    return () => {
      this.#remove(watcher);
    };
  }

  /** Tells one commit: `events` in order, the last at `revision`. */
  commit(events: readonly StorageEvent[], revision: number): void {
    if (this.#all.size === 0) return;
    for (const [group, news] of this.#concerned(events)) this.#tell([...group], news);
    for (const watcher of this.#curious) {
      if (watcher.told > revision) continue;
      watcher.told = revision;
      try {
        watcher.options.onProgress?.(revision);
      } catch (error) {
        this.#end(watcher, error);
      }
    }
  }

  endAll(error: Error | undefined): void {
    for (const watcher of [...this.#all]) {
      this.#remove(watcher);
      watcher.options.onEnd?.(error);
    }
  }

  /** Of `watchers`, any may stop itself or another meanwhile. One that throws ends, and harms nobody else. */
  #tell(watchers: readonly Watcher[], events: readonly StorageEvent[]): void {
    for (const watcher of watchers) {
      if (!this.#all.has(watcher)) continue;
      try {
        watcher.tell(events);
      } catch (error) {
        this.#end(watcher, error);
      }
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

  #end(watcher: Watcher, error: unknown): void {
    if (!this.#all.has(watcher)) return;
    this.#remove(watcher);
    watcher.options.onEnd?.(error as Error);
  }

  #remove(watcher: Watcher): void {
    if (!this.#all.delete(watcher)) return;
    this.#curious.delete(watcher);
    const group = this.#byPrefix.get(watcher.prefix);
    group?.delete(watcher);
    if (group?.size !== 0) return;
    this.#byPrefix.delete(watcher.prefix);
    const left = (this.#lengths.get(watcher.prefix.length) ?? 1) - 1;
    if (left === 0) this.#lengths.delete(watcher.prefix.length);
    else this.#lengths.set(watcher.prefix.length, left);
  }
}
