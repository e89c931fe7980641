import {
  isJsonObject,
  type JsonArray,
  type JsonObject,
  type JsonValue,
} from '../../../openapi/machinery/json.ts';
import { duplicate, invalidValue, type FieldError } from '../../../openapi/machinery/status.ts';
import { memberOf, type Structural } from './structural.ts';

/** Lists of type set hold no value twice, lists of type map no key. */
export function listTypeProblems(value: JsonValue, schema: Structural, path = ''): readonly FieldError[] {
  if (Array.isArray(value)) return listProblems(value as JsonArray, schema, path);
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([name, each]) => {
    const member = memberOf(schema, name);
    if (each === undefined || typeof member !== 'object') return [];
    const isRegular = schema.properties.has(name);
    const at = isRegular ? (path === '' ? name : `${path}.${name}`) : `${path}[${name}]`;
    return listTypeProblems(each, member, at);
  });
}

function listProblems(list: JsonArray, schema: Structural, path: string): readonly FieldError[] {
  const { items } = schema;
  return [
    ...(schema.listType === 'set' ? repeated(list, list, path) : []),
    ...(schema.listType === 'map' ? mapProblems(list, schema.mapKeys, path) : []),
    ...(items === undefined
      ? []
      : list.flatMap((item, index) => listTypeProblems(item, items, `${path}[${index}]`))),
  ];
}

/** The first repetition of each value is told. */
function repeated(keys: JsonArray, shown: JsonArray, path: string): readonly FieldError[] {
  const times = new Map<string, number>();
  return keys.flatMap((key, index) => {
    const text = sortedText(key);
    const seen = times.get(text) ?? 0;
    times.set(text, seen + 1);
    return seen === 1 ? [duplicate(`${path}[${index}]`, shown[index])] : [];
  });
}

function mapProblems(list: JsonArray, keys: readonly string[], path: string): readonly FieldError[] {
  const wrong = list.findIndex((item) => item !== null && !isJsonObject(item));
  if (wrong >= 0) {
    return [
      invalidValue(`${path}[${wrong}]`, list[wrong], 'must be an object for an array of list-type map'),
    ];
  }
  const found = list.map((item) => keyOf(isJsonObject(item) ? item : {}, keys));
  return repeated(found, found, path);
}

function keyOf(item: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(keys.filter((key) => Object.hasOwn(item, key)).map((key) => [key, item[key]]));
}

/** JSON with its members by name: the same text for the same value. */
function sortedText(value: JsonValue): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    isJsonObject(each) ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))) : each,
  );
}
