import type { Scale } from '../../../openapi/generated/types.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import type { Resource } from '../../../openapi/machinery/resource.ts';
import type { ProjectionSubresource } from '../strategy.ts';
import { notNegative } from './field-errors.ts';

export const scales: Resource<Scale> = {
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  plural: 'scales',
  namespaced: true,
};

interface Scalable extends KubeObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly replicas?: number };
}

/** The scale of a workload; `selector` gives its selector as a query. */
export function scaleSubresource<T extends Scalable>(
  selector: (object: T) => string,
): ProjectionSubresource<T, Scale> {
  return {
    form: 'projection',
    verbs: ['get', 'patch', 'update'],
    resource: scales,
    read(object) {
      const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata ?? {};
      const query = selector(object);
      return {
        apiVersion: 'autoscaling/v1',
        kind: 'Scale',
        metadata: withoutUndefined({ name, namespace, uid, resourceVersion, creationTimestamp }),
        spec: (object.spec?.replicas ?? 0) === 0 ? {} : { replicas: object.spec?.replicas ?? 0 },
        status: { replicas: object.status?.replicas ?? 0, ...(query === '' ? {} : { selector: query }) },
      };
    },
    validate: ({ spec }) => notNegative('spec.replicas', spec?.replicas),
    write: (object, scale) => ({ ...object, spec: { ...object.spec, replicas: scale.spec?.replicas ?? 0 } }),
  };
}

function withoutUndefined(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
