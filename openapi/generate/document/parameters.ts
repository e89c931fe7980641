import { readFileSync } from 'node:fs';
import type { ApiOperation } from './api-operations.ts';

/** A parameter of an operation, in the form that both OpenAPI versions are written from. */
export interface ApiParameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly type: 'string' | 'integer' | 'boolean';
  readonly description: string;
}

const integers = [
  'gracePeriodSeconds',
  'limit',
  'limitBytes',
  'ports',
  'sinceSeconds',
  'tailLines',
  'timeoutSeconds',
];
const booleans = [
  'allowWatchBookmarks',
  'follow',
  'force',
  'ignoreStoreReadErrorWithClusterBreakingPotential',
  'insecureSkipTLSVerifyBackend',
  'orphanDependents',
  'previous',
  'sendInitialEvents',
  'stderr',
  'stdin',
  'stdout',
  'timestamps',
  'tty',
  'watch',
];

/** Words for the parameters of every operation, from the client package's request interfaces. */
export interface ParameterWords {
  of(operationId: string, parameter: string): string | undefined;
}

/** `export interface CoreV1ApiListNamespacedPodRequest { /** words … *\/ name?: type; … }` */
export function loadParameterWords(file: URL): ParameterWords {
  const text = readFileSync(file, 'utf8');
  const interfaces = new Map<string, ReadonlyMap<string, string>>();
  for (const [, name = '', body = ''] of text.matchAll(/export interface (\w+)Request \{([^}]*)\}/g)) {
    interfaces.set(name.toLowerCase(), wordsOf(body));
  }
  return { of: (id, parameter) => interfaces.get(interfaceName(id))?.get(parameter) };
}

function wordsOf(body: string): ReadonlyMap<string, string> {
  const words = new Map<string, string>();
  for (const [, comment = '', name = ''] of body.matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\/\s*(\w+)\??:/g)) {
    const lines = comment.split('\n').map((line) => line.replace(/^\s*\* ?/, ''));
    const end = lines.findIndex((line) => line.startsWith('Defaults to: '));
    words.set(name.replace(/^_/, ''), lines.slice(0, end).join('\n').trim());
  }
  return words;
}

/** listCoreV1NamespacedPod is asked of CoreV1Api as listNamespacedPod. */
function interfaceName(id: string): string {
  const match = /^([a-z]+)([A-Z]\w*?V\d+(?:(?:alpha|beta)\d+)?)(\w*)$/.exec(id);
  const [, verb = '', groupVersion = '', rest = ''] = match ?? [];
  return `${groupVersion}Api${verb}${rest}`.toLowerCase();
}

const ownWords: Readonly<Record<string, string>> = {
  path: 'The part of the URL to be used for the request.',
  pretty: "If 'true', the output is pretty printed.",
  dryRun: 'When present, nothing is persisted. Valid value: All.',
  fieldManager: 'A name for the actor that makes these changes.',
  fieldValidation: 'What to do about unknown and duplicate fields: Ignore, Warn (the default) or Strict.',
};

/** Path parameters first, then those of the query in alphabetical order. */
export function parametersOf(operation: ApiOperation, words: ParameterWords): readonly ApiParameter[] {
  const inPath = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) =>
    pathParameter(name, operation),
  );
  const names = [...new Set(operation.query)].sort();
  const inQuery = names.map((name): ApiParameter => {
    const description =
      words.of(operation.id, name) ?? (Object.hasOwn(ownWords, name) ? ownWords[name] : undefined) ?? '';
    return { name, in: 'query', type: typeOf(name), description };
  });
  return [...inPath, ...inQuery];
}

function pathParameter(name: string, { nameOf }: ApiOperation): ApiParameter {
  const descriptions: Readonly<Record<string, string>> = {
    name: `name of the ${nameOf}`,
    namespace: 'object name and auth scope, such as for teams and projects',
    path: 'path to the resource',
  };
  return { name, in: 'path', type: 'string', description: descriptions[name] ?? '' };
}

function typeOf(name: string): ApiParameter['type'] {
  if (integers.includes(name)) return 'integer';
  return booleans.includes(name) ? 'boolean' : 'string';
}

/** Parameters that every operation of a path has stand with the path. */
export function commonParameters(lists: readonly (readonly ApiParameter[])[]): readonly ApiParameter[] {
  const [first = [], ...others] = lists;
  return first.filter((parameter) => others.every((list) => list.some((each) => isSame(each, parameter))));
}

export function isSame(a: ApiParameter, b: ApiParameter): boolean {
  return a.name === b.name && a.in === b.in && a.description === b.description;
}

export function byName(a: ApiParameter, b: ApiParameter): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
