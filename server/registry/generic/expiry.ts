import type { Clock } from '../../../openapi/machinery/clock.ts';
import { RevisionConflictError, type Storage, type Versioned } from '../../storage/storage.ts';
import { resourcePrefix } from '../keys.ts';
import type { Registered, Registry } from '../strategy.ts';

const scanIntervalMs = 60_000;

export interface ExpiryOptions {
  readonly storage: Storage;
  readonly registry: Registry;
  readonly clock: Clock;
  /** Ends the loop. */
  readonly signal: AbortSignal;
}

/**
 * Removes objects of kinds with a time to live, some time after it is over. Time counts from when an object was first seen as it
 * is, so a restart gives it another life at most. Resolves when the signal aborts.
 */
export async function expireObjects(options: ExpiryOptions): Promise<void> {
  const { registry, clock, signal } = options;
  const mortal = registry.all.filter(
    ({ strategy }) => strategy.ttlSeconds !== undefined && strategy.stored === undefined,
  );
  const seen = new WeakMap<Versioned, number>();
  while (!signal.aborted) {
    for (const registered of mortal) await expireOnce(options, registered, seen);
    await clock.sleep(scanIntervalMs, signal).catch(() => undefined);
  }
}

/** One look at all objects of a kind. */
export async function expireOnce(
  { storage, clock }: Omit<ExpiryOptions, 'signal'>,
  { resource, strategy }: Registered,
  seen: WeakMap<Versioned, number>,
): Promise<void> {
  const ttlMs = (strategy.ttlSeconds ?? Infinity) * 1000;
  const now = clock.monotonic();
  const { items } = await storage.list(resourcePrefix(resource));
  for (const item of items) {
    const since = seen.get(item);
    if (since === undefined) seen.set(item, now);
    else if (now - since >= ttlMs) await removeUnchanged(storage, item);
  }
}

async function removeUnchanged(storage: Storage, item: Versioned): Promise<void> {
  try {
    await storage.delete(item.key, item.modRevision);
  } catch (error) {
    if (!(error instanceof RevisionConflictError)) throw error;
  }
}
