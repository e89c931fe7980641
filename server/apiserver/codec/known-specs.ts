import { applyDefaults } from '../../../openapi/machinery/defaults.ts';
import { decode } from '../../../openapi/machinery/decode.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../openapi/machinery/json.ts';
import { hasNumberTexts } from '../../../openapi/machinery/number-texts.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import type { Decoded, KindSchema } from '../../../openapi/machinery/schema.ts';

const specsMax = 256;
const charactersMax = 32 * 1024;

/** Decoded specs by what was sent, for each kind. */
const known = new WeakMap<KindSchema, Map<string, JsonObject>>();
/** The same specs with their defaults. */
const completed = new WeakMap<object, JsonValue>();
const noSpec: JsonObject = {};

/**
 * As decode(), but for a spec that came before, as those of one template do: it is the same object then, and frozen. For objects
 * that come whole.
 */
export function decodeKnown(schema: KindSchema, value: JsonObject): Decoded {
  const { spec } = value;
  if (schema.kind === 'dynamic' || !isJsonObject(spec) || hasNumberTexts(value)) return decode(schema, value);
  const text = JSON.stringify(spec);
  if (text.length > charactersMax) return decode(schema, value);
  let specs = known.get(schema);
  if (specs === undefined) known.set(schema, (specs = new Map<string, JsonObject>()));
  const found = specs.get(text);
  if (found !== undefined) return withSpec(decode(schema, { ...value, spec: noSpec }), found);
  const decoded = decode(schema, value);
  const decodedSpec = decoded.object['spec'];
  // What follows relies on the place of the spec among the fields: an empty one must have it too.
  const isPlaced = decode(schema, { spec: noSpec }).object['spec'] !== undefined;
  if (!isPlaced || decoded.unknown.length > 0 || !isJsonObject(decodedSpec ?? null)) return decoded;
  const oldest = specs.size >= specsMax ? specs.keys().next().value : undefined;
  if (oldest !== undefined) specs.delete(oldest);
  specs.set(text, deepFreeze(decodedSpec as JsonObject));
  return decoded;
}

/**
 * The object with all defaults; for a spec that came before, with the spec that they made of it then, `defaults` unasked: it must
 * look at the spec alone, and change nothing else.
 */
export function completeKnown(
  schema: KindSchema,
  object: KubeObject,
  defaults: (object: KubeObject) => KubeObject,
): KubeObject {
  const fields = object as unknown as JsonObject;
  const { spec } = fields;
  if (spec === undefined || !isJsonObject(spec) || !Object.isFrozen(spec)) {
    return defaults(applyDefaults(schema, fields));
  }
  const found = completed.get(spec);
  if (found !== undefined) {
    const rest = applyDefaults(schema, { ...fields, spec: noSpec });
    return { ...rest, spec: found } as unknown as KubeObject;
  }
  const made = defaults(applyDefaults(schema, fields));
  completed.set(spec, deepFreeze((made as unknown as JsonObject)['spec'] ?? null));
  return made;
}

function withSpec({ object, unknown }: Decoded, spec: JsonObject): Decoded {
  return { object: { ...object, spec }, unknown };
}

function deepFreeze<T extends JsonValue>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) deepFreeze(member as JsonValue);
  return Object.freeze(value);
}
