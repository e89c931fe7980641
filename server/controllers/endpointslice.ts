import { keyOfObject, keyText } from '../../openapi/client/object-cache.ts';
import { endpointSlices, nodes, pods, services } from '../../openapi/generated/resources.ts';
import type { EndpointSlice, Pod, Service } from '../../openapi/generated/types.ts';
import type { ObjectKey } from '../../openapi/machinery/object.ts';
import { isNotFound } from '../../openapi/machinery/status.ts';
import type { Controller, ControllerContext } from './controller.ts';
import { backendsOf, changeTrigger } from './shared/endpoints-of.ts';
import { isNamespaceTerminating, textOf } from './shared/errors.ts';
import { Expectations } from './shared/expectations.ts';
import { servicesOfPod, withSelector } from './shared/service-pods.ts';
import { managedBy, managedByLabel, planSlices, serviceNameLabel } from './shared/slice-plan.ts';
import { watchMapped, watchOf } from './shared/watches.ts';

const triggerAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';

/** Tells who stands behind each Service with a selector, in EndpointSlices of at most 100 endpoints. */
export function createEndpointSliceController(): Controller {
  let expectations: Expectations | undefined;
  return {
    name: 'endpointslice',
    watches: [
      watchOf(services),
      watchMapped(pods, (pod, context) => servicesOfPod(pod, context)),
      watchMapped(nodes, () => []), // Only read: for the zones of endpoints.
      watchMapped(endpointSlices, (slice) => keysOfSlice(slice)),
    ],
    async reconcile(key, context) {
      expectations ??= new Expectations(context.clock);
      const service = context.informer(services).get(key);
      if (service === undefined) {
        expectations.forget(keyText(key));
        return undefined; // Its slices are the garbage collector's.
      }
      if (!withSelector(service) || service.metadata?.deletionTimestamp !== undefined) return undefined;
      if (!expectations.settled(keyText(key), context.informer(endpointSlices))) return 1000;
      await apply(service, context, expectations);
      return undefined;
    },
  };
}

function keysOfSlice({ metadata }: EndpointSlice): readonly ObjectKey[] {
  const name = metadata?.labels?.[serviceNameLabel];
  const isOurs = metadata?.labels?.[managedByLabel] === managedBy;
  return isOurs && name !== undefined ? [{ namespace: metadata.namespace, name }] : [];
}

async function apply(
  service: Service,
  context: ControllerContext,
  expectations: Expectations,
): Promise<void> {
  const { client, informer, events } = context;
  const key = keyText(keyOfObject(service));
  const selected = podsOf(service, informer(pods).list(service.metadata?.namespace));
  const known = informer(endpointSlices)
    .ownedBy(service.metadata?.uid ?? '')
    .filter(
      (slice) =>
        slice.metadata?.labels?.[managedByLabel] === managedBy &&
        slice.metadata.deletionTimestamp === undefined,
    );
  const backends = backendsOf(service, selected);
  const plan = planSlices(service, backends, known, (name) => informer(nodes).get({ name }));
  const stamp = withTrigger(changeTrigger(service, backends));
  try {
    for (const slice of plan.create)
      expectations.expectCreated(key, await client.create(endpointSlices, stamp(slice)));
    for (const slice of plan.update)
      expectations.expectCreated(key, await client.update(endpointSlices, stamp(slice)));
    for (const slice of plan.remove) {
      expectations.expectDeleted(key, slice);
      await client.delete(endpointSlices, keyOfObject(slice));
    }
  } catch (error) {
    expectations.forget(key);
    if (isNamespaceTerminating(error) || isNotFound(error)) return;
    const what = `Error updating Endpoint Slices for Service ${key}: ${textOf(error)}`;
    events.event(service, 'Warning', 'FailedToUpdateEndpointSlices', what);
    throw error;
  }
}

function podsOf(service: Service, all: readonly Pod[]): readonly Pod[] {
  const selector = Object.entries(service.spec?.selector ?? {});
  return all.filter((pod) => selector.every(([name, value]) => pod.metadata?.labels?.[name] === value));
}

function withTrigger(time: string | undefined): (slice: EndpointSlice) => EndpointSlice {
  return (slice) =>
    time === undefined
      ? slice
      : {
          ...slice,
          metadata: {
            ...slice.metadata,
            annotations: { ...slice.metadata?.annotations, [triggerAnnotation]: time },
          },
        };
}
