import { schemaOfDefinition } from '../../../openapi/generated/schemas.ts';
import {
  deduced,
  type ListForm,
  type MapForm,
  type MergeField,
  type MergeType,
  type ScalarForm,
} from '../../../openapi/machinery/managed-fields/merge-type.ts';
import { mergeTypeOf } from '../../../openapi/machinery/managed-fields/schema-type.ts';
import type { Structural } from './structural.ts';

const metadataType = mergeTypeOf(schemaOfDefinition('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'));
const text: MergeType = { scalar: 'string', list: undefined, map: undefined };

/** What applying and the ownership of fields know of a custom object. */
export function customMergeType(schema: Structural): MergeType {
  return objectType(schema, true);
}

const scalars: Readonly<Record<string, ScalarForm>> = {
  string: 'string',
  integer: 'numeric',
  number: 'numeric',
  boolean: 'boolean',
};

function typeOf(schema: Structural): MergeType {
  const [type = ''] = schema.types;
  if (schema.intOrString || (type === '' && schema.preserves)) return deduced;
  if (type === 'object') return objectType(schema, schema.embedded);
  if (type === 'array') return { scalar: undefined, list: listForm(schema), map: undefined };
  const scalar = scalars[type];
  return scalar === undefined ? deduced : { scalar, list: undefined, map: undefined };
}

function listForm({ listType, mapKeys, items }: Structural): ListForm {
  return {
    relation: listType === 'map' || listType === 'set' ? listType : 'atomic',
    keys: listType === 'map' ? [...mapKeys].sort() : [],
    items: items === undefined ? deduced : typeOf(items),
  };
}

/** `isResource`: it has apiVersion, kind and metadata, whatever its schema says. */
function objectType(schema: Structural, isResource: boolean): MergeType {
  let fields: ReadonlyMap<string, MergeField> | undefined;
  const map: MapForm = {
    atomic: schema.mapType === 'atomic',
    get fields() {
      return (fields ??= fieldsOf(schema, isResource));
    },
    values: valuesOf(schema),
  };
  return { scalar: undefined, list: undefined, map };
}

function fieldsOf(schema: Structural, isResource: boolean): ReadonlyMap<string, MergeField> {
  const fields = new Map<string, MergeField>();
  for (const [name, each] of schema.properties) {
    fields.set(name, { type: typeOf(each), keyDefault: each.default });
  }
  if (!isResource) return fields;
  for (const name of ['apiVersion', 'kind']) fields.set(name, { type: text, keyDefault: undefined });
  fields.set('metadata', { type: metadataType, keyDefault: undefined });
  return fields;
}

/** What describes nothing takes anything. */
function valuesOf({ additional, preserves, properties }: Structural): MergeType | undefined {
  if (typeof additional === 'object') return typeOf(additional);
  return preserves || additional === true || properties.size === 0 ? deduced : undefined;
}
