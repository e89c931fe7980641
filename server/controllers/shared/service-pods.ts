import { services } from '../../../openapi/generated/resources.ts';
import type { Pod, Service } from '../../../openapi/generated/types.ts';
import type { ObjectKey } from '../../../openapi/machinery/object.ts';
import type { ControllerContext } from '../controller.ts';
import { containsAll } from './selectors.ts';

/** Services whose endpoints a controller keeps: those that select pods. */
export function withSelector(service: Service): boolean {
  return Object.keys(service.spec?.selector ?? {}).length > 0 && service.spec?.type !== 'ExternalName';
}

/** Keys of the Services that select a pod, so that a change of the pod is work on them. */
export function servicesOfPod(pod: Pod, context: ControllerContext): readonly ObjectKey[] {
  return context
    .informer(services)
    .list(pod.metadata?.namespace)
    .filter((service) => withSelector(service) && containsAll(pod.metadata?.labels, service.spec?.selector))
    .map(({ metadata }) => ({ namespace: metadata?.namespace, name: metadata?.name ?? '' }));
}
