import type { Node } from '../../../openapi/generated/types.ts';
import type { AdmissionPlugin } from '../plugin.ts';

const key = 'node.kubernetes.io/not-ready';

/** A new node takes no pods until the node controller has seen it ready. */
export const taintNodesByCondition = {
  name: 'TaintNodesByCondition',
  operations: ['CREATE'],
  mutate({ resource, subresource, object }) {
    if (resource.group !== '' || resource.plural !== 'nodes' || subresource !== '' || object === undefined)
      return Promise.resolve(object);
    const node = object as Node;
    const taints = node.spec?.taints ?? [];
    if (taints.some((taint) => taint.key === key && taint.effect === 'NoSchedule'))
      return Promise.resolve(object);
    return Promise.resolve({
      ...node,
      spec: { ...node.spec, taints: [...taints, { key, effect: 'NoSchedule' }] },
    });
  },
} satisfies AdmissionPlugin;
