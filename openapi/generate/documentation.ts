import { existsSync, readFileSync } from 'node:fs';
import type { Definition, Spec } from './spec.ts';

/** Descriptions of definitions and their fields. */
export interface Documentation {
  ofDefinition(definition: Definition): string | undefined;
  ofField(definition: Definition, field: string): string | undefined;
}

interface ModelText {
  readonly own: string | undefined;
  readonly fields: ReadonlyMap<string, string>;
}

const common: Readonly<Record<string, string>> = {
  kind: 'The kind of this object, in CamelCase. Taken from the endpoint when left out; never changes.',
  apiVersion: 'The group and version of the form that this object is written in.',
  metadata: "Standard object's metadata: name, namespace, labels, annotations and what the server keeps.",
  items: 'The elements of the list.',
  spec: 'What is wanted.',
  status: 'What was last observed. Read-only for users; populated by the system.',
};

/** Reads the client package's models (`folder` holds V1Pod.d.ts and the like); the spec's own words come first. */
export function loadDocumentation(spec: Spec, folder: URL): Documentation {
  const models = new Map<Definition, ModelText | undefined>();
  function modelOf(definition: Definition): ModelText | undefined {
    if (!models.has(definition)) models.set(definition, readModel(definition, folder));
    return models.get(definition);
  }
  return {
    ofDefinition(definition) {
      return (
        spec.documentation[`${definition.file}.${definition.name}`] ??
        modelOf(definition)?.own ??
        listDescription(definition)
      );
    },
    ofField(definition, field) {
      return (
        spec.documentation[`${definition.file}.${definition.name}.${field}`] ??
        modelOf(definition)?.fields.get(field) ??
        (Object.hasOwn(common, field) ? common[field] : undefined)
      );
    },
  };
}

function listDescription(definition: Definition): string | undefined {
  return definition.name.endsWith('List') ? `A list of ${definition.name.slice(0, -4)}.` : undefined;
}

/** The package names a model V1Pod, and CoreV1Event where two groups share the name. */
function readModel(definition: Definition, folder: URL): ModelText | undefined {
  const [group = '', version = ''] = definition.file.split('.');
  const versionName = capitalized(version);
  const names = [`${capitalized(group)}${versionName}${definition.name}`, `${versionName}${definition.name}`];
  const file = names.map((name) => new URL(`${name}.d.ts`, folder)).find((url) => existsSync(url));
  return file === undefined ? undefined : parseModel(readFileSync(file, 'utf8'));
}

const ownComment = /\/\*\*((?:(?!\*\/)[^])*)\*\/\s*export declare class/;
const fieldComment = /\/\*\*((?:(?!\*\/)[^])*)\*\/\s*'([^']+)'\??:/g;

function parseModel(text: string): ModelText {
  const own = ownComment.exec(text)?.[1];
  const fields = new Map<string, string>();
  const body = text.slice(text.indexOf('export declare class'));
  for (const [, comment = '', quoted = ''] of body.matchAll(fieldComment)) {
    const name = propertyName(quoted);
    const words = cleaned(comment);
    if (words !== '') fields.set(name, words);
  }
  return { own: own === undefined ? undefined : cleaned(own), fields };
}

/** The package spells what is no identifier, or a reserved word, with underscores: `_default`, `x_kubernetes_list_type`, `$ref` as `$ref`. */
function propertyName(name: string): string {
  if (name.startsWith('x_kubernetes_')) return name.replaceAll('_', '-');
  return name.replace(/^_/, '');
}

function cleaned(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .replaceAll(/\\(["'])/g, '$1')
    .trim();
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
