import { keyOfObject } from '../../openapi/client/object-cache.ts';
import { events } from '../../openapi/generated/resources.ts';
import type { Event } from '../../openapi/generated/types.ts';
import { isNotFound } from '../../openapi/machinery/status.ts';
import type { Controller } from './controller.ts';
import { watchOf } from './shared/watches.ts';

/** Deletes Events that nothing has repeated for a while. Default 1 hour. */
export function createEventTtlController(options: { readonly eventTtlSeconds?: number } = {}): Controller {
  const ttlMs = (options.eventTtlSeconds ?? 3600) * 1000;
  return {
    name: 'event-ttl',
    watches: [watchOf(events)],
    async reconcile(key, { client, clock, informer }) {
      const event = informer(events).get(key);
      if (event === undefined) return undefined;
      const leftMs = lastSeenMs(event) + ttlMs - clock.now();
      if (leftMs > 0) return leftMs;
      await client.delete(events, keyOfObject(event)).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
      return undefined;
    },
  };
}

function lastSeenMs(event: Event): number {
  const times = [
    event.series?.lastObservedTime,
    event.lastTimestamp,
    event.eventTime,
    event.metadata.creationTimestamp,
  ];
  const known = times.filter((time) => typeof time === 'string').map((time) => Date.parse(time));
  return Math.max(0, ...known.filter((ms) => !Number.isNaN(ms)));
}
