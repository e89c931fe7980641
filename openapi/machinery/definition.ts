import { invariant } from './invariant.ts';
import type { JsonValue } from './json.ts';
import type { Emit } from './schema.ts';

/**
 * One Go package of API types in the form of openapi/spec/definitions: a field is a line of words.
 * `"ports": "6 []ContainerPort patch=merge:containerPort list=map:containerPort,protocol"`
 * are the protobuf number, the Go type (a name of the same file, or `core.v1.Name` of another), then facts:
 * `required`, `always` (no omitempty), `omitzero`, `patch=STRATEGY[:KEY]`, `list=TYPE[:KEYS]`, `map=TYPE`, `default=JSON`,
 * `in=STRUCT` (the structs that Go embeds and that the field comes from; "2.1" is field 1 of the message that field 2 embeds).
 */
export interface DefinitionFile {
  /** Its kinds' group and version; a file without them has no kinds. */
  readonly group?: string;
  readonly version?: string;
  readonly package: string;
  /** What stands before a name in OpenAPI: "io.k8s.api.core.v1". */
  readonly prefix?: string;
  /** Named types that are not structs: "string Always|Never" with the values that OpenAPI lists, "map[ResourceName]quantity". */
  readonly named: Readonly<Record<string, string>>;
  /** `(self)` holds facts of the struct, `(union)` its discriminator. */
  readonly definitions: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Files by their short name: "core.v1". */
export type DefinitionFiles = Readonly<Record<string, DefinitionFile>>;

export interface FieldText {
  readonly number: string;
  readonly type: string;
  readonly required: boolean;
  readonly emit: Emit;
  readonly patchStrategy: readonly ('merge' | 'replace' | 'retainKeys')[];
  readonly patchMergeKey: string | undefined;
  readonly listType: 'atomic' | 'set' | 'map' | undefined;
  readonly listMapKeys: readonly string[];
  readonly mapType: 'atomic' | 'granular' | undefined;
  readonly default: JsonValue | undefined;
  readonly embedded: readonly string[];
}

type Facts = { -readonly [K in keyof FieldText]: FieldText[K] };

const flags: Readonly<Record<string, (facts: Facts, value: string) => void>> = {
  required(facts) {
    facts.required = true;
  },
  always(facts) {
    facts.emit = 'always';
  },
  omitzero(facts) {
    facts.emit = 'omitzero';
  },
  patch(facts, value) {
    const [strategies = '', key] = value.split(':');
    facts.patchStrategy = strategies.split(',') as FieldText['patchStrategy'];
    facts.patchMergeKey = key;
  },
  list(facts, value) {
    const [type, keys] = value.split(':');
    facts.listType = type as FieldText['listType'];
    facts.listMapKeys = keys === undefined ? [] : keys.split(',');
  },
  map(facts, value) {
    facts.mapType = value as FieldText['mapType'];
  },
  in(facts, value) {
    facts.embedded = value.split(',');
  },
  default(facts, value) {
    facts.default = JSON.parse(value) as JsonValue;
  },
};

export function parseFieldText(text: string): FieldText {
  const [number = '-', type = '', ...words] = text.split(' ');
  const facts: Facts = {
    number,
    type,
    required: false,
    emit: 'omitempty',
    patchStrategy: [],
    patchMergeKey: undefined,
    listType: undefined,
    listMapKeys: [],
    mapType: undefined,
    default: undefined,
    embedded: [],
  };
  for (const word of words) {
    const equals = word.indexOf('=');
    const name = equals < 0 ? word : word.slice(0, equals);
    const apply = flags[name];
    invariant(apply !== undefined, 'a field of the spec has only known facts', { text, name });
    apply(facts, equals < 0 ? '' : word.slice(equals + 1));
  }
  return facts;
}

/** A named type: what it stands for, and the values that OpenAPI lists. Values may have spaces. */
export function parseNamedText(text: string): {
  readonly type: string;
  readonly values: readonly string[] | undefined;
} {
  const space = text.indexOf(' ');
  if (space < 0) return { type: text, values: undefined };
  return { type: text.slice(0, space), values: text.slice(space + 1).split('|') };
}

/** The Go type of a field, read from its text. */
export type TypeText =
  | { readonly kind: 'pointer' | 'list' | 'map'; readonly of: TypeText }
  | { readonly kind: 'builtin'; readonly name: string }
  | { readonly kind: 'name'; readonly file: string; readonly name: string };

export function parseTypeText(text: string, file: string): TypeText {
  if (text.startsWith('*')) return { kind: 'pointer', of: parseTypeText(text.slice(1), file) };
  if (text.startsWith('[]')) return { kind: 'list', of: parseTypeText(text.slice(2), file) };
  if (text.startsWith('map[')) {
    return { kind: 'map', of: parseTypeText(text.slice(text.indexOf(']') + 1), file) };
  }
  const dot = text.lastIndexOf('.');
  if (dot >= 0) return { kind: 'name', file: text.slice(0, dot), name: text.slice(dot + 1) };
  if (/^[A-Z]/.test(text)) return { kind: 'name', file, name: text };
  return { kind: 'builtin', name: text };
}
