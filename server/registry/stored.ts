import type { KubeObject, ObjectMeta } from '../../openapi/machinery/object.ts';
import { apiVersionOf, type Resource } from '../../openapi/machinery/resource.ts';
import type { Encode, Versioned } from '../storage/storage.ts';
import type { Registered } from './strategy.ts';

type Typed = Pick<Resource, 'group' | 'version' | 'kind'>;

/** What the bytes of every object of a resource begin with; an item of a list is the rest behind a brace. */
export function headerText(resource: Typed): string {
  return `{"kind":${JSON.stringify(resource.kind)},"apiVersion":${JSON.stringify(apiVersionOf(resource))},`;
}

/** Metadata in the order of the Go struct, so that resourceVersion stands behind what no client can put quotes into. */
function orderedMetadata(metadata: ObjectMeta, resourceVersion: string | undefined): object {
  const {
    name,
    generateName,
    namespace,
    uid,
    resourceVersion: _old,
    generation,
    creationTimestamp,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    managedFields,
    ...rest
  } = metadata;
  return {
    name: filled(name),
    generateName: filled(generateName),
    namespace: filled(namespace),
    uid: filled(uid),
    resourceVersion: filled(resourceVersion),
    generation,
    creationTimestamp,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    ...rest,
    managedFields,
  };
}

/** JSON leaves out what is undefined. */
function filled(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** The object's JSON, kind and apiVersion first. `resourceVersion` undefined: as the object has it. */
export function objectText(resource: Typed, object: KubeObject, resourceVersion?: string): string {
  const { kind: _kind, apiVersion: _apiVersion, metadata = {}, ...rest } = object;
  const version = resourceVersion ?? metadata.resourceVersion;
  return (
    headerText(resource) + JSON.stringify({ metadata: orderedMetadata(metadata, version), ...rest }).slice(1)
  );
}

const marker = '"resourceVersion":"';

/** Writes the object once; only the revision is filled in when it is known. */
export function encodeObject(resource: Typed, object: KubeObject): Encode {
  const text = objectText(resource, object, '0');
  const at = text.indexOf(marker) + marker.length;
  const before = text.slice(0, at);
  const after = text.slice(at + 1);
  return (revision) => Buffer.from(`${before}${revision}${after}`);
}

/** The same bytes with another resourceVersion: the last state of an object, at the revision of its deletion. */
export function withRevision(bytes: Uint8Array, revision: number): Buffer {
  const buffer = asBuffer(bytes);
  const at = buffer.indexOf(marker) + marker.length;
  const end = buffer.indexOf(0x22, at);
  return Buffer.concat([buffer.subarray(0, at), Buffer.from(String(revision)), buffer.subarray(end)]);
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function parseBytes(bytes: Uint8Array): KubeObject {
  return JSON.parse(asBuffer(bytes).toString('utf8')) as KubeObject;
}

/** The resource in whose form the objects are stored. */
export function storedResource(registered: Registered): Resource {
  return registered.strategy.stored?.resource ?? registered.resource;
}

/** What is stored, in the form of `registered`. Parsed anew at each call: the caller may change it. */
export function objectOf(registered: Registered, versioned: Versioned): KubeObject {
  const stored = parseBytes(versioned.value);
  return registered.strategy.stored?.fromStored(stored) ?? stored;
}

const otherForms = new WeakMap<Registered, WeakMap<Versioned, Buffer>>();

/** The bytes of the object in the form of `registered`: those in the store, when that is the stored form. */
export function bytesOf(registered: Registered, versioned: Versioned): Buffer {
  if (registered.strategy.stored === undefined) return asBuffer(versioned.value);
  let known = otherForms.get(registered);
  if (known === undefined) otherForms.set(registered, (known = new WeakMap()));
  let bytes = known.get(versioned);
  if (bytes === undefined) {
    bytes = Buffer.from(objectText(registered.resource, objectOf(registered, versioned)));
    known.set(versioned, bytes);
  }
  return bytes;
}

/** What to store for an object in the form of `registered`. */
export function encodeFor(registered: Registered, object: KubeObject): Encode {
  const { stored } = registered.strategy;
  return stored === undefined
    ? encodeObject(registered.resource, object)
    : encodeObject(stored.resource, stored.toStored(object));
}
