import { nodes } from '../../../openapi/generated/resources.ts';
import type { Pod } from '../../../openapi/generated/types.ts';
import { qualifiedName } from '../../../openapi/machinery/resource.ts';
import type { Lookup } from '../lookup.ts';
import type { AdmissionPlugin } from '../plugin.ts';

const copied = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'];

/** A pod that is made for a node carries the node's place, as a bound one does. */
export function podTopologyLabels(lookup: Lookup): AdmissionPlugin {
  return {
    name: 'PodTopologyLabels',
    operations: ['CREATE'],
    async mutate({ resource, subresource, object }) {
      if (qualifiedName(resource) !== 'pods' || subresource !== '') return object;
      const pod = object as Pod;
      const nodeName = pod.spec?.nodeName ?? '';
      if (nodeName === '') return pod;
      const node = await lookup.get(nodes, { name: nodeName });
      const place = Object.entries(node?.metadata?.labels ?? {}).filter(([key]) => copied.includes(key));
      if (place.length === 0) return pod;
      const labels = { ...pod.metadata?.labels, ...Object.fromEntries(place) };
      return { ...pod, metadata: { ...pod.metadata, labels } };
    },
  };
}
