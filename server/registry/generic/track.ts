import { timeText } from '../../../openapi/machinery/clock.ts';
import { decode } from '../../../openapi/machinery/decode.ts';
import type { JsonObject } from '../../../openapi/machinery/json.ts';
import {
  isReset,
  noManagers,
  parseManagers,
  readManagers,
  writeManagers,
  type ManagedFieldsEntry,
  type Managers,
} from '../../../openapi/machinery/managed-fields/managers.ts';
import { TypeFault } from '../../../openapi/machinery/managed-fields/path-element.ts';
import { mergeTypeOf } from '../../../openapi/machinery/managed-fields/schema-type.ts';
import {
  updateManagers,
  type Versioned,
  type Write,
} from '../../../openapi/machinery/managed-fields/updater.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { apiVersionOf } from '../../../openapi/machinery/resource.ts';
import type { Registered } from '../strategy.ts';
import { inOtherVersion } from './other-version.ts';
import type { PathOptions, PathRequest } from './path.ts';
import { writableFields } from './writable-fields.ts';
import { sameJson } from './same.ts';

/**
 * The object with metadata.managedFields as they are after this write: the one place where every create, update and patch passes,
 * before admission changes anything. `old` is undefined for a creation. A write of the server's own keeps them as they were.
 */
export function withManagers(
  options: PathOptions,
  request: PathRequest,
  object: KubeObject,
  old: KubeObject | undefined,
): KubeObject {
  const { registered, writer } = request;
  if (writer === undefined) return withEntries(object, entriesOf(old));
  const before = old === undefined ? emptyObject(registered) : versionedOf(registered, old);
  const after = versionedOf(registered, asStored(registered, object));
  const sent = writer.subresource === '' ? entriesOf(object) : undefined;
  const managers = knownManagers(sent, old);
  if (managers.size === 0 && old !== undefined) return withEntries(object, undefined);
  try {
    const write = writeOf(options, request);
    return withEntries(object, writeManagers(updateManagers(write, before, after, managers)));
  } catch (error) {
    // Kubernetes, too, would rather forget who owns what than refuse the write.
    if (error instanceof TypeFault) return withEntries(object, undefined);
    throw error;
  }
}

/** As the object will be read: what its version cannot say, or what the stored form adds, is told too. */
function asStored({ strategy: { stored } }: Registered, object: KubeObject): KubeObject {
  return stored === undefined ? object : stored.fromStored(stored.toStored(object));
}

/** This write as machinery takes it. */
export function writeOf(options: PathOptions, request: PathRequest): Write {
  const { registered, context } = request;
  const { manager, subresource } = request.writer ?? { manager: '', subresource: '' };
  return {
    manager,
    subresource,
    time: timeText(context.clock.now()),
    filter: writableFields(registered, subresource),
    convert: (versioned, apiVersion) => inOtherVersion(options.registry, registered, versioned, apiVersion),
  };
}

/** An object as its managers see it: without what is said of them. */
export function versionedOf(registered: Registered, object: KubeObject): Versioned {
  return {
    object: withEntries(object, undefined) as unknown as JsonObject,
    type: mergeTypeOf(registered.schema),
    apiVersion: apiVersionOf(registered.resource),
  };
}

const emptyObjects = new WeakMap<Registered, Versioned>();

/** What a creation begins with: the fields that the kind always has. */
export function emptyObject(registered: Registered): Versioned {
  let known = emptyObjects.get(registered);
  if (known === undefined) {
    known = versionedOf(registered, decode(registered.schema, {}).object);
    emptyObjects.set(registered, known);
  }
  return known;
}

export function withEntries(
  object: KubeObject,
  managedFields: readonly ManagedFieldsEntry[] | undefined,
): KubeObject {
  const { metadata = {} } = object;
  if (managedFields === undefined && metadata.managedFields === undefined) return object;
  const { managedFields: _old, ...rest } = metadata;
  return { ...object, metadata: managedFields === undefined ? rest : { ...rest, managedFields } };
}

export function entriesOf(object: KubeObject | undefined): readonly ManagedFieldsEntry[] | undefined {
  return object?.metadata?.managedFields;
}

/** What a client sends counts when it can be read and says something. */
function knownManagers(
  sent: readonly ManagedFieldsEntry[] | undefined,
  old: KubeObject | undefined,
): Managers {
  const stored = entriesOf(old) ?? [];
  if (sent === undefined || sameJson(sent, stored)) return readManagers(stored);
  if (isReset(sent)) return noManagers;
  try {
    const managers = parseManagers(sent);
    return managers.size === 0 ? readManagers(stored) : managers;
  } catch (error) {
    if (error instanceof TypeFault) return readManagers(stored);
    throw error;
  }
}

/** The object with the old managedFields when nothing but times differs in them. Only for finding out whether anything changed. */
export function withOldTimes(object: KubeObject, old: KubeObject): KubeObject {
  const entries = entriesOf(object) ?? [];
  const oldEntries = entriesOf(old) ?? [];
  const isSame =
    entries.length > 0 &&
    entries.length === oldEntries.length &&
    entries.every((entry, index) => sameJson({ ...entry, time: '' }, { ...oldEntries[index], time: '' }));
  return isSame ? withEntries(object, oldEntries) : object;
}
