import { compile, type JSONSchema } from 'json-schema-to-typescript';
import { type TypeText, parseNamedText, parseTypeText } from '../machinery/definition.ts';
import { invariant } from '../machinery/invariant.ts';
import type { Documentation } from './documentation.ts';
import type { Definition, Spec } from './spec.ts';

const scalars: Readonly<Record<string, string>> = {
  string: 'string',
  bool: 'boolean',
  int32: 'number',
  int64: 'number',
  double: 'number',
  bytes: 'string',
  quantity: 'string',
  intOrString: 'string | number',
  time: 'string',
  microTime: 'string',
  duration: 'string',
  raw: 'unknown',
  fieldsV1: 'object',
  json: 'unknown',
  any: 'unknown',
  schemaOrArray: 'JSONSchemaProps | readonly JSONSchemaProps[]',
  schemaOrBool: 'JSONSchemaProps | boolean',
  schemaOrStrings: 'JSONSchemaProps | readonly string[]',
};

/** Types that openapi/machinery writes by hand, since it works with them. */
const handWritten: readonly string[] = ['meta.v1.ObjectMeta', 'meta.v1.OwnerReference'];

const header = `// Made by \`npm run generate\` from openapi/spec and the documentation of @kubernetes/client-node.
import type { ObjectMeta, OwnerReference } from '../machinery/object.ts';

export type { ObjectMeta, OwnerReference };

`;

/** The text of types.ts: one interface a definition. */
export async function typesText(
  spec: Spec,
  names: ReadonlyMap<string, string>,
  documentation: Documentation,
): Promise<string> {
  const schemas: Record<string, JSONSchema> = {};
  for (const [key, definition] of spec.definitions) {
    if (handWritten.includes(key)) continue;
    const name = names.get(key);
    invariant(name !== undefined, 'every definition has a name', { key });
    schemas[name] = schemaOf(definition, spec, names, documentation);
  }
  const text = await compile(
    { title: 'Unused', type: 'object', additionalProperties: false, definitions: sorted(schemas) },
    'Unused',
    { bannerComment: '', unreachableDefinitions: true, additionalProperties: false, format: false },
  );
  return header + withReadonly(withoutNotes(text));
}

function schemaOf(
  definition: Definition,
  spec: Spec,
  names: ReadonlyMap<string, string>,
  documentation: Documentation,
): JSONSchema {
  const properties: Record<string, JSONSchema> = {};
  const required: string[] = [];
  for (const [field, facts] of definition.fields) {
    const type = typeText(parseTypeText(facts.type, definition.file), spec, names);
    const description = documentation.ofField(definition, field);
    properties[field] = {
      tsType: type,
      ...(description === undefined ? {} : { description: safe(description) }),
    };
    if (facts.required) required.push(field);
  }
  const description = documentation.ofDefinition(definition);
  return {
    type: 'object',
    additionalProperties: false,
    properties,
    required,
    ...(description === undefined ? {} : { description: safe(description) }),
  };
}

/** A description must not end the comment that it stands in. */
function safe(description: string): string {
  return description.replaceAll('*/', '*\\/');
}

function typeText(type: TypeText, spec: Spec, names: ReadonlyMap<string, string>): string {
  switch (type.kind) {
    case 'pointer':
      return typeText(type.of, spec, names);
    case 'list':
      return `readonly ${grouped(typeText(type.of, spec, names))}[]`;
    case 'map':
      return `Readonly<Record<string, ${typeText(type.of, spec, names)}>>`;
    case 'builtin': {
      const text = scalars[type.name];
      invariant(text !== undefined, 'a builtin type of the spec has a TypeScript type', { name: type.name });
      return text;
    }
    case 'name': {
      const key = `${type.file}.${type.name}`;
      const name = names.get(key);
      if (name !== undefined) return name;
      const named = spec.files[type.file]?.named[type.name];
      invariant(named !== undefined, 'a type name of the spec is defined', { key });
      return typeText(parseTypeText(parseNamedText(named).type, type.file), spec, names);
    }
  }
}

function grouped(text: string): string {
  return text.includes(' ') ? `(${text})` : text;
}

/** The document itself has to be an object too; nobody needs its type, nor to hear about it at every definition. */
function withoutNotes(text: string): string {
  return text
    .replace(/export interface Unused \{\s*\}\n*/, '')
    .replaceAll(
      /(\/\*\*\n|( \* ?\n)?) \* This interface was referenced by[^\n]*\n \* via the `definition`[^\n]*\n( \*\/\n)?/g,
      notesLeft,
    );
}

/** A comment of only the note goes wholly; of another, only the note. */
function notesLeft(_all: string, before: string, _blank: string, end: string | undefined): string {
  return before.startsWith('/**') ? '' : (end ?? '');
}

/** The compiler has no option for it. Every property stands on a line of its own, two spaces in or not at all. */
function withReadonly(text: string): string {
  return text.replaceAll(
    /^(?!export |\}|\/\*| \*|\/\/)\s*("[^"]+"|[A-Za-z_$][\w$]*)(\??: )/gm,
    '  readonly $1$2',
  );
}

function sorted(schemas: Record<string, JSONSchema>): Record<string, JSONSchema> {
  return Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1)));
}
