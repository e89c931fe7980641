import { timeText } from '../../../openapi/machinery/clock.ts';
import type { KubeObject, ObjectMeta } from '../../../openapi/machinery/object.ts';
import { conflict } from '../../../openapi/machinery/status.ts';
import type { DeleteOptions, Registered, Strategy } from '../strategy.ts';

const orphan = 'orphan';
const foreground = 'foregroundDeletion';

/** What a deletion asks of an object: to stay with a deletionTimestamp for a while, to stay as it is, or to go. */
export type Grace =
  | { readonly kind: 'graceful'; readonly object: KubeObject; readonly seconds: number }
  | { readonly kind: 'pending' }
  | { readonly kind: 'none' };

/** Refuses when the object is not the one that the caller means. Conflicts name the Kind here. */
export function checkPreconditions(
  { resource }: Registered,
  metadata: ObjectMeta,
  { preconditions }: DeleteOptions,
): void {
  const named = { ...resource, plural: resource.kind };
  const { uid, resourceVersion } = preconditions ?? {};
  if (uid !== undefined && uid !== metadata.uid) {
    throw conflict(
      named,
      metadata.name ?? '',
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid ?? ''}). The object might have been deleted and then recreated`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    throw conflict(
      named,
      metadata.name ?? '',
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion ?? ''}). The object might have been modified`,
    );
  }
}

/** The same for kinds whose deletion begins as an update of what is stored. */
export function checkStoredPreconditions(
  { resource }: Registered,
  metadata: ObjectMeta,
  { preconditions }: DeleteOptions,
): void {
  const { uid, resourceVersion } = preconditions ?? {};
  const wrong =
    uid !== undefined && uid !== metadata.uid
      ? `UID in precondition: ${uid}, UID in object meta: ${metadata.uid ?? ''}`
      : resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion
        ? `ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion ?? ''}`
        : undefined;
  if (wrong !== undefined) throw conflict(resource, metadata.name ?? '', `Precondition failed: ${wrong}`);
}

/** Kinds that are deleted gracefully: how long the object stays, given what it says and what the caller wishes. */
export function graceOf(strategy: Strategy, object: KubeObject, options: DeleteOptions, now: number): Grace {
  if (strategy.gracePeriodSeconds === undefined) return { kind: 'none' };
  const metadata = object.metadata ?? {};
  const wish = options.gracePeriodSeconds;
  const requested = wish !== undefined && wish < 0 ? 1 : wish;
  if (metadata.deletionTimestamp !== undefined) return laterGrace(object, metadata, requested);
  const seconds = strategy.gracePeriodSeconds(object, requested);
  return {
    kind: 'graceful',
    seconds,
    object: {
      ...object,
      metadata: {
        ...grown(metadata),
        deletionTimestamp: timeText(now + seconds * 1000),
        deletionGracePeriodSeconds: seconds,
      },
    },
  };
}

/** Being deleted already: the grace may only become shorter. */
function laterGrace(object: KubeObject, metadata: ObjectMeta, requested: number | undefined): Grace {
  const left = metadata.deletionGracePeriodSeconds ?? 0;
  if (left === 0) return { kind: 'none' };
  if (requested === undefined || requested >= left) return { kind: 'pending' };
  const begun = Date.parse(metadata.deletionTimestamp ?? '') - left * 1000;
  return {
    kind: 'graceful',
    seconds: requested,
    object: {
      ...object,
      metadata: {
        ...metadata,
        deletionTimestamp: timeText(begun + requested * 1000),
        deletionGracePeriodSeconds: requested,
      },
    },
  };
}

/** The deletion counts as a change of what is asked for, where that is counted at all. */
function grown(metadata: ObjectMeta): ObjectMeta {
  const { generation = 0 } = metadata;
  return generation > 0 ? { ...metadata, generation: generation + 1 } : metadata;
}

/** An object that its finalizers hold: deleted now, without a grace. */
export function markedAsDeleted(object: KubeObject, now: number): KubeObject {
  const metadata = object.metadata ?? {};
  const counted = metadata.deletionGracePeriodSeconds === undefined ? grown(metadata) : metadata;
  const known = metadata.deletionTimestamp;
  const keepsTime = known !== undefined && Date.parse(known) <= now;
  return {
    ...object,
    metadata: {
      ...counted,
      deletionTimestamp: keepsTime ? known : timeText(now),
      deletionGracePeriodSeconds: 0,
    },
  };
}

/** The finalizers that make the garbage collector deal with the dependents first; undefined when they are right already. */
export function collectorFinalizers(
  strategy: Strategy,
  metadata: ObjectMeta,
  options: DeleteOptions,
): readonly string[] | undefined {
  const old = metadata.finalizers ?? [];
  const policy = effectivePolicy(strategy, old, options);
  const others = old.filter((each) => each !== orphan && each !== foreground);
  const wanted = [
    ...others,
    ...(policy === 'Orphan' ? [orphan] : []),
    ...(policy === 'Foreground' ? [foreground] : []),
  ];
  const same = wanted.length === old.length && wanted.every((each) => old.includes(each));
  return same ? undefined : wanted;
}

/** What was asked for, else what the object's finalizers say, else the kind's default. */
function effectivePolicy(
  strategy: Strategy,
  finalizers: readonly string[],
  options: DeleteOptions,
): DeleteOptions['propagationPolicy'] {
  if (options.orphanDependents !== undefined) return options.orphanDependents ? 'Orphan' : 'Background';
  if (options.propagationPolicy !== undefined) return options.propagationPolicy;
  const stated = finalizers.find((each) => each === orphan || each === foreground);
  if (stated !== undefined) return stated === orphan ? 'Orphan' : 'Foreground';
  return strategy.defaultPropagation;
}
