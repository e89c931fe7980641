import { persistentVolumeClaims, pods } from '../../openapi/generated/resources.ts';
import type { PersistentVolumeClaim, Pod } from '../../openapi/generated/types.ts';
import type { ObjectKey } from '../../openapi/machinery/object.ts';
import type { Controller } from './controller.ts';
import { isFinished } from './shared/pods.ts';
import { protect } from './shared/protection.ts';
import { watchMapped, watchOf } from './shared/watches.ts';

/** A claim stays until no pod on a node uses it. */
export function createPvcProtectionController(): Controller {
  return {
    name: 'pvc-protection',
    watches: [watchOf(persistentVolumeClaims), watchMapped(pods, claimKeys)],
    async reconcile(key, context) {
      const claim = context.informer(persistentVolumeClaims).get(key);
      if (claim === undefined) return undefined;
      await protect(persistentVolumeClaims, claim, context, {
        finalizer: 'kubernetes.io/pvc-protection',
        // Asked of the server itself: a pod that is not seen here yet would lose its data.
        isUsed: async () => {
          const { namespace } = key;
          const seen = context.informer(pods).list(namespace ?? '');
          if (seen.some((pod) => uses(pod, claim))) return true;
          return (await context.client.list(pods, { namespace })).items.some((pod) => uses(pod, claim));
        },
      });
      return undefined;
    },
  };
}

/** Claims that the pod's volumes name, and those that are made for its ephemeral volumes. */
function claimKeys({ metadata, spec }: Pod): readonly ObjectKey[] {
  const { namespace, name: podName = '' } = metadata ?? {};
  return (spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim !== undefined) return [{ namespace, name: persistentVolumeClaim.claimName }];
    return ephemeral === undefined ? [] : [{ namespace, name: `${podName}-${name}` }];
  });
}

/** A pod without a node never started. One that has ended may still have a named claim mounted, but needs no ephemeral one. */
function uses(pod: Pod, claim: PersistentVolumeClaim): boolean {
  if ((pod.spec?.nodeName ?? '') === '') return false;
  const { name: podName = '', uid } = pod.metadata ?? {};
  const { name: claimName, ownerReferences = [] } = claim.metadata ?? {};
  return (pod.spec?.volumes ?? []).some(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim !== undefined) return persistentVolumeClaim.claimName === claimName;
    if (ephemeral === undefined || isFinished(pod) || claimName !== `${podName}-${name}`) return false;
    return ownerReferences.some((owner) => owner.controller === true && owner.uid === uid);
  });
}
