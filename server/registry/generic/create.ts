import { generateName as nameFrom } from '../../../openapi/machinery/names.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { alreadyExists, StatusError } from '../../../openapi/machinery/status.ts';
import { KeyExistsError, type Versioned } from '../../storage/storage.ts';
import { encodeFor, objectOf } from '../stored.ts';
import type { Registered, Reservation } from '../strategy.ts';
import { metadataProblems, withUniqueOwners } from './metadata.ts';

import {
  answerOf,
  freshMetadata,
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
import { withoutStatus } from './status-split.ts';
import { entriesOf, withEntries, withManagers } from './track.ts';

const generatedNamesMax = 8;

/** Stores a new object. `sent` has been decoded and defaulted; `isTracked`: its managedFields are those of this write already. */
export async function createObject(
  options: PathOptions,
  request: PathRequest,
  sent: KubeObject,
  isTracked = false,
): Promise<Answer> {
  const { context } = request;
  const wiped = withoutSystemFields(sent);
  const placed = withRequestNamespace(wiped, request);
  const unique = { ...placed, metadata: withUniqueOwners(placed.metadata ?? {}, context.warn, false) };
  const tracked = isTracked
    ? withEntries(unique, entriesOf(sent))
    : withManagers(options, request, unique, undefined);
  const admitted = (await request.admit.mutate('CREATE', tracked, undefined)) ?? tracked;
  const metadata = withUniqueOwners(admitted.metadata ?? {}, context.warn, true);
  const { name = '', generateName = '' } = metadata;
  if (name !== '' || generateName === '') {
    return await createNamed(options, request, { ...admitted, metadata });
  }
  for (let attempt = 1; ; attempt++) {
    const named = { ...metadata, name: nameFrom(generateName, options.random) };
    try {
      return await createNamed(options, request, { ...admitted, metadata: named });
    } catch (error) {
      if (!(error instanceof StatusError) || error.reason !== 'AlreadyExists') throw error;
      if (attempt >= generatedNamesMax) throw notUnique(error);
    }
  }
}

async function createNamed(options: PathOptions, request: PathRequest, object: KubeObject): Promise<Answer> {
  const { registered, context } = request;
  const fresh = { ...object, metadata: freshMetadata(object.metadata ?? {}, context.clock.now()) };
  const reservation = await registered.strategy.reserve?.(fresh, undefined, context);
  let stored = false;
  try {
    const ready = prepareForCreate(request, reservation?.object ?? fresh);
    await request.admit.validate('CREATE', ready, undefined);
    const answer = await store(options, request, ready);
    stored = !context.dryRun;
    return answer;
  } finally {
    finish(reservation, stored);
  }
}

export function finish(reservation: Reservation<KubeObject> | undefined, stored: boolean): void {
  reservation?.finish(stored);
}

/** The hooks and checks of a creation; throws Invalid with all faults at once. */
export function prepareForCreate(request: PathRequest, object: KubeObject): KubeObject {
  const { registered } = request;
  const { strategy, resource } = registered;
  const begun = withoutStatus(registered, withFirstGeneration(registered, object));
  const ready = strategy.prepareForCreate?.(begun, syncContext(request)) ?? begun;
  refuseProblems(registered, ready, [
    ...metadataProblems(
      ready.metadata ?? {},
      resource.namespaced,
      nameRule(registered),
      strategy.anyFinalizers !== true,
    ),
    ...(strategy.validate?.(ready) ?? []),
  ]);
  for (const text of strategy.warnings?.(ready, undefined) ?? []) request.context.warn(text);
  return ready;
}

function withFirstGeneration({ strategy }: Registered, object: KubeObject): KubeObject {
  if (strategy.generationGrows === undefined) return object;
  return { ...object, metadata: { ...object.metadata, generation: 1 } };
}

async function store(options: PathOptions, request: PathRequest, object: KubeObject): Promise<Answer> {
  const { registered } = request;
  const name = object.metadata?.name ?? '';
  const key = keyOf(request, name);
  if (request.context.dryRun) {
    const current = await options.storage.get(key);
    if (current !== undefined) throw takenName(registered, name, current);
    const { resourceVersion: _version, ...metadata } = object.metadata ?? {};
    return unstoredAnswer(registered, { ...object, metadata });
  }
  refuseResourceVersion(object);
  try {
    const versioned = await options.storage.create(key, encodeFor(registered, object));
    remember(registered, versioned, object);
    return answerOf(registered, versioned);
  } catch (error) {
    if (error instanceof KeyExistsError) throw takenName(registered, name, error.current);
    throw error;
  }
}

/** What is no number counts as none here. */
function refuseResourceVersion(object: KubeObject): void {
  const text = object.metadata?.resourceVersion;
  if (text === undefined || !/^\d+$/.test(text) || parseResourceVersion(text) === 0) return;
  throw new StatusError('', 'resourceVersion should not be set on objects to be created');
}

function takenName(registered: Registered, name: string, current: Versioned): StatusError {
  const error = alreadyExists(registered.resource, name);
  if (objectOf(registered, current).metadata?.deletionTimestamp === undefined) return error;
  return new StatusError('AlreadyExists', `object is being deleted: ${error.message}`, {
    ...(error.details === undefined ? {} : { details: error.details }),
  });
}

function notUnique(error: StatusError): StatusError {
  return new StatusError(
    'AlreadyExists',
    `${error.message}, the server was not able to generate a unique name for the object`,
    error.details === undefined ? {} : { details: error.details },
  );
}

function withoutSystemFields(object: KubeObject): KubeObject {
  const {
    uid: _uid,
    creationTimestamp: _creation,
    deletionTimestamp: _deletion,
    deletionGracePeriodSeconds: _grace,
    managedFields: _managed,
    ...metadata
  } = object.metadata ?? {};
  return { ...object, metadata };
}
