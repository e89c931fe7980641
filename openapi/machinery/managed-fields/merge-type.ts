import type { JsonValue } from '../json.ts';

/**
 * What ownership of fields and the merge of applied objects know of a type: the forms that a value may take. Types of Kubernetes
 * have one form; more where the schema leaves the value open. Types may hold themselves, so they are built with getters or filled in
 * later, and compared by identity only.
 */
export interface MergeType {
  readonly scalar: ScalarForm | undefined;
  readonly list: ListForm | undefined;
  readonly map: MapForm | undefined;
}

/** 'untyped' takes any scalar: quantities, times, int-or-string. */
export type ScalarForm = 'string' | 'numeric' | 'boolean' | 'untyped';

export interface ListForm {
  /**
   * 'atomic': owned and replaced as a whole. 'set': scalars, each owned by itself. 'map': objects told apart by `keys`.
   * x-kubernetes-list-type says it; without it a patch strategy of merge means 'map' by its merge key or 'set', else 'atomic'.
   */
  readonly relation: 'atomic' | 'set' | 'map';
  /** Sorted by name; empty unless the relation is 'map'. */
  readonly keys: readonly string[];
  readonly items: MergeType;
}

export interface MapForm {
  /** Owned and replaced as a whole: x-kubernetes-map-type of the struct, or of the field that has it. */
  readonly atomic: boolean;
  /** Declared fields: of a struct. */
  readonly fields: ReadonlyMap<string, MergeField>;
  /** Of any other member: of a map, or of a struct with additional properties. Undefined: an undeclared field is a fault. */
  readonly values: MergeType | undefined;
}

export interface MergeField {
  readonly type: MergeType;
  /** Stands for a key that an element of a list leaves out: the default that OpenAPI states, "" and 0 too. */
  readonly keyDefault: JsonValue | undefined;
}

/** JSON that is owned as a whole: runtime.RawExtension, a list without a type for its items. */
export const untypedAtomic: MergeType = {
  scalar: 'untyped',
  get list(): ListForm {
    return untypedList;
  },
  get map(): MapForm {
    return untypedMap;
  },
};

const untypedList: ListForm = { relation: 'atomic', keys: [], items: untypedAtomic };
const untypedMap: MapForm = { atomic: true, fields: new Map(), values: untypedAtomic };

/**
 * JSON without a schema, whose maps merge member by member while lists are atomic: a custom resource without a schema, an object
 * without properties, a field that x-kubernetes-preserve-unknown-fields lets through.
 */
export const deduced: MergeType = {
  scalar: 'untyped',
  list: untypedList,
  get map(): MapForm {
    return deducedMap;
  },
};

const deducedMap: MapForm = { atomic: false, fields: new Map(), values: deduced };
