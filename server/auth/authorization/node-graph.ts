import type { Pod, Volume } from '../../../openapi/generated/types.ts';
import type { Informer } from '../../../openapi/client/informer.ts';
import type { NodeGraph } from './node.ts';

/** Counts, for each node, the objects that its pods refer to. */
export function nodeGraph(pods: Informer<Pod>): NodeGraph {
  const counts = new Map<string, Map<string, number>>();

  function add(pod: Pod | undefined, by: 1 | -1): void {
    const nodeName = pod?.spec?.nodeName;
    if (pod === undefined || nodeName === undefined || nodeName === '') return;
    let node = counts.get(nodeName);
    if (node === undefined) counts.set(nodeName, (node = new Map<string, number>()));
    for (const key of referencesOf(pod)) {
      const count = (node.get(key) ?? 0) + by;
      if (count > 0) node.set(key, count);
      else node.delete(key);
    }
    if (node.size === 0) counts.delete(nodeName);
  }

  pods.subscribe(({ object, old }) => {
    add(old, -1);
    add(object, 1);
  });
  return {
    mayRead: (nodeName, resource, namespace, name) =>
      counts.get(nodeName)?.has(`${resource} ${namespace} ${name}`) ?? false,
  };
}

/** "resource namespace name" of all that the pod's node must read to run it. */
export function referencesOf(pod: Pod): Set<string> {
  const { spec } = pod;
  const found = new Set<string>();
  if (spec === undefined) return found;
  const add = (resource: string, name: string | undefined): void => {
    if (name !== undefined && name !== '') found.add(`${resource} ${pod.metadata?.namespace ?? ''} ${name}`);
  };
  add('serviceaccounts', spec.serviceAccountName);
  for (const secret of spec.imagePullSecrets ?? []) add('secrets', secret.name);
  const containers = [
    ...(spec.initContainers ?? []),
    ...spec.containers,
    ...(spec.ephemeralContainers ?? []),
  ];
  for (const container of containers) {
    for (const from of container.envFrom ?? []) {
      add('configmaps', from.configMapRef?.name);
      add('secrets', from.secretRef?.name);
    }
    for (const { valueFrom } of container.env ?? []) {
      add('configmaps', valueFrom?.configMapKeyRef?.name);
      add('secrets', valueFrom?.secretKeyRef?.name);
    }
  }
  for (const volume of spec.volumes ?? []) addVolume(volume, add);
  return found;
}

function addVolume(volume: Volume, add: (resource: string, name: string | undefined) => void): void {
  add('configmaps', volume.configMap?.name);
  add('secrets', volume.secret?.secretName);
  add('secrets', volume.csi?.nodePublishSecretRef?.name);
  add('persistentvolumeclaims', volume.persistentVolumeClaim?.claimName);
  for (const source of volume.projected?.sources ?? []) {
    add('configmaps', source.configMap?.name);
    add('secrets', source.secret?.name);
  }
}
