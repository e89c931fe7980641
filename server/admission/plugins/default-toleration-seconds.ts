import type { Pod, Toleration } from '../../../openapi/generated/types.ts';
import type { AdmissionPlugin } from '../plugin.ts';

const keys = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

/** Pods stay five minutes on a node that is not ready or not reachable, unless they say otherwise. */
export const defaultTolerationSeconds = {
  name: 'DefaultTolerationSeconds',
  operations: ['CREATE', 'UPDATE'],
  mutate({ resource, subresource, object }) {
    if (resource.group !== '' || resource.plural !== 'pods' || subresource !== '' || object === undefined)
      return Promise.resolve(object);
    const pod = object as Pod;
    if (pod.spec === undefined) return Promise.resolve(object);
    const own = pod.spec.tolerations ?? [];
    const missing = keys
      .filter((key) => !own.some((each) => tolerates(each, key)))
      .map((key): Toleration => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }));
    if (missing.length === 0) return Promise.resolve(object);
    return Promise.resolve({ ...pod, spec: { ...pod.spec, tolerations: [...own, ...missing] } });
  },
} satisfies AdmissionPlugin;

function tolerates(toleration: Toleration, key: string): boolean {
  const keyed = toleration.key === key || (toleration.key ?? '') === '';
  return keyed && ['NoExecute', '', undefined].includes(toleration.effect);
}
