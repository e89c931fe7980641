import type { Clock } from '../machinery/clock.ts';
import { InvariantError } from '../machinery/invariant.ts';
import type { Logger } from '../machinery/log.ts';
import type { KubeObject, ObjectKey } from '../machinery/object.ts';
import { qualifiedName, type Resource } from '../machinery/resource.ts';
import { isStatusError, type StatusError } from '../machinery/status.ts';
import type { Client, List, WatchEvent } from './client.ts';
import type { Change, Informer } from './informer.ts';
import { keyOfObject, keyText, ObjectCache } from './object-cache.ts';
import { SharedParts } from './shared-parts.ts';

export interface InformerOptions<T extends KubeObject> {
  readonly client: Client;
  readonly resource: Resource<T>;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  /** Ends the informer. */
  readonly signal: AbortSignal;
}

const pageItems = 500;
const delayMsMin = 200;
const delayMsMax = 30_000;
/** A stream that lived this long was healthy: the next failure starts with the shortest delay. */
const healthyMs = 30_000;

/** Starts a local copy of `resource`. It never polls: it lists once, then watches, and lists again only on expiry. */
export function startInformer<T extends KubeObject>(options: InformerOptions<T>): Informer<T> {
  const informer = new WatchedInformer(options);
  void informer.run();
  return informer;
}

class WatchedInformer<T extends KubeObject> implements Informer<T> {
  readonly #options: InformerOptions<T>;
  readonly #cache = new ObjectCache<T>();
  readonly #parts = new SharedParts();
  readonly #listeners = new Set<(change: Change<T>) => void>();
  readonly #waiters = new Set<() => void>();
  /** Where the next watch begins; undefined: list first. */
  #resourceVersion: string | undefined;
  #covered = 0n;
  #failures = 0;
  #synced = false;

  constructor(options: InformerOptions<T>) {
    this.#options = options;
  }

  get synced(): boolean {
    return this.#synced;
  }

  get(key: ObjectKey): T | undefined {
    return this.#cache.get(keyText(key));
  }

  list(namespace?: string): readonly T[] {
    return this.#cache.list(namespace);
  }

  ownedBy(uid: string): readonly T[] {
    return this.#cache.ownedBy(uid);
  }

  orphans(namespace: string): readonly T[] {
    return this.#cache.orphans(namespace);
  }

  covers(resourceVersion: string): boolean {
    return this.#synced && this.#covered >= numberOf(resourceVersion);
  }

