import { type FieldText, type TypeText, parseNamedText, parseTypeText } from '../../machinery/definition.ts';
import { invariant } from '../../machinery/invariant.ts';
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import type { Documentation } from '../documentation.ts';
import type { Definition, Spec } from '../spec.ts';

export type OpenApiVersion = 2 | 3;

const metaPrefix = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const extensionsPrefix = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';

/** Builtin types of the spec that OpenAPI has definitions for. */
const builtinNames: Readonly<Record<string, string>> = {
  quantity: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
  intOrString: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
  raw: 'io.k8s.apimachinery.pkg.runtime.RawExtension',
  time: `${metaPrefix}.Time`,
  microTime: `${metaPrefix}.MicroTime`,
  duration: `${metaPrefix}.Duration`,
  fieldsV1: `${metaPrefix}.FieldsV1`,
  json: `${extensionsPrefix}.JSON`,
  schemaOrArray: `${extensionsPrefix}.JSONSchemaPropsOrArray`,
  schemaOrBool: `${extensionsPrefix}.JSONSchemaPropsOrBool`,
  schemaOrStrings: `${extensionsPrefix}.JSONSchemaPropsOrStringArray`,
};

/** Definitions of those types, by what they hold on the wire. */
const builtinDefinitions: Readonly<Record<string, Readonly<Record<OpenApiVersion, JsonObject>>>> = {
  quantity: both({ type: 'string' }, { oneOf: [{ type: 'string' }, { type: 'number' }] }),
  intOrString: both(
    { type: 'string', format: 'int-or-string' },
    { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
  ),
  raw: both({ type: 'object' }),
  time: both({ type: 'string', format: 'date-time' }),
  microTime: both({ type: 'string', format: 'date-time' }),
  duration: both({ type: 'string' }),
  fieldsV1: both({ type: 'object' }),
  json: both({}),
  schemaOrArray: both({}),
  schemaOrBool: both({}),
  schemaOrStrings: both({}),
};

const builtinWords: Readonly<Record<string, string>> = {
  quantity:
    'A number with a suffix: decimal (n, u, m, k, M, G, T, P, E), binary (Ki, Mi, Gi, Ti, Pi, Ei) or an exponent (e3). It is written in its shortest form without a fraction.',
  intOrString: 'A number or a string, such as a port or its name, or a percentage.',
  raw: 'Any object, kept as it is.',
  time: 'A time as RFC 3339 text, in UTC, to the second.',
  microTime: 'A time as RFC 3339 text, with six digits of fraction.',
  duration: 'A duration, such as 1h30m.',
  fieldsV1:
    'A set of fields in the form of a tree: f:NAME for a field, k:KEYS for an element of a list, v:VALUE for a value of a set.',
  json: 'Any JSON value.',
  schemaOrArray: 'A schema or a list of schemas.',
  schemaOrBool: 'A schema or a boolean.',
  schemaOrStrings: 'A schema or a list of strings.',
};

const scalarTypes: Readonly<Record<string, JsonObject>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
  any: { type: 'object' },
};

const zeros: Readonly<Record<string, JsonValue>> = { string: '', bool: false, int32: 0, int64: 0, double: 0 };

function both(v2: JsonObject, v3: JsonObject = v2): Readonly<Record<OpenApiVersion, JsonObject>> {
  return { 2: v2, 3: v3 };
}

/** A type with its named types replaced by what they stand for. */
type Resolved =
  | { readonly kind: 'list' | 'map'; readonly of: Resolved }
  | { readonly kind: 'scalar'; readonly name: string; readonly enum: readonly string[] | undefined }
  | { readonly kind: 'ref'; readonly name: string; readonly struct: boolean };

/** Makes the schemas of one OpenAPI document. */
export interface SchemaWriter {
  ref(fullName: string): JsonObject;
  /** Every definition that `roots` need, by full name in alphabetical order. */
  definitions(roots: Iterable<string>): JsonObject;
}

