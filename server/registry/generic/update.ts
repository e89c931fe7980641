import type { KubeObject, ObjectMeta } from '../../../openapi/machinery/object.ts';
import {
  conflict,
  invalid,
  invalidValue,
  notFound,
  type FieldError,
} from '../../../openapi/machinery/status.ts';
import { RevisionConflictError, type Versioned } from '../../storage/storage.ts';
import { encodeFor, objectOf } from '../stored.ts';
import type { RequestContext, Reservation } from '../strategy.ts';
import { createObject, finish } from './create.ts';
import {
  finalizerNameProblems,
  metadataProblems,
  metadataUpdateProblems,
  withUniqueOwners,
} from './metadata.ts';
import { checkPathSegment } from '../../../openapi/machinery/names.ts';
import {
  answerOf,
  keyOf,
  nameRule,
  parseResourceVersion,
  refuseProblems,
  remember,
  syncContext,
  unstoredAnswer,
  withRequestNamespace,
  type Answer,
  type PathOptions,
  type PathRequest,
} from './path.ts';
import { sameJson } from './same.ts';
import { withOldStatus } from './status-split.ts';
import { entriesOf, withEntries, withManagers, withOldTimes } from './track.ts';

export const modifiedMeanwhile =
  'the object has been modified; please apply your changes to the latest version and try again';

/** What differs between writing the object and writing a part of it. */
export interface UpdateHooks {
  prepare(object: KubeObject, old: KubeObject): KubeObject;
  validate(object: KubeObject, old: KubeObject): readonly FieldError[];
  warnings(object: KubeObject, old: KubeObject): readonly string[];
  reserve?(object: KubeObject, old: KubeObject, context: RequestContext): Promise<Reservation<KubeObject>>;
  /** Whether the part is counted in metadata.generation. */
  readonly counts: boolean;
  readonly requiresResourceVersion: boolean;
  removes?(object: KubeObject): boolean;
}

export interface Change {
  /** What the request asks for, given what is stored. Called anew when another write came between. */
  next(current: KubeObject): KubeObject | Promise<KubeObject>;
  /** What to create when there is nothing, for kinds that allow it. */
  readonly creates?: Creation;
  /** The uid that the stored object must have. */
  readonly uid?: string | undefined;
  readonly hooks: UpdateHooks;
  /** Doubled owners of what a patch makes are told of once, at the end. */
  readonly isPatch?: boolean;
  /** What next() and make() answer has the managedFields of this write already. */
  readonly isTracked?: boolean;
}

interface Creation {
  make(): KubeObject;
  authorize(): void;
  /** Of every kind: what is applied. */
  readonly always?: boolean;
}

export interface Updated {
  readonly answer: Answer;
  readonly created: boolean;
}

/** The hooks of the object as a whole. */
export function objectHooks(request: PathRequest): UpdateHooks {
  const { registered } = request;
  const { strategy } = registered;
  return {
    prepare(object, old) {
      const kept = withOldStatus(registered, object, old);
      return strategy.prepareForUpdate?.(kept, old, syncContext(request)) ?? kept;
    },
    validate: (object, old) => strategy.validateUpdate?.(object, old) ?? strategy.validate?.(object) ?? [],
    warnings: (object, old) => strategy.warnings?.(object, old) ?? [],
    ...(strategy.reserve === undefined
      ? {}
      : { reserve: (object, old, context) => strategy.reserve?.(object, old, context) ?? nothing(object) }),
    counts: true,
    requiresResourceVersion: strategy.allowUnconditionalUpdate === false,
    // A write to an object that is being deleted must not end it while something else has to end first.
    removes: (object) => strategy.keepWhileDeleting?.(object, request.context.clock.now()) === undefined,
  };
}

function nothing(object: KubeObject): Promise<Reservation<KubeObject>> {
  return Promise.resolve({ object, finish: () => undefined });
}

/** Reads, changes and writes; anew as long as others write between. */
export async function updateObject(
  options: PathOptions,
  request: PathRequest,
  change: Change,
): Promise<Updated> {
  const key = keyOf(request, request.name);
  let current = await options.storage.get(key);
  for (;;) {
    if (current === undefined) return await createInstead(options, request, change);
    try {
      return { answer: await tryUpdate(options, request, change, current), created: false };
    } catch (error) {
      if (!(error instanceof RevisionConflictError)) throw error;
      current = error.current;
    }
  }
}

