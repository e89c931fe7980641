import type { Field, KindSchema, ObjectSchema, ScalarKind, Schema } from '../schema.ts';
import {
  deduced,
  untypedAtomic,
  type ListForm,
  type MapForm,
  type MergeField,
  type MergeType,
} from './merge-type.ts';

/** The type of a kind. Built when first asked for, and then shared. */
export function mergeTypeOf(schema: KindSchema): MergeType {
  return schema.kind === 'dynamic' ? schema.mergeType : structTypeOf(schema);
}

function structTypeOf(schema: ObjectSchema): MergeType {
  let type = known.get(schema);
  if (type === undefined) known.set(schema, (type = structType(schema, schema.mapType === 'atomic')));
  return type;
}

const known = new WeakMap<ObjectSchema, MergeType>();
const knownAtomic = new WeakMap<ObjectSchema, MergeType>();

function atomicTypeOf(schema: ObjectSchema): MergeType {
  let type = knownAtomic.get(schema);
  if (type === undefined) knownAtomic.set(schema, (type = structType(schema, true)));
  return type;
}

function structType(schema: ObjectSchema, atomic: boolean): MergeType {
  return { scalar: undefined, list: undefined, map: new StructForm(schema, atomic) };
}

/** Knows its fields when first asked for them, since a struct may hold itself. */
class StructForm implements MapForm {
  readonly atomic: boolean;
  readonly #schema: ObjectSchema;
  #fields: ReadonlyMap<string, MergeField> | undefined;

  constructor(schema: ObjectSchema, atomic: boolean) {
    this.atomic = atomic;
    this.#schema = schema;
  }

  get fields(): ReadonlyMap<string, MergeField> {
    return (this.#fields ??= new Map(this.#schema.fields.map((field) => [field.name, mergeField(field)])));
  }

  get values(): MergeType | undefined {
    return this.#schema.fields.length === 0 ? deduced : undefined;
  }
}

function mergeField(field: Field): MergeField {
  return { type: fieldType(field), keyDefault: field.keyDefault };
}

function fieldType(field: Field): MergeType {
  const { schema, mapType } = field;
  if (schema.kind === 'list') {
    const { relation, keys } = relationOf(field);
    return { scalar: undefined, list: { relation, keys, items: typeOf(schema.items) }, map: undefined };
  }
  if (mapType === undefined) return typeOf(schema);
  const atomic = mapType === 'atomic';
  if (schema.kind === 'object') return atomic ? atomicTypeOf(schema) : structType(schema, false);
  return schema.kind === 'map' ? mapOf(typeOf(schema.values), atomic) : typeOf(schema);
}

function relationOf(field: Field): Pick<ListForm, 'relation' | 'keys'> {
  const { listType, listMapKeys, patchStrategy, patchMergeKey } = field;
  if (listType === 'map') return { relation: 'map', keys: [...listMapKeys].sort() };
  if (listType !== undefined) return { relation: listType, keys: [] };
  if (!patchStrategy.includes('merge')) return { relation: 'atomic', keys: [] };
  return patchMergeKey === undefined
    ? { relation: 'set', keys: [] }
    : { relation: 'map', keys: [patchMergeKey] };
}

function typeOf(schema: Schema): MergeType {
  switch (schema.kind) {
    case 'object':
      return structTypeOf(schema);
    case 'list':
      return {
        scalar: undefined,
        list: { relation: 'atomic', keys: [], items: typeOf(schema.items) },
        map: undefined,
      };
    case 'map':
      return mapOf(typeOf(schema.values), false);
    case 'union':
      return deduced;
    default:
      return schema.goType === 'v1.JSON' ? deduced : scalarTypes[schema.kind];
  }
}

function mapOf(values: MergeType, atomic: boolean): MergeType {
  return { scalar: undefined, list: undefined, map: { atomic, fields: noFields, values } };
}

const noFields: ReadonlyMap<string, MergeField> = new Map();

const string: MergeType = { scalar: 'string', list: undefined, map: undefined };
const numeric: MergeType = { scalar: 'numeric', list: undefined, map: undefined };
const untyped: MergeType = { scalar: 'untyped', list: undefined, map: undefined };

/** As kube-apiserver reads its own OpenAPI v3 document, where int-or-string states no type. */
const scalarTypes: Readonly<Record<ScalarKind, MergeType>> = {
  string,
  bytes: string,
  duration: string,
  int32: numeric,
  int64: numeric,
  double: numeric,
  bool: { scalar: 'boolean', list: undefined, map: undefined },
  quantity: untyped,
  time: untyped,
  microTime: untyped,
  intOrString: deduced,
  raw: untypedAtomic,
  any: mapOf(deduced, false),
};
