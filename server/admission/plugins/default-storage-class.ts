import { storageClasses } from '../../../openapi/generated/resources.ts';
import type { PersistentVolumeClaim } from '../../../openapi/generated/types.ts';
import { qualifiedName } from '../../../openapi/machinery/resource.ts';
import { defaultClass } from '../default-class.ts';
import type { Lookup } from '../lookup.ts';
import type { AdmissionPlugin } from '../plugin.ts';

const marks = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];
const ownAnnotation = 'volume.beta.kubernetes.io/storage-class';

/** A claim that names no class takes the default one; one that names "" wants none. */
export function defaultStorageClass(lookup: Lookup): AdmissionPlugin {
  return {
    name: 'DefaultStorageClass',
    operations: ['CREATE'],
    async mutate({ resource, subresource, object }) {
      if (qualifiedName(resource) !== 'persistentvolumeclaims' || subresource !== '') return object;
      const claim = object as PersistentVolumeClaim;
      const isNamed = claim.metadata?.annotations?.[ownAnnotation] !== undefined;
      if (isNamed || claim.spec?.storageClassName !== undefined) return claim;
      const storageClassName = defaultClass(await lookup.list(storageClasses), marks);
      return storageClassName === undefined ? claim : { ...claim, spec: { ...claim.spec, storageClassName } };
    },
  };
}