async function createInstead(options: PathOptions, request: PathRequest, change: Change): Promise<Updated> {
  const { registered } = request;
  const { creates } = change;
  if (creates === undefined || !(creates.always ?? registered.strategy.allowCreateOnUpdate ?? false)) {
    throw notFound(registered.resource, request.name);
  }
  refuseOtherUid(request, change, '');
  const object = creates.make();
  creates.authorize();
  const { resourceVersion: _version, ...metadata } = object.metadata ?? {};
  const answer = await createObject(options, request, { ...object, metadata }, change.isTracked);
  return { answer, created: true };
}

async function tryUpdate(
  options: PathOptions,
  request: PathRequest,
  change: Change,
  current: Versioned,
): Promise<Answer> {
  const { registered, context } = request;
  const { hooks } = change;
  const old = objectOf(registered, current);
  refuseOtherUid(request, change, old.metadata?.uid ?? '');
  const object = await admitted(options, request, change, { next: await change.next(old), old });
  checkRevision(request, hooks, object, current);
  const reservation = await hooks.reserve?.(object, old, context);
  let stored = false;
  try {
    const ready = prepareForUpdate(request, hooks, reservation?.object ?? object, old);
    await request.admit.validate('UPDATE', ready, old);
    const answer = removesNow(hooks, ready, old)
      ? await removeInstead(options, request, ready, current)
      : await store(options, request, ready, { old, current });
    stored = !context.dryRun;
    return answer;
  } finally {
    finish(reservation, stored);
  }
}

async function admitted(
  options: PathOptions,
  request: PathRequest,
  { isPatch, isTracked }: Change,
  { next, old }: { readonly next: KubeObject; readonly old: KubeObject },
): Promise<KubeObject> {
  const { warn } = request.context;
  const unique =
    isPatch === true ? next : { ...next, metadata: withUniqueOwners(next.metadata ?? {}, warn, false) };
  const tracked = isTracked === true ? unique : withManagers(options, request, unique, old);
  const object = (await request.admit.mutate('UPDATE', tracked, old)) ?? tracked;
  const metadata = withUniqueOwners(object.metadata ?? {}, warn, true);
  return withEntries({ ...object, metadata }, entriesOf(tracked));
}

