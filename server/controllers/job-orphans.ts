import { keyOfObject } from '../../openapi/client/object-cache.ts';
import { jobs, pods } from '../../openapi/generated/resources.ts';
import type { Pod } from '../../openapi/generated/types.ts';
import type { Controller } from './controller.ts';
import { release } from './shared/job-release.ts';
import { isJobFinished, isTracked } from './shared/job-state.ts';
import { selects } from './shared/selectors.ts';
import { controllerOf, watchMapped } from './shared/watches.ts';

/** Takes the Jobs' finalizer off pods that no Job has, nor will adopt: who released them does not count them any more. */
export function createJobOrphanController(): Controller {
  return {
    name: 'job-orphans',
    watches: [
      watchMapped(pods, (pod) => (isOrphan(pod) ? [keyOfObject(pod)] : [])),
      // Read, not waited for.
      { resource: jobs, keys: () => [] },
    ],
    async reconcile(key, context) {
      const pod = context.informer(pods).get(key);
      if (pod === undefined || !isOrphan(pod)) return undefined;
      const isWanted =
        pod.metadata?.deletionTimestamp === undefined &&
        context
          .informer(jobs)
          .list(key.namespace)
          .some(
            (job) =>
              !isJobFinished(job) &&
              job.metadata?.deletionTimestamp === undefined &&
              selects(job.spec?.selector, pod.metadata?.labels),
          );
      if (!isWanted) await release(pod, context);
      return undefined;
    },
  };
}

function isOrphan(pod: Pod): boolean {
  return isTracked(pod) && controllerOf(pod) === undefined;
}
