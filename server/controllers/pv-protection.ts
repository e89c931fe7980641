import { persistentVolumes } from '../../openapi/generated/resources.ts';
import type { Controller } from './controller.ts';
import { protect } from './shared/protection.ts';
import { watchOf } from './shared/watches.ts';

/** A volume stays while it is bound to a claim. */
export function createPvProtectionController(): Controller {
  return {
    name: 'pv-protection',
    watches: [watchOf(persistentVolumes)],
    async reconcile(key, context) {
      const volume = context.informer(persistentVolumes).get(key);
      if (volume === undefined) return undefined;
      await protect(persistentVolumes, volume, context, {
        finalizer: 'kubernetes.io/pv-protection',
        isUsed: () => Promise.resolve(volume.status?.phase === 'Bound'),
      });
      return undefined;
    },
  };
}
