import type { Clock } from '../../../openapi/machinery/clock.ts';
import type { Logger } from '../../../openapi/machinery/log.ts';
import { CompactedError, type Storage } from '../storage.ts';

export interface CompactorOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Logger;
  /** How much history is kept at least; Kubernetes' five minutes when not given. At most it is twice as much. */
  readonly intervalMs?: number | undefined;
}

const INTERVAL_MS = 5 * 60 * 1000;

/**
 * Compacts the storage every interval to the revision that was the newest one interval before, until `signal` aborts. So a client
 * that lost its watch, or pages through a list, has that long to come back.
 */
export async function runCompactor(options: CompactorOptions, signal: AbortSignal): Promise<void> {
  const { storage, clock, log, intervalMs = INTERVAL_MS } = options;
  for (let last = storage.revision; ;) {
    await clock.sleep(intervalMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    const { revision } = storage;
    await compactTo(storage, log, last);
    last = revision;
  }
}

async function compactTo(storage: Storage, log: Logger, revision: number): Promise<void> {
  if (revision <= storage.compactedRevision) return;
  try {
    await storage.compact(revision);
    log.log('debug', 'compacted the history', { revision });
  } catch (error) {
    // The storage may have gone further by itself meanwhile, or be closing: the next round sees.
    if (!(error instanceof CompactedError)) {
      log.log('warn', 'cannot compact the history', { revision, error: String(error) });
    }
  }
}