function refuseOtherUid(request: PathRequest, { uid }: Change, found: string): void {
  if (uid === undefined || uid === '' || uid === found) return;
  const { registered, name } = request;
  throw conflict(
    registered.resource,
    name,
    `StorageError: invalid object, Code: 4, Key: ${keyOf(request, name)}, ResourceVersion: 0, AdditionalErrorMsg: ` +
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${found}`,
  );
}

function checkRevision(
  request: PathRequest,
  hooks: UpdateHooks,
  object: KubeObject,
  current: Versioned,
): void {
  const { resource } = request.registered;
  const sent = parseResourceVersion(object.metadata?.resourceVersion);
  if (sent === 0) {
    if (!hooks.requiresResourceVersion) return;
    throw invalid({ ...resource, kind: resource.plural }, request.name, [
      invalidValue('metadata.resourceVersion', 0, 'must be specified for an update'),
    ]);
  }
  if (sent !== current.modRevision) throw conflict(resource, request.name, modifiedMeanwhile);
}

/** The hooks and checks of an update; throws Invalid with all faults at once. */
function prepareForUpdate(
  request: PathRequest,
  hooks: UpdateHooks,
  object: KubeObject,
  old: KubeObject,
): KubeObject {
  const placed = withRequestNamespace(withGeneration(object, old.metadata?.generation), request);
  const prepared = hooks.prepare(placed, old);
  const counted = hooks.counts ? withGrownGeneration(request, prepared, old) : prepared;
  const kept = { ...counted, metadata: keptMetadata(counted.metadata ?? {}, old.metadata ?? {}) };
  const ready = withEntries(kept, entriesOf(object));
  refuseProblems(request.registered, ready, [
    ...updateMetadataProblems(request, ready, old),
    ...hooks.validate(ready, old),
  ]);
  for (const text of hooks.warnings(ready, old)) request.context.warn(text);
  return ready;
}

function withGeneration(object: KubeObject, value: number | undefined): KubeObject {
  const { generation: _generation, ...metadata } = object.metadata ?? {};
  return { ...object, metadata: value === undefined ? metadata : { ...metadata, generation: value } };
}

function withGrownGeneration(
  { registered: { strategy } }: PathRequest,
  object: KubeObject,
  old: KubeObject,
): KubeObject {
  if (strategy.generationGrows?.(object, old) !== true) return object;
  return withGeneration(object, (old.metadata?.generation ?? 0) + 1);
}

/** What no update changes or takes away, in the order of the Go struct. */
function keptMetadata(metadata: ObjectMeta, old: ObjectMeta): ObjectMeta {
  const {
    selfLink: _selfLink,
    creationTimestamp: _creation,
    ...sent
  } = metadata as ObjectMeta & { selfLink?: string };
  const uid = (metadata.uid ?? '') === '' ? old.uid : metadata.uid;
  return {
    ...sent,
    ...(uid === undefined ? {} : { uid }),
    ...(old.creationTimestamp === undefined ? {} : { creationTimestamp: old.creationTimestamp }),
    ...(old.deletionTimestamp === undefined ? {} : { deletionTimestamp: old.deletionTimestamp }),
    ...(old.deletionGracePeriodSeconds === undefined || sent.deletionGracePeriodSeconds !== undefined
      ? {}
      : { deletionGracePeriodSeconds: old.deletionGracePeriodSeconds }),
  };
}

/** Kinds whose check of an update holds the check of a creation: faults of their metadata are told twice. */
const checkedTwice = new Set([
  'configmaps',
  'secrets',
  'serviceaccounts',
  'services',
  'limitranges',
  'persistentvolumes',
  'roles.rbac.authorization.k8s.io',
  'rolebindings.rbac.authorization.k8s.io',
  'clusterroles.rbac.authorization.k8s.io',
  'clusterrolebindings.rbac.authorization.k8s.io',
]);

function updateMetadataProblems(
  { registered }: PathRequest,
  object: KubeObject,
  old: KubeObject,
): readonly FieldError[] {
  const { group, plural, namespaced } = registered.resource;
  const metadata = object.metadata ?? {};
  const update = metadataUpdateProblems(metadata, old.metadata ?? {});
  const twice = checkedTwice.has(group === '' ? plural : `${plural}.${group}`);
  return [
    ...metadataProblems(metadata, namespaced, checkPathSegment, false),
    ...update,
    ...update,
    ...(registered.strategy.anyFinalizers === true ? [] : finalizerNameProblems(metadata.finalizers ?? [])),
    ...(twice ? metadataProblems(metadata, namespaced, nameRule(registered), true) : []),
  ];
}

/** An object that is being deleted goes when its last finalizer does. */
function removesNow(hooks: UpdateHooks, object: KubeObject, old: KubeObject): boolean {
  if ((object.metadata?.finalizers ?? []).length > 0 || old.metadata?.deletionTimestamp === undefined) {
    return false;
  }
  if ((old.metadata.deletionGracePeriodSeconds ?? 0) !== 0) return false;
  return hooks.removes?.(object) ?? true;
}

async function removeInstead(
  options: PathOptions,
  request: PathRequest,
  object: KubeObject,
  current: Versioned,
): Promise<Answer> {
  const { registered, context } = request;
  if (!context.dryRun) {
    await options.storage.delete(current.key, current.modRevision);
    registered.strategy.afterDelete?.(object);
  }
  const metadata = { ...object.metadata, resourceVersion: String(current.modRevision) };
  return unstoredAnswer(registered, { ...object, metadata });
}

async function store(
  options: PathOptions,
  request: PathRequest,
  object: KubeObject,
  { old, current }: { readonly old: KubeObject; readonly current: Versioned },
): Promise<Answer> {
  const { registered, context } = request;
  const resourceVersion = String(current.modRevision);
  const versioned = { ...object, metadata: { ...object.metadata, resourceVersion } };
  if (sameJson(withOldTimes(versioned, old), { ...old, metadata: { ...old.metadata, resourceVersion } })) {
    return answerOf(registered, current);
  }
  if (context.dryRun) return unstoredAnswer(registered, versioned);
  const written = await options.storage.update(
    current.key,
    current.modRevision,
    encodeFor(registered, object),
  );
  remember(registered, written, object);
  return answerOf(registered, written);
}
