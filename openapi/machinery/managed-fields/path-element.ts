import { type JsonObject, type JsonValue, isJsonObject } from '../json.ts';
import type { ListForm } from './merge-type.ts';

/**
 * A step of a path in the text that fieldsV1 has for it: `f:spec`, `k:{"containerPort":80,"protocol":"TCP"}` for an element of a
 * list by its keys, `v:"a"` for one of a set, `i:0` for one by its place. Equal steps have equal texts.
 */
export type PathElement = string;

const fieldElements = new Map<string, PathElement>();
const fieldElementsMax = 20_000;

/** The step to a field, or to a member of a map. The names of fields come again and again. */
export function fieldElement(name: string): PathElement {
  const known = fieldElements.get(name);
  if (known !== undefined) return known;
  const element = `f:${name}`;
  if (fieldElements.size < fieldElementsMax) fieldElements.set(name, element);
  return element;
}

/** A value that its type does not allow. The message is Kubernetes', with the path before it. */
export class TypeFault extends Error {
  override readonly name = 'TypeFault';
}

/** The step to an element of a list that is no atomic one. Throws TypeFault. */
export function itemElement(form: ListForm, item: JsonValue): PathElement {
  return form.relation === 'map' ? keyElement(form, item) : valueElement(item);
}

function keyElement({ keys, items }: ListForm, item: JsonValue): PathElement {
  if (item === null) throw new TypeFault('associative list with keys may not have a null element');
  if (!isJsonObject(item)) throw new TypeFault('associative list with keys may not have non-map elements');
  let text = '';
  for (const key of keys) {
    const value = Object.hasOwn(item, key) ? item[key] : undefined;
    const known = value === undefined ? items.map?.fields.get(key)?.keyDefault : value;
    if (known !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${jsonText(known)}`;
  }
  if (text === '') {
    const names = keys.map((key) => JSON.stringify(key)).join(' ');
    throw new TypeFault(
      `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
    );
  }
  return `k:{${text}}`;
}

function valueElement(item: JsonValue): PathElement {
  if (item === null) {
    throw new TypeFault("associative list without keys has an element that's an explicit null");
  }
  if (Array.isArray(item)) throw new TypeFault('not supported: associative list with lists as elements');
  if (typeof item === 'object')
    throw new TypeFault("associative list without keys has an element that's a map type");
  return `v:${jsonText(item)}`;
}

/** Compact JSON as Go writes it. */
function jsonText(value: JsonValue): string {
  const text = JSON.stringify(value);
  return typeof value === 'number' || !unsafe.test(text) ? text : text.replaceAll(unsafeAll, escaped);
}

const unsafe = /[<>&\u2028\u2029]/;
const unsafeAll = /[<>&\u2028\u2029]/g;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** The one text of a step that somebody else wrote; undefined for a kind of step that nobody knows. Throws TypeFault. */
export function parseElement(text: string): PathElement | undefined {
  if (text.length < 2) throw new TypeFault('key must be 2 characters long:');
  if (text[1] !== ':') throw new TypeFault(`missing colon: ${text}`);
  switch (text[0]) {
    case 'f':
      return text;
    case 'v':
      return `v:${jsonText(parsedJson(text))}`;
    case 'k':
      return parsedKeys(text);
    case 'i':
      if (!/^i:[+-]?\d+$/.test(text)) throw new TypeFault(`not a number: ${text}`);
      return `i:${Number(text.slice(2))}`;
    default:
      return undefined;
  }
}

function parsedKeys(text: string): PathElement {
  const keys = parsedJson(text);
  if (!isJsonObject(keys)) throw new TypeFault(`not an object: ${text}`);
  const members = Object.keys(keys).sort();
  return `k:{${members.map((key) => `${JSON.stringify(key)}:${jsonText(keys[key] ?? null)}`).join(',')}}`;
}

function parsedJson(text: string): JsonValue {
  try {
    return JSON.parse(text.slice(2)) as JsonValue;
  } catch (error) {
    throw new TypeFault(`not JSON: ${text}`, { cause: error });
  }
}

/** The order of steps: fields, keys, values, places; each by what it holds. */
export function compareElements(a: PathElement, b: PathElement): number {
  if (a === b) return 0;
  if (a.charCodeAt(0) !== b.charCodeAt(0) || plainStep.test(a)) return a < b ? -1 : 1;
  const texts = compareQuoted(a, b);
  return texts === 0 ? compareKnown(valueOf(a), valueOf(b)) : texts;
}

/** Steps that are in the order of their texts: fields, and the field itself. */
const plainStep = /^[f.]/;
const quote = 0x22;
const backslash = 0x5c;

/** The order of two steps that differ within a quoted text; 0 when they must be read for it. */
function compareQuoted(a: string, b: string): number {
  let isText = false;
  for (let at = 2; ; at++) {
    const ofA = a.charCodeAt(at);
    const ofB = b.charCodeAt(at);
    if (ofA === backslash || ofB === backslash) return 0;
    if (ofA === ofB) {
      if (ofA === quote) isText = !isText;
      continue;
    }
    if (!isText) return 0;
    return ofA === quote ? -1 : ofB === quote ? 1 : ofA - ofB;
  }
}

function valueOf(element: PathElement): JsonValue {
  const value = JSON.parse(element.slice(2)) as JsonValue;
  return isJsonObject(value) ? Object.entries(value as Record<string, JsonValue>).flat() : value;
}

/** Numbers before texts before booleans before null, and lists of them place by place. */
function compareKnown(a: JsonValue, b: JsonValue): number {
  if (Array.isArray(a) && Array.isArray(b)) {
    for (let index = 0; index < Math.min(a.length, b.length); index++) {
      const order = compareKnown(a[index] as JsonValue, b[index] as JsonValue);
      if (order !== 0) return order;
    }
    return a.length - b.length;
  }
  const rank = rankOf(a) - rankOf(b);
  if (rank !== 0) return rank;
  return a === b ? 0 : (a as string) < (b as string) ? -1 : 1;
}

function rankOf(value: JsonValue): number {
  return ['number', 'string', 'boolean', 'object'].indexOf(typeof value);
}

/** As messages show the step: `.spec`, `[name="a"]`, `[="a"]`, `[0]`. */
export function elementText(element: PathElement): string {
  const rest = element.slice(2);
  switch (element[0]) {
    case 'f':
      return `.${rest}`;
    case 'k':
      return `[${Object.entries(JSON.parse(rest) as JsonObject)
        .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
        .join(',')}]`;
    case 'v':
      return `[=${JSON.stringify(JSON.parse(rest))}]`;
    default:
      return `[${rest}]`;
  }
}
