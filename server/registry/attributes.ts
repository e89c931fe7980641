import type { KubeObject } from '../../openapi/machinery/object.ts';
import type { Versioned } from '../storage/storage.ts';
import { objectOf } from './stored.ts';
import type { Registered } from './strategy.ts';

/** What selectors look at. */
export interface Attributes {
  readonly labels: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, string>>;
}

/** What hangs on a stored value: its attributes in the form of one resource. */
interface Note extends Attributes {
  readonly registered: Registered;
}

const none = {};

/** Of a stored object; read from its bytes once, and then kept as long as the store keeps them. */
export function attributesOf(registered: Registered, versioned: Versioned): Attributes {
  const note = versioned.note as Note | undefined;
  if (note?.registered === registered) return note;
  return noted(registered, versioned, objectOf(registered, versioned));
}

/** For a writer that has the object at hand: spares the reading. */
export function rememberAttributes(registered: Registered, versioned: Versioned, object: KubeObject): void {
  noted(registered, versioned, object);
}

function noted(registered: Registered, versioned: Versioned, object: KubeObject): Note {
  const { labels, fields } = attributesOfObject(registered, object);
  const note = { labels, fields, registered };
  versioned.note = note;
  return note;
}

export function attributesOfObject(registered: Registered, object: KubeObject): Attributes {
  const { name = '', namespace = '', labels = none } = object.metadata ?? {};
  const fields: Record<string, string> = { 'metadata.name': name };
  if (registered.resource.namespaced) fields['metadata.namespace'] = namespace;
  return { labels, fields: Object.assign(fields, registered.strategy.fields?.(object)) };
}