interface Writing {
  readonly spec: Spec;
  readonly documentation: Documentation;
  readonly version: OpenApiVersion;
  readonly kindsOf: (definition: Definition) => readonly JsonObject[];
}

export function createSchemaWriter(writing: Writing): SchemaWriter {
  const byFullName = new Map([...writing.spec.definitions.values()].map((each) => [each.fullName, each]));
  const builtinByName = new Map(Object.entries(builtinNames).map(([builtin, name]) => [name, builtin]));
  const ref = referenceOf(writing.version);

  function write(fullName: string): JsonObject {
    if (fullName === patchName) return patchDefinition;
    const builtin = builtinByName.get(fullName);
    if (builtin !== undefined) {
      return { description: builtinWords[builtin], ...builtinDefinitions[builtin]?.[writing.version] };
    }
    const definition = byFullName.get(fullName);
    invariant(definition !== undefined, 'what a document refers to is defined', { fullName });
    return definitionSchema(definition, writing);
  }

  return {
    ref,
    definitions(roots) {
      const found = new Map<string, JsonObject>();
      const waiting = [...roots];
      for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
        if (found.has(name)) continue;
        const schema = write(name);
        found.set(name, schema);
        waiting.push(...referencesIn(schema));
      }
      return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
    },
  };
}

export const patchName = `${metaPrefix}.Patch`;
const patchDefinition: JsonObject = { description: 'The body of a PATCH request.', type: 'object' };

function referenceOf(version: OpenApiVersion): (name: string) => JsonObject {
  const prefix = version === 2 ? '#/definitions/' : '#/components/schemas/';
  return (name) => ({ $ref: `${prefix}${name}` });
}

function referencesIn(value: JsonValue | undefined): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = (value as JsonObject)['$ref'];
  if (typeof own === 'string') return [own.slice(own.lastIndexOf('/') + 1)];
  return Object.values(value).flatMap(referencesIn);
}

function definitionSchema(definition: Definition, writing: Writing): JsonObject {
  const fields = [...definition.fields].sort(([a], [b]) => (a < b ? -1 : 1));
  const required = [...definition.fields].filter(([, facts]) => facts.required).map(([name]) => name);
  const kinds = writing.kindsOf(definition);
  const properties = fields.map(
    ([name, facts]) => [name, propertySchema(definition, name, facts, writing)] as const,
  );
  return {
    ...described(writing.documentation.ofDefinition(definition)),
    type: 'object',
    ...(required.length === 0 ? {} : { required }),
    ...(fields.length === 0 ? {} : { properties: Object.fromEntries(properties) }),
    ...(kinds.length === 0 ? {} : { 'x-kubernetes-group-version-kind': kinds }),
    ...(definition.mapType === undefined ? {} : { 'x-kubernetes-map-type': definition.mapType }),
    ...unionFacts(definition),
  };
}

function unionFacts({ union }: Definition): JsonObject {
  if (union === undefined) return {};
  const discriminator = union.discriminator === undefined ? {} : { discriminator: union.discriminator };
  return { 'x-kubernetes-unions': [{ ...discriminator, 'fields-to-discriminateBy': union.fields }] };
}

function propertySchema(
  definition: Definition,
  name: string,
  facts: FieldText,
  writing: Writing,
): JsonObject {
  const parsed = parseTypeText(facts.type, definition.file);
  const type = resolve(parsed, writing.spec);
  const value = defaultOf(type, facts, parsed.kind === 'pointer');
  const shape = typeSchema(type, writing.version);
  const words = writing.documentation.ofField(definition, name) ?? wordsOfReference(type, writing);
  const description = described(words);
  const extras = {
    ...(writing.version === 3 && value !== undefined ? { default: value } : {}),
    ...mergeFacts(facts),
  };
  const reference = writing.version === 3 && '$ref' in shape;
  const wrapped =
    reference && Object.keys({ ...description, ...extras }).length > 0 ? { allOf: [shape] } : shape;
  return { ...description, ...wrapped, ...extras };
}

