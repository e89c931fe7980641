import { matchesNodeTerm } from '../../../openapi/client/node-rules.ts';
import type { PersistentVolumeClaim, Pod, VolumeNodeAffinity } from '../../../openapi/generated/types.ts';
import type { ClusterFacts, FilterPlugin, PodRefusal, Refusal } from '../framework.ts';

const noVolume: Refusal = {
  reasons: ["node(s) didn't find available persistent volumes to bind"],
  resolvable: false,
};
const wrongNode: Refusal = {
  reasons: ["node(s) didn't match PersistentVolume's node affinity"],
  resolvable: false,
};
const lostVolume: Refusal = {
  reasons: ['node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)'],
  resolvable: false,
};
const completedAnnotation = 'pv.kubernetes.io/bind-completed';

/** A pod runs where the volumes of its claims can be had, and not before they are bound. */
export const volumeBinding = {
  name: 'VolumeBinding',
  wokenBy: ['VolumeChanged', 'NodeLabels'],
  preFilter({ pod }, cluster) {
    const names = claimNames(pod);
    if (names.length === 0) return undefined;
    const places: (VolumeNodeAffinity | undefined)[] = [];
    let refusal: Refusal | undefined;
    for (const name of names) {
      const claim = readClaim(name, pod, cluster);
      if ('podReason' in claim) return claim;
      if (!isBound(claim)) {
        if (!waitsForConsumer(claim, cluster))
          return { podReason: 'pod has unbound immediate PersistentVolumeClaims' };
        // Nobody here makes volumes for a pod that has a node already.
        refusal ??= noVolume;
        continue;
      }
      const volume = cluster.volume(claim.spec?.volumeName ?? '');
      if (volume === undefined) refusal = lostVolume;
      else places.push(volume.spec?.nodeAffinity);
    }
    const bounded = places.flatMap((place) => (place?.required === undefined ? [] : [place.required]));
    if (refusal === undefined && bounded.length === 0) return undefined;
    return ({ node }) =>
      bounded.every(({ nodeSelectorTerms }) => nodeSelectorTerms.some((term) => matchesNodeTerm(term, node)))
        ? refusal
        : wrongNode;
  },
} satisfies FilterPlugin;

interface ClaimName {
  readonly name: string;
  readonly isEphemeral: boolean;
}

const noNames: readonly ClaimName[] = [];

function claimNames({ metadata, spec }: Pod): readonly ClaimName[] {
  const volumes = spec?.volumes;
  if (volumes === undefined) return noNames;
  return volumes.flatMap(({ name, persistentVolumeClaim, ephemeral }): readonly ClaimName[] => {
    if (persistentVolumeClaim !== undefined)
      return [{ name: persistentVolumeClaim.claimName, isEphemeral: false }];
    return ephemeral === undefined ? [] : [{ name: `${metadata?.name ?? ''}-${name}`, isEphemeral: true }];
  });
}

function readClaim(
  { name, isEphemeral }: ClaimName,
  pod: Pod,
  cluster: ClusterFacts,
): PersistentVolumeClaim | PodRefusal {
  const claim = cluster.claim(pod.metadata?.namespace ?? '', name);
  const quoted = JSON.stringify(name);
  if (claim === undefined)
    return {
      podReason: isEphemeral
        ? `waiting for ephemeral volume controller to create the persistentvolumeclaim ${quoted}`
        : `persistentvolumeclaim ${quoted} not found`,
    };
  if (claim.status?.phase === 'Lost')
    return {
      podReason: `persistentvolumeclaim ${quoted} bound to non-existent persistentvolume ${JSON.stringify(claim.spec?.volumeName ?? '')}`,
    };
  if (claim.metadata?.deletionTimestamp !== undefined)
    return { podReason: `persistentvolumeclaim ${quoted} is being deleted` };
  return claim;
}

function isBound({ metadata, spec }: PersistentVolumeClaim): boolean {
  return (spec?.volumeName ?? '') !== '' && metadata?.annotations?.[completedAnnotation] !== undefined;
}

function waitsForConsumer({ spec }: PersistentVolumeClaim, cluster: ClusterFacts): boolean {
  const name = spec?.storageClassName ?? '';
  return name !== '' && cluster.storageClass(name)?.volumeBindingMode === 'WaitForFirstConsumer';
}
