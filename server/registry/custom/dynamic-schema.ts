import type { JsonObject } from '../../../openapi/machinery/json.ts';
import type { DynamicSchema } from '../../../openapi/machinery/schema.ts';
import { withDefaults } from './default.ts';
import { customMergeType } from './merge-type.ts';
import { readEmbedded, readMetadata } from './metadata.ts';
import { pruneObject } from './prune.ts';
import type { Structural } from './structural.ts';

const unknownMax = 100;

/** The schema of a version of a CustomResourceDefinition, as the path of all kinds uses it. */
export function dynamicSchema(schema: Structural): DynamicSchema {
  return {
    kind: 'dynamic',
    decode(value) {
      const { metadata: sent, ...rest } = value;
      const read = readMetadata(sent ?? {});
      const pruned: string[] = [];
      const known = pruneObject(rest, schema, pruned);
      const embedded: string[] = [];
      const object = readEmbedded(known, schema, embedded) as JsonObject;
      const { apiVersion, kind, ...fields } = object;
      return {
        object: {
          ...(apiVersion === undefined ? {} : { apiVersion }),
          ...(kind === undefined ? {} : { kind }),
          metadata: read.metadata,
          ...fields,
        },
        unknown: [...read.unknown, ...pruned, ...embedded].slice(0, unknownMax),
      };
    },
    withDefaults: (object) => withDefaults(object, schema) as JsonObject,
    mergeType: customMergeType(schema),
  };
}
