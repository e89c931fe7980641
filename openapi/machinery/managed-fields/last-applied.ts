import { type JsonObject, type JsonValue, isJsonObject } from '../json.ts';
import { checkType } from './check-type.ts';
import { compare } from './compare.ts';
import { difference, type FieldSet } from './field-set.ts';
import { fieldSetOf } from './field-set-of.ts';
import { TypeFault } from './path-element.ts';
import type { Versioned } from './updater.ts';

/** Where kubectl keeps what it applied by itself, before the server did it. */
const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
const annotationsBytesMax = 256 * 1024;

/** The manager whose server-side apply goes on where kubectl's own apply ended. */
export const kubectlManager = 'kubectl';

/** What kubectl applied by itself and nobody has changed since; undefined when that cannot be told. */
export function lastAppliedFields({ object, type, apiVersion }: Versioned): FieldSet | undefined {
  const text = annotationsOf(object)?.[annotation];
  if (typeof text !== 'string' || text === '') return undefined;
  try {
    const applied = JSON.parse(text) as JsonValue;
    if (!isJsonObject(applied) || applied['apiVersion'] !== apiVersion) return undefined;
    checkType(type, applied);
    const { removed, modified, added } = compare(type, applied, object);
    return [modified, added, removed].reduce(difference, fieldSetOf(type, applied));
  } catch (error) {
    if (error instanceof TypeFault || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The object with the annotation, when it has one, brought to what is applied now. */
export function withLastApplied(object: JsonObject, applied: JsonObject): JsonObject {
  const annotations = annotationsOf(object);
  const { [annotation]: before = '', ...others } = annotations ?? {};
  if (before === '') return object;
  const text = `${sortedJson(withoutAnnotation(applied))}\n`;
  const next = { ...others, [annotation]: text };
  const metadata = object['metadata'] as JsonObject;
  return {
    ...object,
    metadata: { ...metadata, annotations: sizeOf(next) > annotationsBytesMax ? others : next },
  };
}

function annotationsOf(object: JsonObject): JsonObject | undefined {
  const { metadata } = object;
  const annotations = isJsonObject(metadata) ? metadata['annotations'] : undefined;
  return isJsonObject(annotations) ? annotations : undefined;
}

function withoutAnnotation(applied: JsonObject): JsonObject {
  const { metadata } = applied;
  if (!isJsonObject(metadata)) return applied;
  const { annotations, ...rest } = metadata;
  if (!isJsonObject(annotations)) return { ...applied, metadata: rest };
  const { [annotation]: _old, ...others } = annotations;
  return { ...applied, metadata: { ...rest, annotations: others } };
}

/** As Go writes an object without a type: members by name, and no character that HTML knows. */
function sortedJson(value: JsonObject): string {
  return JSON.stringify(sorted(value)).replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function sorted(value: JsonValue | undefined): JsonValue | undefined {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map((item) => sorted(item) ?? null);
  if (!isJsonObject(value)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key])]));
}

function sizeOf(annotations: JsonObject): number {
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    bytes += Buffer.byteLength(key) + (typeof value === 'string' ? Buffer.byteLength(value) : 0);
  }
  return bytes;
}
