import {
  type DefinitionFiles,
  type TypeText,
  parseFieldText,
  parseNamedText,
  parseTypeText,
} from './definition.ts';
import { invariant } from './invariant.ts';
import type { JsonValue } from './json.ts';
import { isAlwaysWritten } from './zero.ts';
import type { Field, GroupVersionKind, ListSchema, ObjectSchema, ScalarKind, Schema } from './schema.ts';

/** Schemas by kind and by definition name. Each is built when first asked for, and then shared. */
export interface Schemas {
  /** The schema of a kind that is known to exist: of a resource, or DeleteOptions, Scale, Status …, in any group version. */
  schemaFor(gvk: GroupVersionKind): ObjectSchema;
  /** The same, undefined for an unknown kind. */
  findSchema(gvk: GroupVersionKind): ObjectSchema | undefined;
  /** By OpenAPI name: "io.k8s.api.core.v1.PodSpec". */
  schemaOfDefinition(name: string): ObjectSchema;
}

export function createSchemas(files: DefinitionFiles): Schemas {
  const builder = new SchemaBuilder(files);
  const fileOfGroupVersion = new Map<string, string>();
  const fileOfPrefix = new Map<string, string>();
  for (const [name, { group, version, prefix }] of Object.entries(files)) {
    if (group !== undefined && version !== undefined) fileOfGroupVersion.set(`${group}/${version}`, name);
    if (prefix !== undefined) fileOfPrefix.set(prefix, name);
  }

  function findSchema({ group, version, kind }: GroupVersionKind): ObjectSchema | undefined {
    const own = fileOfGroupVersion.get(`${group}/${version}`);
    const file = [own, everywhere].find((each) => each !== undefined && isKind(files, each, kind));
    return file === undefined ? undefined : builder.object(file, kind);
  }

  return {
    findSchema,
    schemaFor(gvk) {
      const schema = findSchema(gvk);
      invariant(schema !== undefined, 'a kind that is asked for has a schema', { ...gvk });
      return schema;
    },
    schemaOfDefinition(name) {
      const dot = name.lastIndexOf('.');
      const file = fileOfPrefix.get(name.slice(0, dot));
      invariant(file !== undefined, 'a definition that is asked for exists', { name });
      return builder.object(file, name.slice(dot + 1));
    },
  };
}

/** Of types that keys of list elements have. */
const zeros: Partial<Record<Schema['kind'], JsonValue>> = { string: '', bool: false, int32: 0, int64: 0 };

/** Kinds of apimachinery that belong to every group version. */
const everywhere = 'meta.v1';

function isKind(files: DefinitionFiles, file: string, kind: string): boolean {
  const definitions = files[file]?.definitions ?? {};
  return Object.hasOwn(definitions, kind) && definitions[kind]?.['apiVersion'] !== undefined;
}

type Building = { -readonly [K in keyof ObjectSchema]: ObjectSchema[K] };

const builtins: Readonly<Record<string, readonly [ScalarKind, string]>> = {
  string: ['string', 'string'],
  bool: ['bool', 'bool'],
  int32: ['int32', 'int32'],
  int64: ['int64', 'int64'],
  double: ['double', 'float64'],
  bytes: ['bytes', '[]uint8'],
  quantity: ['quantity', 'resource.Quantity'],
  intOrString: ['intOrString', 'intstr.IntOrString'],
  time: ['time', 'v1.Time'],
  microTime: ['microTime', 'v1.MicroTime'],
  duration: ['duration', 'v1.Duration'],
  raw: ['raw', 'runtime.RawExtension'],
  fieldsV1: ['raw', 'v1.FieldsV1'],
  json: ['raw', 'v1.JSON'],
  any: ['any', 'interface {}'],
};

class SchemaBuilder {
  readonly #files: DefinitionFiles;
  readonly #built = new Map<string, Building>();

  constructor(files: DefinitionFiles) {
    this.#files = files;
  }

