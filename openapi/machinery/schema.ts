import type { JsonObject, JsonValue } from './json.ts';
import type { MergeType } from './managed-fields/merge-type.ts';

/** What a leaf holds on the wire. `raw` and `any` are JSON that no schema describes. */
export type ScalarKind =
  | 'string'
  | 'int32'
  | 'int64'
  | 'double'
  | 'bool'
  | 'bytes'
  | 'quantity'
  | 'intOrString'
  | 'time'
  | 'microTime'
  | 'duration'
  | 'raw'
  | 'any';

/** `goType` is how Go's encoding/json names the type in its errors: "v1.RestartPolicy", "[]v1.Container", "int32". */
export interface ScalarSchema {
  readonly kind: ScalarKind;
  readonly goType: string;
  /** Values that the published OpenAPI lists; validation is the registry's. */
  readonly enum?: readonly string[];
}

export interface ListSchema {
  readonly kind: 'list';
  readonly goType: string;
  readonly items: Schema;
  /** True when the elements are pointers in Go, so that null stays null. */
  readonly itemsNullable: boolean;
}

export interface MapSchema {
  readonly kind: 'map';
  readonly goType: string;
  readonly values: Schema;
  readonly valuesNullable: boolean;
}

/** JSONSchemaProps or something shorter: a list of strings, of schemas, or a boolean. */
export interface UnionSchema {
  readonly kind: 'union';
  readonly goType: string;
  readonly object: Schema;
  readonly list?: Schema;
  readonly bool?: boolean;
}

export interface ObjectSchema {
  readonly kind: 'object';
  readonly goType: string;
  /** "PodSpec": how errors name the struct. */
  readonly struct: string;
  /** "io.k8s.api.core.v1.PodSpec" */
  readonly definition: string;
  /** In Go struct order, which is the order on the wire. */
  readonly fields: readonly Field[];
  readonly byName: ReadonlyMap<string, Field>;
  /** x-kubernetes-map-type of the struct wherever it is used. */
  readonly mapType: 'atomic' | 'granular' | undefined;
}

/** An object as its schema reads it. */
export interface Decoded {
  readonly object: JsonObject;
  /** Fields that the schema does not have, in the order of the document: `spec.foo`, `spec.containers[0].foo`. At most 100. */
  readonly unknown: readonly string[];
}

/** A kind whose schema came at run time, with a CustomResourceDefinition: it reads and completes its objects itself. */
export interface DynamicSchema {
  readonly kind: 'dynamic';
  /** Throws DecodeError. */
  decode(value: JsonObject): Decoded;
  /** The object with the defaults that the schema states. The input stays as it is. */
  withDefaults(object: JsonObject): JsonObject;
  readonly mergeType: MergeType;
}

/** How the objects of a kind are read. */
export type KindSchema = ObjectSchema | DynamicSchema;

export type Schema = ScalarSchema | ListSchema | MapSchema | UnionSchema | ObjectSchema;

/** What Go writes when a field has its zero value: nothing, or that value. */
export type Emit = 'omitempty' | 'omitzero' | 'always';

export interface Field {
  readonly name: string;
  /** The struct that has it: "PodSpec". */
  readonly struct: string;
  /** Its place in `fields`. */
  readonly index: number;
  readonly schema: Schema;
  /** Protobuf field number; "2.1" is field 1 of the message that field 2 embeds; "-" has none. */
  readonly number: string;
  readonly required: boolean;
  /** A pointer in Go: null and zero differ. */
  readonly pointer: boolean;
  readonly emit: Emit;
  /** Whether Go writes something for the zero value too: see zero.ts. */
  readonly alwaysWritten: boolean;
  readonly patchStrategy: readonly ('merge' | 'replace' | 'retainKeys')[];
  readonly patchMergeKey: string | undefined;
  readonly listType: 'atomic' | 'set' | 'map' | undefined;
  readonly listMapKeys: readonly string[];
  readonly mapType: 'atomic' | 'granular' | undefined;
  readonly default: JsonValue | undefined;
  /** What stands for the field where it is a key of a list and left out: the default that OpenAPI states, "" and 0 too. */
  readonly keyDefault: JsonValue | undefined;
  /** Structs that Go embeds and that the field comes from: errors name them. */
  readonly embedded: readonly string[];
}

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}
