import { schemaOfDefinition } from '../../../openapi/generated/schemas.ts';
import { decode, DecodeError } from '../../../openapi/machinery/decode.ts';
import {
  isJsonObject,
  type JsonArray,
  type JsonObject,
  type JsonValue,
} from '../../../openapi/machinery/json.ts';
import { checkDns1035Label, checkPathSegment } from '../../../openapi/machinery/names.ts';
import type { ObjectMeta } from '../../../openapi/machinery/object.ts';
import { invalidValue, required, type FieldError } from '../../../openapi/machinery/status.ts';
import { setOwn } from '../../../openapi/machinery/tree.ts';
import { metadataProblems } from '../generic/metadata.ts';
import { memberOf, type Structural } from './structural.ts';

const metaSchema = schemaOfDefinition('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta');

/** Metadata as every object has it, whatever else the schema leaves open. */
export interface ReadMetadata {
  readonly metadata: JsonObject;
  /** `metadata.foo` */
  readonly unknown: readonly string[];
}

/** Reads metadata as it is for built-in kinds. Throws DecodeError for a field of a wrong type. */
export function readMetadata(value: JsonValue): ReadMetadata {
  if (value !== null && !isJsonObject(value)) {
    const what = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
    throw new DecodeError(`json: cannot unmarshal ${what} into Go value of type v1.ObjectMeta`);
  }
  const { object, unknown } = decode(metaSchema, value ?? {});
  const { creationTimestamp, ...rest } = object;
  const metadata = (creationTimestamp ?? null) === null ? rest : object;
  return { metadata, unknown: unknown.map((path) => `metadata.${path}`) };
}

/** The value with the metadata of embedded resources read so. Throws DecodeError. */
export function readEmbedded(value: JsonValue, schema: Structural, unknown: string[]): JsonValue {
  return mapWithin(value, schema, '', (object, path) => {
    const { metadata, apiVersion, kind } = object;
    for (const [name, each] of Object.entries({ apiVersion, kind })) {
      if (each === undefined || typeof each === 'string') continue;
      throw new DecodeError(errorText(invalidValue(`${path}.${name}`, each, 'must be a string')));
    }
    if (metadata === undefined) return object;
    try {
      const read = readMetadata(metadata);
      unknown.push(...read.unknown.map((each) => `${path}.${each}`));
      return { ...object, metadata: read.metadata };
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw new DecodeError(errorText(invalidValue(`${path}.metadata`, metadata, error.message)));
    }
  });
}

function errorText({ field, message }: FieldError): string {
  return `${field}: ${message}`;
}

type Change = (object: JsonObject, path: string) => JsonObject;

/** Applies `change` to every embedded resource. Schemas without one cost a walk of the schema alone. */
function mapWithin(value: JsonValue, schema: Structural, path: string, change: Change): JsonValue {
  if (!holdsEmbedded(schema)) return value;
  if (Array.isArray(value)) return listWithin(value as JsonArray, schema, path, change);
  if (!isJsonObject(value)) return value;
  const result: Record<string, JsonValue> = {};
  for (const [name, each] of Object.entries(value)) {
    if (each === undefined) continue;
    const member = memberOf(schema, name);
    const at = schema.properties.has(name) ? (path === '' ? name : `${path}.${name}`) : `${path}[${name}]`;
    setOwn(result, name, typeof member === 'object' ? mapWithin(each, member, at, change) : each);
  }
  return schema.embedded ? change(result, path) : result;
}

function listWithin(list: JsonArray, { items }: Structural, path: string, change: Change): JsonArray {
  if (items === undefined) return list;
  return list.map((item, index) => mapWithin(item, items, `${path}[${index}]`, change));
}

const holders = new WeakMap<Structural, boolean>();

function holdsEmbedded(schema: Structural): boolean {
  let holds = holders.get(schema);
  if (holds === undefined) {
    const { additional, items, properties } = schema;
    const below = [...properties.values(), additional, items];
    holds = schema.embedded || below.some((each) => typeof each === 'object' && holdsEmbedded(each));
    holders.set(schema, holds);
  }
  return holds;
}

/** Faults of embedded resources: each must say what it is. */
export function embeddedProblems(value: JsonValue, schema: Structural, path = ''): readonly FieldError[] {
  const problems: FieldError[] = [];
  mapWithin(value, schema, path, (object, at) => {
    problems.push(...resourceProblems(object, at));
    return object;
  });
  return problems;
}

function resourceProblems(object: JsonObject, path: string): readonly FieldError[] {
  const { apiVersion, kind, metadata } = object;
  const prefix = path === '' ? '' : `${path}.`;
  return [
    ...(apiVersion === undefined ? [required(`${prefix}apiVersion`)] : []),
    ...(kind === undefined ? [required(`${prefix}kind`)] : []),
    ...(typeof apiVersion === 'string' ? versionProblems(`${prefix}apiVersion`, apiVersion) : []),
    ...(typeof kind === 'string' ? kindProblems(`${prefix}kind`, kind) : []),
    ...(metadata === undefined ? [] : nestedMetadataProblems(`${prefix}metadata`, metadata)),
  ];
}

function versionProblems(field: string, apiVersion: string): readonly FieldError[] {
  if (apiVersion === '') return [invalidValue(field, apiVersion, 'must not be empty')];
  return apiVersion.split('/').length > 2
    ? [invalidValue(field, apiVersion, `unexpected GroupVersion string: ${apiVersion}`)]
    : [];
}

function kindProblems(field: string, kind: string): readonly FieldError[] {
  if (kind === '') return [invalidValue(field, kind, 'must not be empty')];
  const faults = checkDns1035Label(kind.toLowerCase());
  return faults.length === 0
    ? []
    : [invalidValue(field, kind, `may have mixed case, but should otherwise match: ${faults.join(',')}`)];
}

function nestedMetadataProblems(field: string, value: JsonValue): readonly FieldError[] {
  const metadata = value as ObjectMeta;
  const { name = '' } = metadata;
  const named = { ...metadata, name: name === '' ? 'fakename' : name };
  const namespaced = (metadata.namespace ?? '') !== '';
  return metadataProblems(named, namespaced, checkPathSegment, false).map((problem) => ({
    ...problem,
    field: problem.field.replace(/^metadata/, field),
  }));
}
