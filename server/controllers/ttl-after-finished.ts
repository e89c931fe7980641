import { jobs } from '../../openapi/generated/resources.ts';
import type { Job } from '../../openapi/generated/types.ts';
import { isNotFound } from '../../openapi/machinery/status.ts';
import type { Controller } from './controller.ts';
import { watchOf } from './shared/watches.ts';

/** Deletes Jobs, with their pods, ttlSecondsAfterFinished after they ended. */
export function createTtlAfterFinishedController(): Controller {
  return {
    name: 'ttl-after-finished',
    watches: [watchOf(jobs)],
    async reconcile(key, { client, clock, informer }) {
      const job = informer(jobs).get(key);
      const endsMs = job === undefined ? undefined : expiryOf(job);
      if (endsMs === undefined) return undefined;
      const leftMs = endsMs - clock.now();
      if (leftMs > 0) return leftMs;
      const { uid = '' } = job?.metadata ?? {};
      await client
        .delete(jobs, key, { propagationPolicy: 'Foreground', preconditions: { uid } })
        .catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        });
      return undefined;
    },
  };
}

function expiryOf(job: Job): number | undefined {
  const ttl = job.spec?.ttlSecondsAfterFinished;
  const ended = job.status?.conditions?.find(
    (each) => (each.type === 'Complete' || each.type === 'Failed') && each.status === 'True',
  );
  if (
    ttl === undefined ||
    ended?.lastTransitionTime === undefined ||
    job.metadata?.deletionTimestamp !== undefined
  )
    return undefined;
  return Date.parse(ended.lastTransitionTime) + ttl * 1000;
}
