import { keyOfObject, keyText } from '../../openapi/client/object-cache.ts';
import { endpoints, endpointSlices, services } from '../../openapi/generated/resources.ts';
import type { Endpoints, EndpointSlice } from '../../openapi/generated/types.ts';
import type { ObjectKey } from '../../openapi/machinery/object.ts';
import { isNotFound } from '../../openapi/machinery/status.ts';
import type { Controller, ControllerContext } from './controller.ts';
import { isNamespaceTerminating } from './shared/errors.ts';
import { Expectations } from './shared/expectations.ts';
import { mirroredBy, mirroredMax, planMirror } from './shared/mirror-plan.ts';
import { managedByLabel } from './shared/slice-plan.ts';
import { controllerOf, watchMapped, watchOf } from './shared/watches.ts';

const skipLabel = 'endpointslice.kubernetes.io/skip-mirror';
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';

/** Tells in EndpointSlices what somebody wrote into the Endpoints of a Service without a selector. */
export function createEndpointSliceMirroringController(): Controller {
  let expectations: Expectations | undefined;
  return {
    name: 'endpointslicemirroring',
    watches: [watchOf(endpoints), watchOf(services), watchMapped(endpointSlices, keysOfSlice)],
    async reconcile(key, context) {
      expectations ??= new Expectations(context.clock);
      const object = context.informer(endpoints).get(key);
      if (object === undefined) {
        expectations.forget(keyText(key));
        return undefined; // Its slices are the garbage collector's.
      }
      if (!expectations.settled(keyText(key), context.informer(endpointSlices))) return 1000;
      await apply(object, context, expectations);
      return undefined;
    },
  };
}

function keysOfSlice(slice: EndpointSlice): readonly ObjectKey[] {
  const owner = controllerOf(slice);
  return isMirror(slice) && owner?.kind === 'Endpoints'
    ? [{ namespace: slice.metadata?.namespace, name: owner.name }]
    : [];
}

function isMirror(slice: EndpointSlice): boolean {
  return slice.metadata?.labels?.[managedByLabel] === mirroredBy;
}

function isToMirror(object: Endpoints, { informer }: ControllerContext): boolean {
  const service = informer(services).get(keyOfObject(object));
  return (
    service !== undefined &&
    service.spec?.selector === undefined &&
    object.metadata?.labels?.[skipLabel] !== 'true' &&
    object.metadata?.annotations?.[leaderAnnotation] === undefined &&
    object.metadata?.deletionTimestamp === undefined
  );
}

async function apply(
  object: Endpoints,
  context: ControllerContext,
  expectations: Expectations,
): Promise<void> {
  const { client, events, informer } = context;
  const key = keyText(keyOfObject(object));
  const known = informer(endpointSlices)
    .ownedBy(object.metadata?.uid ?? '')
    .filter((slice) => isMirror(slice) && slice.metadata?.deletionTimestamp === undefined);
  const plan = isToMirror(object, context)
    ? planMirror(object, known)
    : { create: [], update: [], remove: known, invalid: 0, skipped: 0 };
  if (plan.invalid > 0)
    events.event(
      object,
      'Warning',
      'InvalidIPAddress',
      `Skipped ${plan.invalid} invalid IP addresses when mirroring to EndpointSlices`,
    );
  if (plan.skipped > 0)
    events.event(
      object,
      'Warning',
      'TooManyAddressesToMirror',
      `A max of ${mirroredMax} addresses can be mirrored to EndpointSlices per Endpoints subset. ${plan.invalid + plan.skipped} addresses were skipped`,
    );
  try {
    for (const slice of plan.create)
      expectations.expectCreated(key, await client.create(endpointSlices, slice));
    for (const slice of plan.update)
      expectations.expectCreated(key, await client.update(endpointSlices, slice));
    for (const slice of plan.remove) {
      expectations.expectDeleted(key, slice);
      await client.delete(endpointSlices, keyOfObject(slice));
    }
  } catch (error) {
    expectations.forget(key);
    if (!isNamespaceTerminating(error) && !isNotFound(error)) throw error;
  }
}
