import { decode, DecodeError } from '../../../openapi/machinery/decode.ts';
import type { JsonObject } from '../../../openapi/machinery/json.ts';
import { mergeTypeOf } from '../../../openapi/machinery/managed-fields/schema-type.ts';
import type { Versioned } from '../../../openapi/machinery/managed-fields/updater.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { apiVersionOf } from '../../../openapi/machinery/resource.ts';
import { resourcePrefix } from '../keys.ts';
import { storedResource } from '../stored.ts';
import type { Registered, Registry } from '../strategy.ts';

/** The object in another version of its kind, by the form that is stored; undefined for a version that is not served. */
export function inOtherVersion(
  registry: Registry,
  { resource }: Registered,
  { object, apiVersion: own }: Versioned,
  apiVersion: string,
): Versioned | undefined {
  const from = inVersion(registry, own, resource.kind);
  const to = inVersion(registry, apiVersion, resource.kind);
  if (from === undefined || to === undefined) return undefined;
  if (resourcePrefix(storedResource(from)) !== resourcePrefix(storedResource(to))) return undefined;
  const converted = convert(from, to, object);
  return converted === undefined
    ? undefined
    : {
        object: { ...converted, apiVersion: apiVersionOf(to.resource) } as unknown as JsonObject,
        type: mergeTypeOf(to.schema),
        apiVersion,
      };
}

function inVersion(registry: Registry, apiVersion: string, kind: string): Registered | undefined {
  const [first = '', second] = apiVersion.split('/');
  return second === undefined ? registry.findKind('', first, kind) : registry.findKind(first, second, kind);
}

function convert(from: Registered, to: Registered, object: JsonObject): KubeObject | undefined {
  try {
    const { object: read } = decode(from.schema, object);
    const typed = { ...read, kind: from.resource.kind } as KubeObject;
    const stored = from.strategy.stored?.toStored(typed) ?? typed;
    return to.strategy.stored?.fromStored(stored) ?? stored;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
