import { goText, goTypeText } from '../go-text.ts';
import { type JsonObject, type JsonValue, isJsonObject } from '../json.ts';
import type { ListForm, MergeType, ScalarForm } from './merge-type.ts';
import { elementText, itemElement, TypeFault } from './path-element.ts';
import { formOf, memberType } from './value.ts';

/** Throws TypeFault, with Kubernetes' text, when the object has a field, a value or an element of a list that its type does not allow. */
export function checkType(type: MergeType, object: JsonObject): void {
  const faults = faultsOf(type, object);
  if (faults.length === 1) throw new TypeFault(faults[0]);
  if (faults.length > 1) throw new TypeFault(['errors:', ...faults.map((each) => `  ${each}`)].join('\n'));
}

/** Texts with the path before them: `.data.a: expected string, got …`. */
function faultsOf(type: MergeType, value: JsonValue, path = ''): readonly string[] {
  if (value === null) return [];
  const said = path === '' ? '' : `${path}: `;
  switch (formOf(type, value)) {
    case 'map':
      return isJsonObject(value)
        ? mapFaults(type, value, path)
        : [`${said}expected map, got &{${goText(value)}}`];
    case 'list':
      return Array.isArray(value) && type.list !== undefined
        ? listFaults(type.list, value as readonly JsonValue[], path)
        : [`${said}expected list, got &{${goText(value)}}`];
    case 'scalar':
      return type.scalar === undefined || isScalar[type.scalar](value)
        ? []
        : [`${said}${scalarText[type.scalar](value)}`];
  }
}

const isScalar: Readonly<Record<ScalarForm, (value: JsonValue) => boolean>> = {
  string: (value) => typeof value === 'string',
  numeric: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  untyped: (value) => typeof value !== 'object',
};

const scalarText: Readonly<Record<ScalarForm, (value: JsonValue) => string>> = {
  string: (value) => `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`,
  numeric: (value) => `expected numeric (int or float), got ${goName(value)}`,
  boolean: (value) => `expected boolean, got &{${goText(value)}}`,
  untyped: (value) => `expected any scalar, got &{${goText(value)}}`,
};

function goName(value: JsonValue): string {
  return typeof value === 'number' ? 'float64' : goTypeText(value);
}

/** A value as Go's %#v prints it. */
function goSyntax(value: JsonValue): string {
  if (value === null) return 'interface {}(nil)';
  if (Array.isArray(value)) {
    return `[]interface {}{${(value as readonly JsonValue[]).map(goSyntax).join(', ')}}`;
  }
  if (typeof value !== 'object') return JSON.stringify(value);
  const object = value as JsonObject;
  const members = Object.keys(object)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${goSyntax(object[key] ?? null)}`);
  return `map[string]interface {}{${members.join(', ')}}`;
}

/** An unknown field ends the search in its map. */
function mapFaults(type: MergeType, object: JsonObject, path: string): readonly string[] {
  const faults: string[] = [];
  for (const key of Object.keys(object)) {
    const member = memberType(type, key);
    if (member === undefined) return [...faults, `${path}.${key}: field not declared in schema`];
    faults.push(...faultsOf(member, object[key] ?? null, `${path}.${key}`));
  }
  return faults;
}

/** An element without a key ends the search in its list. */
function listFaults(form: ListForm, list: readonly JsonValue[], path: string): readonly string[] {
  const faults: string[] = [];
  const seen = new Set<string>();
  for (const [index, item] of list.entries()) {
    const place = placeOf(form, item, index);
    if (typeof place !== 'string') return [...faults, `${path}: element ${index}: ${place.message}`];
    if (seen.has(place)) faults.push(`${path}: duplicate entries for key ${place}`);
    seen.add(place);
    faults.push(...faultsOf(form.items, item, `${path}${place}`));
  }
  return faults;
}

/** How messages show the step to an element: `[name="a"]`, `[0]`. */
function placeOf(form: ListForm, item: JsonValue, index: number): string | TypeFault {
  if (form.relation === 'atomic') return `[${index}]`;
  try {
    return elementText(itemElement(form, item));
  } catch (error) {
    if (error instanceof TypeFault) return error;
    throw error;
  }
}
