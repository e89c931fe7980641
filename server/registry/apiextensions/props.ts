import {
  isJsonObject,
  type JsonArray,
  type JsonObject,
  type JsonValue,
} from '../../../openapi/machinery/json.ts';

/** A JSONSchemaProps as it was decoded. */
export type Props = JsonObject;

export function textAt(schema: Props, field: string): string {
  const value = schema[field];
  return typeof value === 'string' ? value : '';
}

export function schemaAt(schema: Props, field: string): Props | undefined {
  const value = schema[field];
  return isJsonObject(value) ? value : undefined;
}

export function listAt(schema: Props, field: string): readonly Props[] {
  const value = schema[field];
  return Array.isArray(value) ? (value as JsonArray).filter(isJsonObject) : [];
}

export function textsAt(schema: Props, field: string): readonly string[] {
  const value = schema[field];
  return Array.isArray(value) ? (value as JsonArray).filter((each) => typeof each === 'string') : [];
}

/** The schema of items; undefined also when there is one for each index. */
export function itemsOf(schema: Props): Props | undefined {
  return schemaAt(schema, 'items');
}

export function propertiesOf(schema: Props): readonly (readonly [string, Props])[] {
  const properties = schemaAt(schema, 'properties') ?? {};
  return Object.entries(properties).flatMap(([name, each]) =>
    isJsonObject(each) ? [[name, each] as const] : [],
  );
}

/** A default that is stated: null counts as none. */
export function defaultOf(schema: Props): JsonValue | undefined {
  return schema['default'] ?? undefined;
}

/** The schemas one level below, in the order in which Kubernetes visits them. */
export function childrenOf(schema: Props): readonly Props[] {
  const single = ['items', 'additionalProperties', 'not'].map((field) => schemaAt(schema, field));
  return [
    ...single.filter((each) => each !== undefined),
    ...['allOf', 'anyOf', 'oneOf'].flatMap((field) => listAt(schema, field)),
    ...propertiesOf(schema).map(([, each]) => each),
  ];
}
