import { storageClasses } from '../../../openapi/generated/resources.ts';
import type { PersistentVolumeClaim } from '../../../openapi/generated/types.ts';
import { compareQuantities } from '../../../openapi/machinery/quantity.ts';
import { qualifiedName } from '../../../openapi/machinery/resource.ts';
import { forbidden } from '../../../openapi/machinery/status.ts';
import { quantityOf, type Written } from '../../quota/amounts.ts';
import type { Lookup } from '../lookup.ts';
import type { AdmissionPlugin } from '../plugin.ts';

/** A claim grows only when it is bound, and its class says that its volumes can. */
export function persistentVolumeClaimResize(lookup: Lookup): AdmissionPlugin {
  return {
    name: 'PersistentVolumeClaimResize',
    operations: ['UPDATE'],
    async validate({ resource, subresource, name, object, oldObject }) {
      if (qualifiedName(resource) !== 'persistentvolumeclaims' || subresource !== '') return;
      const [claim, old] = [object as PersistentVolumeClaim, oldObject as PersistentVolumeClaim];
      if (!isMore(claim.spec?.resources?.requests, old.spec?.resources?.requests)) return;
      if (old.status?.phase !== 'Bound')
        throw forbidden(resource, name, 'Only bound persistent volume claims can be expanded');
      const className = classOf(claim);
      const found =
        className === '' || className !== classOf(old)
          ? undefined
          : await lookup.get(storageClasses, { name: className });
      if (found?.allowVolumeExpansion === true) return;
      const why =
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';
      throw forbidden(resource, name, why);
    },
  };
}

function isMore(now: Written | undefined, before: Written | undefined): boolean {
  const [a, b] = [now?.['storage'], before?.['storage']];
  if (a === undefined || a === b) return false;
  return compareQuantities(quantityOf(a), quantityOf(b ?? '0')) > 0;
}

function classOf({ metadata, spec }: PersistentVolumeClaim): string {
  return metadata?.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName ?? '';
}
