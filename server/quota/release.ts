import { isDeepStrictEqual } from 'node:util';
import type { PersistentVolumeClaim, Pod, Service } from '../../openapi/generated/types.ts';
import type { KubeObject } from '../../openapi/machinery/object.ts';
import { qualifiedName, type Resource } from '../../openapi/machinery/resource.ts';
import { isCharged, isTerminating } from './pods.ts';

/** Whether a change may give something back to quotas, or move it between them, that no admission has told them. */
export function mayRelease(
  resource: Resource,
  { object, old }: { readonly object: KubeObject | undefined; readonly old: KubeObject | undefined },
  now: number,
): boolean {
  if (object === undefined) return true;
  if (old === undefined) return false;
  switch (qualifiedName(resource)) {
    case 'pods':
      return podReleases(object, old, now);
    case 'services':
      return (object as Service).spec?.type !== (old as Service).spec?.type;
    case 'persistentvolumeclaims':
      return !isDeepStrictEqual(heldBy(object), heldBy(old));
    default:
      return false;
  }
}

function podReleases(pod: Pod, old: Pod, now: number): boolean {
  if (isTerminating(pod) !== isTerminating(old)) return true;
  if (isCharged(old, now) && !isCharged(pod, now)) return true;
  const resources = ({ status }: Pod): unknown =>
    [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].map(
      (each) => each.resources,
    );
  return !isDeepStrictEqual(resources(pod), resources(old));
}

function heldBy({ spec, status }: PersistentVolumeClaim): unknown {
  return [
    spec?.resources,
    spec?.volumeAttributesClassName,
    status?.allocatedResources,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ];
}