/** The client package has no words for fields that refer to a definition: the definition's first sentence must do. */
function wordsOfReference(type: Resolved, { spec, documentation }: Writing): string | undefined {
  if (type.kind !== 'ref') return undefined;
  const definition = [...spec.definitions.values()].find((each) => each.fullName === type.name);
  const words = definition === undefined ? undefined : documentation.ofDefinition(definition);
  return words === undefined ? undefined : /^[^]*?(?:\.(?=\s|$)|$)/.exec(words)?.[0];
}

function described(description: string | undefined): JsonObject {
  return description === undefined ? {} : { description };
}

function mergeFacts(facts: FieldText): JsonObject {
  return {
    ...(facts.listMapKeys.length === 0 ? {} : { 'x-kubernetes-list-map-keys': facts.listMapKeys }),
    ...(facts.listType === undefined ? {} : { 'x-kubernetes-list-type': facts.listType }),
    ...(facts.mapType === undefined ? {} : { 'x-kubernetes-map-type': facts.mapType }),
    ...(facts.patchMergeKey === undefined ? {} : { 'x-kubernetes-patch-merge-key': facts.patchMergeKey }),
    ...(facts.patchStrategy.length === 0
      ? {}
      : { 'x-kubernetes-patch-strategy': facts.patchStrategy.join(',') }),
  };
}

/** What the v3 document publishes: the default itself, or the zero value of what Go always writes. */
function defaultOf(type: Resolved, facts: FieldText, pointer: boolean): JsonValue | undefined {
  if (facts.default !== undefined) return facts.default;
  if (pointer) return undefined;
  if (type.kind === 'ref') return type.struct && facts.emit !== 'omitzero' ? {} : undefined;
  return type.kind === 'scalar' && facts.emit === 'always' ? zeros[type.name] : undefined;
}

function resolve(type: TypeText, spec: Spec): Resolved {
  switch (type.kind) {
    case 'pointer':
      return resolve(type.of, spec);
    case 'list':
    case 'map':
      return { kind: type.kind, of: resolve(type.of, spec) };
    case 'builtin': {
      const name = builtinNames[type.name];
      return name === undefined
        ? { kind: 'scalar', name: type.name, enum: undefined }
        : { kind: 'ref', name, struct: false };
    }
    case 'name':
      return resolveName(type.file, type.name, spec);
  }
}

function resolveName(file: string, name: string, spec: Spec): Resolved {
  const definition = spec.definitions.get(`${file}.${name}`);
  if (definition !== undefined) return { kind: 'ref', name: definition.fullName, struct: true };
  const { type, values } = parseNamedText(spec.files[file]?.named[name] ?? '');
  const resolved = resolve(parseTypeText(type, file), spec);
  return values === undefined || resolved.kind !== 'scalar'
    ? resolved
    : { ...resolved, enum: [...values].sort() };
}

function typeSchema(type: Resolved, version: OpenApiVersion): JsonObject {
  switch (type.kind) {
    case 'list':
      return { type: 'array', items: elementSchema(type.of, version) };
    case 'map':
      return { type: 'object', additionalProperties: elementSchema(type.of, version) };
    case 'scalar':
      return { ...scalarTypes[type.name], ...(type.enum === undefined ? {} : { enum: type.enum }) };
    case 'ref':
      return referenceOf(version)(type.name);
  }
}

/** In v3 elements have defaults too, as far as they are no pointers in Go. */
function elementSchema(type: Resolved, version: OpenApiVersion): JsonObject {
  const schema = typeSchema(type, version);
  if (version === 2) return schema;
  if (type.kind === 'scalar' && Object.hasOwn(zeros, type.name))
    return { ...schema, default: zeros[type.name] };
  return type.kind === 'ref' && type.struct ? { default: {}, allOf: [schema] } : schema;
}
