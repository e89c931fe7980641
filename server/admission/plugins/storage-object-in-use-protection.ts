import { qualifiedName } from '../../../openapi/machinery/resource.ts';
import type { AdmissionPlugin } from '../plugin.ts';

/** The finalizer that keeps an object while it is used; controllers take it away. */
const finalizers: Readonly<Record<string, string>> = {
  persistentvolumes: 'kubernetes.io/pv-protection',
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
  'volumeattributesclasses.storage.k8s.io': 'kubernetes.io/vac-protection',
};

/** Volumes, claims and their classes stay as long as something uses them, whoever deletes them. */
export const storageObjectInUseProtection = {
  name: 'StorageObjectInUseProtection',
  operations: ['CREATE'],
  mutate({ resource, subresource, object }) {
    const name = qualifiedName(resource);
    const finalizer = Object.hasOwn(finalizers, name) ? finalizers[name] : undefined;
    if (finalizer === undefined || subresource !== '' || object === undefined) return Promise.resolve(object);
    const own = object.metadata?.finalizers ?? [];
    if (own.includes(finalizer)) return Promise.resolve(object);
    return Promise.resolve({
      ...object,
      metadata: { ...object.metadata, finalizers: [...own, finalizer] },
    });
  },
} satisfies AdmissionPlugin;
