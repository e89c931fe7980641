import type { KubeObject } from '../../openapi/machinery/object.ts';
import type { Versioned } from '../storage/storage.ts';
import { objectOf } from './stored.ts';
import type { Registered } from './strategy.ts';

/** What selectors look at. */
export interface Attributes {
  readonly labels: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, string>>;
}

const known = new WeakMap<Registered, WeakMap<Versioned, Attributes>>();
const none = {};

/** Of a stored object; read from its bytes once, and then kept as long as the store keeps them. */
export function attributesOf(registered: Registered, versioned: Versioned): Attributes {
  const map = mapOf(registered);
  let attributes = map.get(versioned);
  if (attributes === undefined) {
    attributes = attributesOfObject(registered, objectOf(registered, versioned));
    map.set(versioned, attributes);
  }
  return attributes;
}

/** For a writer that has the object at hand: spares the reading. */
export function rememberAttributes(registered: Registered, versioned: Versioned, object: KubeObject): void {
  mapOf(registered).set(versioned, attributesOfObject(registered, object));
}

export function attributesOfObject(registered: Registered, object: KubeObject): Attributes {
  const { name = '', namespace = '', labels = none } = object.metadata ?? {};
  const fields: Record<string, string> = { 'metadata.name': name };
  if (registered.resource.namespaced) fields['metadata.namespace'] = namespace;
  return { labels, fields: Object.assign(fields, registered.strategy.fields?.(object)) };
}

function mapOf(registered: Registered): WeakMap<Versioned, Attributes> {
  let map = known.get(registered);
  if (map === undefined) known.set(registered, (map = new WeakMap()));
  return map;
}
