import { isJsonObject, type JsonObject, type JsonValue } from '../../../openapi/machinery/json.ts';

/** x-kubernetes-validations: a rule in CEL. */
export interface ValidationRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}

/** One node of a CustomResourceDefinition's schema, in a form that is quick to walk. */
export interface Structural {
  /** As validation reads it: `x-kubernetes-int-or-string` is two types, an open value none. */
  readonly types: readonly string[];
  readonly nullable: boolean;
  readonly default: JsonValue | undefined;
  readonly properties: ReadonlyMap<string, Structural>;
  /** additionalProperties: true, false or the schema of all other members. */
  readonly additional: Structural | boolean | undefined;
  readonly items: Structural | undefined;
  /** x-kubernetes-preserve-unknown-fields */
  readonly preserves: boolean;
  /** x-kubernetes-embedded-resource */
  readonly embedded: boolean;
  readonly intOrString: boolean;
  readonly listType: string | undefined;
  readonly mapKeys: readonly string[];
  readonly mapType: string | undefined;
  readonly limits: Limits;
  readonly required: readonly string[];
  readonly enum: readonly JsonValue[];
  readonly allOf: readonly Structural[];
  readonly anyOf: readonly Structural[];
  readonly oneOf: readonly Structural[];
  readonly not: Structural | undefined;
  readonly rules: readonly ValidationRule[];
  /** Whether this node or one below states a default: most values need no look for them. */
  readonly hasDefaults: boolean;
}

export interface Limits {
  readonly format?: string;
  readonly maximum?: number;
  readonly exclusiveMaximum?: boolean;
  readonly minimum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly maxLength?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  readonly maxItems?: number;
  readonly minItems?: number;
  readonly uniqueItems?: boolean;
  readonly multipleOf?: number;
  readonly maxProperties?: number;
  readonly minProperties?: number;
}

/** The tree of a JSONSchemaProps. What validation of the definition refuses is left out. */
export function structuralOf(props: JsonObject): Structural {
  const properties = new Map(
    Object.entries(objectOf(props['properties'])).flatMap(([name, each]) =>
      isJsonObject(each) ? [[name, structuralOf(each)] as const] : [],
    ),
  );
  const additional = additionalOf(props['additionalProperties']);
  const items = isJsonObject(props['items']) ? structuralOf(props['items']) : undefined;
  const intOrString = props['x-kubernetes-int-or-string'] === true;
  const type = textOf(props['type']);
  const stated = props['default'] ?? undefined;
  const children = [...properties.values(), additional, items];
  return {
    types: intOrString ? ['integer', 'string'] : type === undefined ? [] : [type],
    nullable: props['nullable'] === true,
    default: stated,
    properties,
    additional,
    items,
    preserves: props['x-kubernetes-preserve-unknown-fields'] === true,
    embedded: props['x-kubernetes-embedded-resource'] === true,
    intOrString,
    listType: textOf(props['x-kubernetes-list-type']),
    mapKeys: listOf(props['x-kubernetes-list-map-keys']).filter((each) => typeof each === 'string'),
    mapType: textOf(props['x-kubernetes-map-type']),
    limits: props,
    required: listOf(props['required']).filter((each) => typeof each === 'string'),
    enum: listOf(props['enum']),
    allOf: schemasOf(props['allOf']),
    anyOf: schemasOf(props['anyOf']),
    oneOf: schemasOf(props['oneOf']),
    not: isJsonObject(props['not']) ? structuralOf(props['not']) : undefined,
    rules: listOf(props['x-kubernetes-validations']) as unknown as readonly ValidationRule[],
    hasDefaults:
      stated !== undefined || children.some((each) => typeof each === 'object' && each.hasDefaults),
  };
}

/** The schema of a member; `true` for one that is kept, whatever is pruned within; undefined for one that is unknown. */
export function memberOf(schema: Structural, name: string): Structural | boolean | undefined {
  return schema.properties.get(name) ?? schema.additional;
}

function additionalOf(value: JsonValue | undefined): Structural | boolean | undefined {
  if (isJsonObject(value)) return structuralOf(value);
  return typeof value === 'boolean' ? value : undefined;
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : [];
}

function schemasOf(value: JsonValue | undefined): readonly Structural[] {
  return listOf(value).filter(isJsonObject).map(structuralOf);
}