  subscribe(listener: (change: Change<T>) => void): () => void {
    for (const object of this.#cache.list()) listener({ object, old: undefined });
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  waitForSync(signal: AbortSignal): Promise<void> {
    if (this.#synced) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const onSync = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = (): void => {
        this.#waiters.delete(onSync);
        reject(signal.reason as Error);
      };
      if (signal.aborted) {
        onAbort();
        return;
      }
      this.#waiters.add(onSync);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  async run(): Promise<void> {
    const { signal, clock } = this.#options;
    while (!signal.aborted) {
      const startedMs = clock.monotonic();
      try {
        if (this.#resourceVersion === undefined) await this.#relist();
        await this.#watch();
        if (clock.monotonic() - startedMs < 1000) await this.#pause();
        else this.#failures = 0;
      } catch (error) {
        if (this.#isEnded()) return;
        if (error instanceof InvariantError) throw error;
        if (clock.monotonic() - startedMs > healthyMs) this.#failures = 0;
        await this.#recover(error);
      }
    }
  }

  /** Asked anew each time: it may come while we wait. */
  #isEnded(): boolean {
    return this.#options.signal.aborted;
  }

  async #recover(error: unknown): Promise<void> {
    if (isExpired(error)) {
      this.#resourceVersion = undefined;
      if (this.#failures === 0) {
        this.#failures = 1;
        return;
      }
    }
    const { log, resource } = this.#options;
    log.log(this.#failures > 3 ? 'warn' : 'debug', 'Cannot watch: trying again', {
      resource: qualifiedName(resource),
      error: error instanceof Error ? error.message : String(error),
    });
    await this.#pause();
  }

  /** Back-off with jitter: half of the delay is fixed, half is chance. */
  async #pause(): Promise<void> {
    const { clock, random, signal } = this.#options;
    const delayMs = Math.min(delayMsMax, delayMsMin * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    await clock.sleep(delayMs * (0.5 + random() / 2), signal).catch(() => undefined);
  }

  async #relist(): Promise<void> {
    const { items, resourceVersion } = await listAll(this.#options);
    const seen = new Set<string>();
    for (const item of items) {
      const key = keyText(keyOfObject(item));
      seen.add(key);
      this.#put(key, item);
    }
    for (const key of [...this.#cache.keys()]) if (!seen.has(key)) this.#remove(key);
    this.#advance(resourceVersion);
    this.#failures = 0;
    if (this.#synced) return;
    this.#synced = true;
    for (const resolve of this.#waiters) resolve();
    this.#waiters.clear();
  }

  async #watch(): Promise<void> {
    const { client, resource, signal, random, namespace, labelSelector, fieldSelector } = this.#options;
    const events = client.watch(resource, {
      namespace,
      labelSelector,
      fieldSelector,
      resourceVersion: this.#resourceVersion ?? '',
      signal,
      timeoutSeconds: Math.round(300 * (1 + random())),
    });
    for await (const event of events) this.#apply(event);
  }

  #apply(event: WatchEvent<T>): void {
    const key = keyText(keyOfObject(event.object));
    if (event.type === 'DELETED') this.#remove(key, event.object);
    else if (event.type !== 'BOOKMARK') this.#put(key, event.object);
    const resourceVersion = event.object.metadata?.resourceVersion;
    if (resourceVersion !== undefined) this.#advance(resourceVersion);
  }

  #advance(resourceVersion: string): void {
    this.#resourceVersion = resourceVersion;
    const covered = numberOf(resourceVersion);
    if (covered > this.#covered) this.#covered = covered;
  }

  #put(key: string, object: T): void {
    const old = this.#cache.get(key);
    if (old !== undefined && sameVersion(old, object)) return;
    const slim = withoutManagedFields(object);
    this.#parts.share(slim);
    const replaced = old !== undefined && old.metadata?.uid !== slim.metadata?.uid;
    if (replaced) this.#remove(key);
    this.#cache.set(key, slim);
    this.#tell({ object: slim, old: replaced ? undefined : old });
  }

  /** `last` is the state that the deletion carries; a removal found by listing has only the state known before. */
  #remove(key: string, last?: T): void {
    const old = this.#cache.delete(key);
    if (old !== undefined)
      this.#tell({ object: undefined, old: last === undefined ? old : withoutManagedFields(last) });
  }

  #tell(change: Change<T>): void {
    for (const listener of this.#listeners) listener(change);
  }
}

async function listAll<T extends KubeObject>(
  options: InformerOptions<T>,
): Promise<{ readonly items: readonly T[]; readonly resourceVersion: string }> {
  const { client, resource, signal, namespace, labelSelector, fieldSelector } = options;
  const selection = { namespace, labelSelector, fieldSelector };
  const items: T[] = [];
  let page: List<T> = await client.list(resource, { ...selection, limit: pageItems });
  for (;;) {
    for (const item of page.items) items.push(item);
    const token = page.metadata.continue;
    if (token === undefined || token === '') return { items, resourceVersion: page.metadata.resourceVersion };
    signal.throwIfAborted();
    try {
      page = await client.list(resource, { ...selection, limit: pageItems, continue: token });
    } catch (error) {
      if (!isExpired(error)) throw error;
      // The pages took longer than history is kept: one whole list cannot expire.
      const whole = await client.list(resource, selection);
      return { items: whole.items, resourceVersion: whole.metadata.resourceVersion };
    }
  }
}

function isExpired(error: unknown): error is StatusError {
  return isStatusError(error) && error.code === 410;
}

function numberOf(resourceVersion: string): bigint {
  return /^[0-9]{1,20}$/.test(resourceVersion) ? BigInt(resourceVersion) : 0n;
}

function sameVersion(a: KubeObject, b: KubeObject): boolean {
  return a.metadata?.resourceVersion === b.metadata?.resourceVersion && a.metadata?.uid === b.metadata?.uid;
}

/** No reader of a copy needs them, and they are often half of an object. The client has just made the object: it is ours to change. */
function withoutManagedFields<T extends KubeObject>(object: T): T {
  const metadata: { managedFields?: unknown } | undefined = object.metadata;
  if (metadata?.managedFields !== undefined) metadata.managedFields = undefined;
  return object;
}
