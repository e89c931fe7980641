import { applyDefaults } from '../../../openapi/machinery/defaults.ts';
import type { JsonObject } from '../../../openapi/machinery/json.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import type { KindSchema } from '../../../openapi/machinery/schema.ts';
import type { Registered } from '../../registry/strategy.ts';
import { completeKnown } from './known-specs.ts';

/** Fills in what was left out: the defaults of the schema, then those that depend on other fields. */
export function complete(registered: Registered, object: KubeObject): KubeObject {
  const whole = withDefaults(registered, object);
  return registered.strategy.statusDefaults?.(whole) ?? whole;
}

function withDefaults({ schema, strategy }: Registered, object: KubeObject): KubeObject {
  const defaults = (filled: KubeObject): KubeObject => strategy.defaults?.(filled) ?? filled;
  if (strategy.defaultsOfSpecOnly === true) return completeKnown(schema, object, defaults);
  return defaults(withSchemaDefaults(schema, object));
}

export function withSchemaDefaults(schema: KindSchema, object: KubeObject): KubeObject {
  const filled = applyDefaults(schema, object as unknown as JsonObject) as KubeObject;
  if (filled === object || (filled.apiVersion !== undefined && filled.kind !== undefined)) return filled;
  const { apiVersion = '', kind = '' } = object;
  return { ...filled, apiVersion, kind };
}
