import { createHash } from 'node:crypto';
import { operations } from '../../../openapi/generated/operations.ts';
import type { ResourceOperations } from '../../../openapi/machinery/operation.ts';
import type { DiscoverySource, ServedResource } from './served-resource.ts';

/** Kinds that kube-apiserver stores in a form other than the one served: clients compare the hash of the stored form. */
const storedAs: Readonly<Record<string, string>> = {
  'autoscaling/v1/HorizontalPodAutoscaler': 'autoscaling/v2/HorizontalPodAutoscaler',
  'events.k8s.io/v1/Event': '/v1/Event',
  'apiextensions.k8s.io/v1/CustomResourceDefinition': 'apiextensions.k8s.io/v1beta1/CustomResourceDefinition',
  'admissionregistration.k8s.io/v1/MutatingAdmissionPolicy':
    'admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicy',
  'admissionregistration.k8s.io/v1/MutatingAdmissionPolicyBinding':
    'admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicyBinding',
};

const builtIn: readonly ServedResource[] = operations.map(servedResource);

/** The built-in kinds, and behind them what `more` tells of at each request: custom resources, aggregated servers. */
export function operationsSource(more: () => readonly ServedResource[] = () => []): DiscoverySource {
  return { resources: () => [...builtIn, ...more()] };
}

/** How a client can tell that objects have been stored anew: base64 of the first eight bytes of SHA-256 of "group/version/kind". */
export function storageVersionHash(kind: string): string {
  return createHash('sha256').update(kind).digest().subarray(0, 8).toString('base64');
}

function servedResource(operation: ResourceOperations): ServedResource {
  const { group, version, kind } = operation;
  const name = `${group}/${version}/${kind}`;
  return {
    ...operation,
    storageVersionHash: operation.storageVersionHash === '' ? '' : storageVersionHash(storedAs[name] ?? name),
    subresources: operation.subresources.map(({ name: subresource, verbs, responseKind }) => ({
      name: subresource,
      verbs,
      ...responseKind,
    })),
  };
}
