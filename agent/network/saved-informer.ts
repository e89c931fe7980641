import type { Change, Informer } from '../../openapi/client/informer.ts';
import type { Clock } from '../../openapi/machinery/clock.ts';
import type { Logger } from '../../openapi/machinery/log.ts';
import type { KubeObject, ObjectKey } from '../../openapi/machinery/object.ts';
import type { Host } from '../host/host.ts';

/** Changes of this time are written together. */
const saveDelayMs = 2_000;

/** The part of an informer that works from disk too. */
export type SavedList<T extends KubeObject> = Pick<
  Informer<T>,
  'synced' | 'get' | 'list' | 'subscribe' | 'waitForSync'
>;

export interface SavedInformerOptions<T extends KubeObject> {
  readonly live: SavedList<T>;
  readonly path: string;
  readonly host: Pick<Host, 'readFile' | 'writeFile'>;
  /** What of an object is worth keeping; changes of the rest (heartbeats) are neither told nor written. */
  readonly keep: (object: T) => T;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * An informer that begins with what it knew last time, from disk, so that a node that boots while the server is away serves
 * what it served before. Once the live informer has synced, subscribers are told the difference.
 */
export async function startSavedInformer<T extends KubeObject>(
  options: SavedInformerOptions<T>,
): Promise<SavedList<T>> {
  const informer = new SavedInformer(options);
  await informer.load();
  void informer.follow();
  return informer;
}

class SavedInformer<T extends KubeObject> implements SavedList<T> {
  readonly #options: SavedInformerOptions<T>;
  readonly #objects = new Map<string, { readonly object: T; readonly text: string }>();
  readonly #listeners = new Set<(change: Change<T>) => void>();
  #loaded = false;
  #following = false;
  #savedText: string | undefined;
  #saving = false;

  constructor(options: SavedInformerOptions<T>) {
    this.#options = options;
  }

  get synced(): boolean {
    return this.#loaded || this.#following;
  }

  get(key: ObjectKey): T | undefined {
    return this.#objects.get(`${key.namespace ?? ''}/${key.name}`)?.object;
  }

  list(namespace?: string): readonly T[] {
    const all = [...this.#objects.values()].map((each) => each.object);
    return namespace === undefined ? all : all.filter((each) => each.metadata?.namespace === namespace);
  }

  subscribe(listener: (change: Change<T>) => void): () => void {
    this.#listeners.add(listener);
    for (const { object } of [...this.#objects.values()]) listener({ object, old: undefined });
    return () => {
      this.#listeners.delete(listener);
    };
  }

  async waitForSync(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.synced) await this.#options.live.waitForSync(signal);
  }

  async load(): Promise<void> {
    const { host, path, log } = this.#options;
    const text = await host.readFile(path);
    if (text === undefined) return;
    try {
      for (const object of JSON.parse(text) as T[]) this.#set(object);
      this.#savedText = text;
      this.#loaded = true;
    } catch (error) {
      // A file that cannot be read is worth no more than none: the server tells all again.
      log.log('warn', 'cannot read saved objects', { path, error: String(error) });
      this.#objects.clear();
    }
  }

  async follow(): Promise<void> {
    const { live, signal } = this.#options;
    try {
      await live.waitForSync(signal);
    } catch {
      return;
    }
    const stop = live.subscribe((change) => {
      if (change.object !== undefined) this.#set(this.#options.keep(change.object));
      else if (change.old !== undefined) this.#remove(keyOf(change.old));
    });
    signal.addEventListener('abort', stop, { once: true });
    const there = new Set(live.list().map(keyOf));
    for (const key of [...this.#objects.keys()]) if (!there.has(key)) this.#remove(key);
    this.#following = true;
    this.#saveSoon();
  }

  #set(object: T): void {
    const key = keyOf(object);
    const before = this.#objects.get(key);
    const text = JSON.stringify(object);
    if (before?.text === text) return;
    this.#objects.set(key, { object, text });
    this.#tell({ object, old: before?.object });
  }

  #remove(key: string): void {
    const before = this.#objects.get(key);
    if (before === undefined) return;
    this.#objects.delete(key);
    this.#tell({ object: undefined, old: before.object });
  }

  #tell(change: Change<T>): void {
    for (const listener of this.#listeners) listener(change);
    if (this.#following) this.#saveSoon();
  }

  #saveSoon(): void {
    if (this.#saving) return;
    this.#saving = true;
    const { clock, signal, log, path } = this.#options;
    void clock
      .sleep(saveDelayMs, signal)
      .then(() => {
        this.#saving = false;
        return this.#save();
      })
      .catch((error: unknown) => {
        if (!signal.aborted) log.log('warn', 'cannot save objects', { path, error: String(error) });
      });
  }

  async #save(): Promise<void> {
    const text = `[${[...this.#objects.values()].map((each) => each.text).join(',\n')}]\n`;
    if (text === this.#savedText) return;
    await this.#options.host.writeFile(this.#options.path, text, 0o600);
    this.#savedText = text;
  }
}

function keyOf(object: KubeObject): string {
  return `${object.metadata?.namespace ?? ''}/${object.metadata?.name ?? ''}`;
}
