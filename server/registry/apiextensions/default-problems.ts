import { DecodeError } from '../../../openapi/machinery/decode.ts';
import type { JsonValue } from '../../../openapi/machinery/json.ts';
import { invalidValue, type FieldError } from '../../../openapi/machinery/status.ts';
import { sameJson } from '../generic/same.ts';
import { embeddedProblems, readEmbedded } from '../custom/metadata.ts';
import { pruneValue } from '../custom/prune.ts';
import type { Structural } from '../custom/structural.ts';
import { valueProblems } from '../custom/validate.ts';

/** Defaults must be values that the schema itself would take, with nothing to prune. */
export function defaultProblems(schema: Structural, path: string): readonly FieldError[] {
  return within({ ...withoutMixedTypes(schema), embedded: true }, path);
}

/** Defaults of x-kubernetes-int-or-string are not held to these types. */
function withoutMixedTypes(schema: Structural): Structural {
  const { additional, items, properties } = schema;
  return {
    ...schema,
    types: schema.intOrString ? [] : schema.types,
    additional: typeof additional === 'object' ? withoutMixedTypes(additional) : additional,
    items: items === undefined ? undefined : withoutMixedTypes(items),
    properties: new Map([...properties].map(([name, each]) => [name, withoutMixedTypes(each)])),
  };
}

function within(schema: Structural, path: string): readonly FieldError[] {
  if (!schema.hasDefaults) return [];
  const { default: stated, items } = schema;
  return [
    ...(stated === undefined ? [] : problemsOf(stated, schema, `${path}.default`)),
    ...(items === undefined ? [] : within(items, `${path}.items`)),
    ...[...schema.properties].flatMap(([name, each]) => within(each, `${path}.properties[${name}]`)),
  ];
}

function problemsOf(value: JsonValue, schema: Structural, path: string): readonly FieldError[] {
  const pruned = sameJson(pruneValue(value, schema), value)
    ? []
    : [invalidValue(path, value, 'must not have unknown fields')];
  try {
    readEmbedded(value, schema, []);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return [...pruned, invalidValue(path, value, error.message)];
  }
  const embedded = embeddedProblems(value, schema, path);
  if (embedded.length > 0) return [...pruned, ...embedded];
  return [...pruned, ...valueProblems(value, schema, path)];
}
