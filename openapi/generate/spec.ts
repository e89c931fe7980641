import { readFileSync, readdirSync } from 'node:fs';
import { type DefinitionFile, type FieldText, parseFieldText } from '../machinery/definition.ts';
import { invariant } from '../machinery/invariant.ts';

/** One resource that the server serves, as openapi/spec/resources.json has it. */
export interface ServedResource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: readonly ServedSubresource[];
  /** Whether DELETE answers the object instead of a Status. */
  readonly deleteAnswersObject: boolean;
  /** Where its definitions stand: "core.v1". */
  readonly file: string;
}

export interface ServedSubresource {
  readonly name: string;
  readonly verbs: readonly string[];
  /** What it answers with; the group and version are the resource's own unless it says otherwise. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface Definition {
  /** "core.v1" */
  readonly file: string;
  readonly name: string;
  /** "io.k8s.api.core.v1.Pod" */
  readonly fullName: string;
  readonly mapType: string | undefined;
  readonly union:
    | { readonly discriminator: string | undefined; readonly fields: Readonly<Record<string, string>> }
    | undefined;
  readonly fields: ReadonlyMap<string, FieldText>;
}

export interface Spec {
  readonly files: Readonly<Record<string, DefinitionFile>>;
  /** By "core.v1.Pod", in order of file and name; each kind that lists has its List. */
  readonly definitions: ReadonlyMap<string, Definition>;
  /** In the order of discovery. */
  readonly resources: readonly ServedResource[];
  /** Our own words for what the client package does not describe: by "core.v1.Pod" or "core.v1.Pod.spec". */
  readonly documentation: Readonly<Record<string, string>>;
}

interface GroupText {
  readonly group: string;
  readonly version: string;
  readonly definitions: string;
  /** `KIND PLURAL namespaced|cluster [verbs=…] [short=…] [categories=…] [deleted=object]` */
  readonly resources: readonly string[];
  /** `PLURAL/NAME VERBS KIND [GROUP/VERSION]` */
  readonly subresources: readonly string[];
}

const allVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

export function loadSpec(folder: URL): Spec {
  const groups = readJson(new URL('resources.json', folder)) as readonly GroupText[];
  const resources = groups.flatMap((group) => group.resources.map((text) => readResource(group, text)));
  const files: Record<string, DefinitionFile> = {};
  const definitionFolder = new URL('definitions/', folder);
  for (const entry of readdirSync(definitionFolder).sort()) {
    files[entry.replace(/\.json$/, '')] = readJson(new URL(entry, definitionFolder)) as DefinitionFile;
  }
  for (const [name, file] of Object.entries(files)) files[name] = withLists(name, file, resources);
  return {
    files,
    definitions: readDefinitions(files),
    resources,
    documentation: readJson(new URL('documentation.json', folder)) as Record<string, string>,
  };
}

function readJson(file: URL): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function readResource(group: GroupText, text: string): ServedResource {
  const [kind = '', plural = '', scope = '', ...words] = text.split(' ');
  const facts = Object.fromEntries(words.map((word) => word.split('=') as [string, string]));
  return {
    group: group.group,
    version: group.version,
    kind,
    plural,
    singular: kind.toLowerCase(),
    namespaced: scope === 'namespaced',
    verbs: facts['verbs']?.split(',') ?? allVerbs,
    shortNames: facts['short']?.split(',') ?? [],
    categories: facts['categories']?.split(',') ?? [],
    subresources: group.subresources
      .filter((line) => line.startsWith(`${plural}/`))
      .map((line) => readSubresource(group, line)),
    deleteAnswersObject: facts['deleted'] === 'object',
    file: group.definitions,
  };
}

function readSubresource(group: GroupText, text: string): ServedSubresource {
  const [path = '', verbs = '', kind = '', other] = text.split(' ');
  const [otherGroup = '', otherVersion = other] = other?.includes('/') === true ? other.split('/') : [];
  return {
    name: path.slice(path.indexOf('/') + 1),
    verbs: verbs.split(','),
    kind,
    group: other === undefined ? group.group : otherGroup,
    version: otherVersion ?? group.version,
  };
}

/** Every list of the API has the same four fields, so the spec does not repeat them. */
function withLists(name: string, file: DefinitionFile, resources: readonly ServedResource[]): DefinitionFile {
  const definitions: Record<string, Readonly<Record<string, string>>> = { ...file.definitions };
  for (const { kind, verbs, file: home } of resources) {
    if (home !== name || !verbs.includes('list')) continue;
    definitions[`${kind}List`] = {
      kind: '- string',
      apiVersion: '- string',
      metadata: '1 meta.v1.ListMeta',
      items: `2 []${kind} required always`,
    };
  }
  return { ...file, definitions };
}

function readDefinitions(files: Readonly<Record<string, DefinitionFile>>): Map<string, Definition> {
  const found = new Map<string, Definition>();
  for (const [file, { prefix, definitions }] of Object.entries(files)) {
    for (const name of Object.keys(definitions).sort()) {
      invariant(prefix !== undefined, 'a file with definitions has a prefix', { file });
      const texts = definitions[name] ?? {};
      found.set(`${file}.${name}`, readDefinition(file, name, `${prefix}.${name}`, texts));
    }
  }
  return found;
}

function readDefinition(
  file: string,
  name: string,
  fullName: string,
  texts: Readonly<Record<string, string>>,
): Definition {
  const { '(self)': self, '(union)': union, ...fields } = texts;
  const [discriminator, ...pairs] = union?.split(' ') ?? [];
  return {
    file,
    name,
    fullName,
    mapType: self?.replace('map=', ''),
    union:
      union === undefined
        ? undefined
        : {
            discriminator: discriminator === '-' ? undefined : discriminator,
            fields: Object.fromEntries(pairs.map((pair) => pair.split(':') as [string, string])),
          },
    fields: new Map(Object.entries(fields).map(([key, text]) => [key, parseFieldText(text)])),
  };
}
