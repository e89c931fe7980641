import { findSchema } from '../../../openapi/generated/schemas.ts';
import type { JsonObject } from '../../../openapi/machinery/json.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { apiVersionOf, type Resource } from '../../../openapi/machinery/resource.ts';
import type { GroupVersionKind, KindSchema } from '../../../openapi/machinery/schema.ts';
import type { ObjectForms } from '../../admission/webhooks/forms.ts';
import { storedResource } from '../../registry/stored.ts';
import type { Registered, Registry } from '../../registry/strategy.ts';
import { decodeBody } from '../codec/body.ts';
import { complete, withSchemaDefaults } from '../codec/complete.ts';
import { jsonCodec } from '../codec/json.ts';

/** The forms of all kinds that the registry serves. */
export function objectForms(registry: Registry): ObjectForms {
  const find = ({ group, version, plural }: Resource): Registered | undefined =>
    registry.find(group, version, plural);
  return {
    othersOf(resource) {
      const own = find(resource);
      if (own === undefined) return [];
      const stored = storedResource(own);
      return registry.all
        .filter((each) => each !== own && storedResource(each).plural === stored.plural)
        .filter((each) => storedResource(each).group === stored.group)
        .map((each) => each.resource);
    },
    convert(object, from, to) {
      const stored = find(from)?.strategy.stored?.toStored(object) ?? object;
      const shown = find(to)?.strategy.stored?.fromStored(stored) ?? stored;
      return { ...shown, apiVersion: apiVersionOf(to), kind: to.kind };
    },
    read: (resource, json) => readObject(find(resource), json),
  };
}

function readObject(registered: Registered | undefined, json: JsonObject): KubeObject {
  const { apiVersion = '', kind = '' } = json as KubeObject;
  const [first = '', second] = apiVersion.split('/');
  const typed =
    second === undefined ? { group: '', version: first, kind } : { group: first, version: second, kind };
  const isOwn =
    registered?.resource.kind === kind && apiVersionOf(registered.resource) === apiVersion
      ? registered
      : undefined;
  const schema = isOwn?.schema ?? findSchema(typed);
  if (schema === undefined) return json;
  const decoded = decodedFrom(json, typed, schema);
  return isOwn === undefined ? withSchemaDefaults(schema, decoded) : complete(isOwn, decoded);
}

/** Faults are told as the decoder tells them, without what was expected. */
function decodedFrom(json: JsonObject, kind: GroupVersionKind, schema: KindSchema): KubeObject {
  try {
    return decodeBody(jsonCodec, Buffer.from(JSON.stringify(json)), {
      kind,
      schema,
      fieldValidation: 'Ignore',
      warn: () => undefined,
    });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new Error(text.replace(/^.* cannot be handled as a [^:]*: /, ''), { cause: error });
  }
}
