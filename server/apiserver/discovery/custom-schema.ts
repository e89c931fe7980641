import {
  isJsonObject,
  type JsonArray,
  type JsonObject,
  type JsonValue,
} from '../../../openapi/machinery/json.ts';
import type { Registered } from '../../registry/strategy.ts';

export type OpenApiVersion = 2 | 3;

/** apiVersion, kind and metadata as the document describes them, of any object and of any list. */
export interface TypeProperties {
  readonly object: JsonObject;
  readonly list: JsonObject;
}

/** "com.example.v1.CronTab": the group's domain backwards. */
export function definitionName({ group, version, kind }: Registered['resource']): string {
  return [...group.split('.').reverse(), version, kind].join('.');
}

/** The schema of a custom resource and of its lists, as OpenAPI documents have them. */
export function customSchemas(
  registered: Registered,
  version: OpenApiVersion,
  types: TypeProperties,
): readonly [JsonObject, JsonObject] {
  const { resource, custom } = registered;
  const { group, version: own, kind } = resource;
  const listKind = custom?.listKind ?? `${kind}List`;
  const fields = custom?.selectableFields ?? [];
  const selectable =
    fields.length === 0
      ? {}
      : { 'x-kubernetes-selectable-fields': fields.map((path) => ({ fieldPath: path.replace(/^\./, '') })) };
  const schema = custom?.schema ?? {};
  // Older clients refuse what Swagger does not list: of an open object it says nothing.
  const isOpaque = version === 2 && schema['x-kubernetes-preserve-unknown-fields'] === true;
  const object = isOpaque
    ? { type: 'object' }
    : published(withTypes(schema, types), { version, types }, true);
  const facts = (name: string): JsonObject => ({
    'x-kubernetes-group-version-kind': [{ group, kind: name, version: own }],
    ...selectable,
  });
  const items = { type: 'array', items: { $ref: `${prefixes[version]}${definitionName(resource)}` } };
  const list: JsonObject = {
    description: `${listKind} is a list of ${kind}`,
    type: 'object',
    required: ['items'],
    properties: {
      ...types.list,
      items: { description: `The ${resource.plural} of the list.`, ...items },
    },
    ...facts(listKind),
  };
  return [{ ...object, ...facts(kind) }, list];
}

const prefixes: Readonly<Record<OpenApiVersion, string>> = {
  2: '#/definitions/',
  3: '#/components/schemas/',
};

/** What every resource has, whatever its schema says. */
function withTypes(schema: JsonObject, types: TypeProperties): JsonObject {
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {};
  return { type: 'object', ...schema, properties: { ...properties, ...types.object } };
}

interface Dialect {
  readonly version: OpenApiVersion;
  readonly types: TypeProperties;
}

/** The schema in the dialect of the document: Swagger 2 knows no alternatives, no null and no defaults of what is pruned. */
function published(schema: JsonObject, dialect: Dialect, isRoot: boolean): JsonObject {
  const { version, types } = dialect;
  const embedded = schema['x-kubernetes-embedded-resource'] === true && version === 3;
  const whole = embedded ? { ...withTypes(schema, types), required: requiredOf(schema) } : schema;
  const shown = version === 2 ? forSwagger(whole, isRoot) : withAlternatives(whole);
  const result: Record<string, JsonValue> = {};
  for (const [field, value] of Object.entries(shown)) {
    if (value !== undefined) result[field] = publishedField(field, value, dialect);
  }
  return result;
}

function requiredOf({ required }: JsonObject): JsonArray {
  const stated = Array.isArray(required) ? (required as JsonArray) : [];
  return [...new Set([...stated, 'kind', 'apiVersion'])];
}

function publishedField(field: string, value: JsonValue, dialect: Dialect): JsonValue {
  if (field === 'properties' && isJsonObject(value)) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(
      entries.map(([name, each]) => [name, isJsonObject(each) ? published(each, dialect, false) : each]),
    );
  }
  const isSchema = field === 'items' || field === 'additionalProperties' || field === 'not';
  if (isSchema && isJsonObject(value)) return published(value, dialect, false);
  return value;
}

const swaggerLacks = ['allOf', 'anyOf', 'oneOf', 'not', 'default', 'nullable'];
const shape = ['type', 'items', 'properties', 'additionalProperties'];

function forSwagger(schema: JsonObject, isRoot: boolean): JsonObject {
  const isOpen = schema['nullable'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
  const isMixed = schema['x-kubernetes-int-or-string'] === true;
  const dropped = new Set([...swaggerLacks, ...(isOpen ? shape : []), ...(isMixed ? ['type'] : [])]);
  if (isRoot) dropped.delete('type');
  return Object.fromEntries(Object.entries(schema).filter(([field]) => !dropped.has(field)));
}

function withAlternatives(schema: JsonObject): JsonObject {
  if (schema['x-kubernetes-int-or-string'] !== true) return schema;
  const types = [{ type: 'integer' }, { type: 'string' }];
  if (schema['anyOf'] === undefined) return { ...schema, anyOf: types };
  if (JSON.stringify(schema['anyOf']) === JSON.stringify(types)) return schema;
  const all = Array.isArray(schema['allOf']) ? (schema['allOf'] as JsonArray) : [];
  return { ...schema, allOf: [{ anyOf: types }, ...all] };
}