  object(file: string, name: string): ObjectSchema {
    const key = `${file}.${name}`;
    const known = this.#built.get(key);
    if (known !== undefined) return known;
    const texts = this.#files[file]?.definitions[name];
    invariant(texts !== undefined, 'a definition that is asked for exists', { key });
    const { '(self)': self, '(union)': _union, ...fields } = texts;
    const schema: Building = {
      kind: 'object',
      goType: goName(file, name),
      struct: name,
      definition: `${this.#files[file]?.prefix ?? ''}.${name}`,
      fields: [],
      byName: new Map(),
      mapType: self === undefined ? undefined : (self.replace('map=', '') as 'atomic' | 'granular'),
    };
    this.#built.set(key, schema); // Before its fields, since a definition may hold itself.
    schema.fields = Object.entries(fields).map(([field, text], index) => ({
      struct: name,
      index,
      ...this.#field(file, field, text),
    }));
    schema.byName = new Map(schema.fields.map((field) => [field.name, field]));
    return schema;
  }

  #field(file: string, name: string, text: string): Omit<Field, 'struct' | 'index'> {
    const { type: typeText, default: stated, embedded, ...facts } = parseFieldText(text);
    const type = parseTypeText(typeText, file);
    const pointer = type.kind === 'pointer';
    const isZero = stated === '' || stated === 0 || stated === false;
    const schema = this.#schema(type);
    return {
      name,
      schema,
      pointer,
      alwaysWritten: isAlwaysWritten({ schema, pointer, emit: facts.emit }),
      default: isZero && !pointer ? undefined : stated, // What Go cannot tell from a missing value is no default.
      keyDefault: stated ?? (pointer || facts.emit !== 'always' ? undefined : zeros[schema.kind]),
      embedded: isTypeMeta(name, facts.number) ? ['TypeMeta'] : embedded,
      ...facts,
    };
  }

  #schema(type: TypeText): Schema {
    switch (type.kind) {
      case 'pointer':
        return this.#schema(type.of);
      case 'list':
        return listOf(this.#schema(type.of), type.of.kind === 'pointer');
      case 'map': {
        const values = this.#schema(type.of);
        const goType = `map[string]${values.goType}`;
        return { kind: 'map', goType, values, valuesNullable: type.of.kind === 'pointer' };
      }
      case 'builtin':
        return this.#builtin(type.name);
      case 'name':
        return this.#named(type.file, type.name);
    }
  }

  #named(file: string, name: string): Schema {
    const text = this.#files[file]?.named[name];
    if (text === undefined) return this.object(file, name);
    const { type, values } = parseNamedText(text);
    const schema = { ...this.#schema(parseTypeText(type, file)), goType: goName(file, name) };
    return values === undefined ? schema : ({ ...schema, enum: values } as Schema);
  }

  #builtin(name: string): Schema {
    if (name.startsWith('schemaOr')) return this.#schemaUnion(name);
    const scalar = builtins[name];
    invariant(scalar !== undefined, 'a builtin type of the spec is known', { name });
    return { kind: scalar[0], goType: scalar[1] };
  }

  #schemaUnion(name: string): Schema {
    const object = this.object('apiextensions.v1', 'JSONSchemaProps');
    const goType = `v1.JSONSchemaPropsOr${name.slice('schemaOr'.length)}`;
    if (name === 'schemaOrBool') return { kind: 'union', goType, object, bool: true };
    const items = name === 'schemaOrArray' ? object : this.#builtin('string');
    return { kind: 'union', goType, object, list: listOf(items, false) };
  }
}

function listOf(items: Schema, itemsNullable: boolean): ListSchema {
  return { kind: 'list', goType: `[]${items.goType}`, items, itemsNullable };
}

/** "v1.Pod", "types.UID" */
function goName(file: string, name: string): string {
  return `${file === 'types' ? file : (file.split('.')[1] ?? '')}.${name}`;
}

/** kind and apiVersion come from a struct that every kind embeds, and that errors name. */
function isTypeMeta(name: string, number: string): boolean {
  return number === '-' && (name === 'kind' || name === 'apiVersion');
}
