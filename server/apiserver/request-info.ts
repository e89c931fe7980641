/** What a request is about, read from its path and method: the same for authorization and for routing. */
export interface RequestInfo {
  /** False: only `path` and the method in `verb` count. */
  readonly isResource: boolean;
  readonly path: string;
  readonly query: URLSearchParams;
  /** get, list, watch, create, update, patch, delete, deletecollection; else the method in lower case. */
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** The path came as …/watch/…: a watch whatever the query says. */
  readonly watchPath: boolean;
  /** What stands behind the subresource, raw, its slash included. */
  readonly rest: string;
}

const verbs: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};
const namespaceSubresources = new Set(['status', 'finalize']);

const noQuery = new URLSearchParams();

/** Undefined for a path that has no safe reading: escapes that are none, NUL, `..`. */
export function parseRequest(method: string, url: string): RequestInfo | undefined {
  const mark = url.indexOf('?');
  const rawPath = mark < 0 ? url : url.slice(0, mark);
  const query = mark < 0 ? noQuery : new URLSearchParams(url.slice(mark + 1));
  const raw = rawPath.split('/').slice(1);
  const parts = raw.map(decodedPart);
  if (!rawPath.startsWith('/') || !raw.every((_part, index) => isSafe(parts[index]))) return undefined;
  const safe = parts as string[];
  const common = { path: rawPath.includes('%') ? `/${safe.join('/')}` : rawPath, query };
  const api = resourceParts(safe);
  if (api === undefined) return { ...notResource(method), ...common };
  const info = resourceInfo(method, query, api, raw);
  // An escaped slash would make a key of the store out of what is checked as one name.
  if (info.namespace.includes('/') || info.name.includes('/')) return undefined;
  return { ...info, ...common };
}

function decodedPart(part: string): string | undefined {
  if (!part.includes('%')) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

function isSafe(part: string | undefined): boolean {
  return part !== undefined && part !== '..' && part !== '.' && !part.includes('\0');
}

function notResource(method: string): Omit<RequestInfo, 'path' | 'query'> {
  return {
    isResource: false,
    verb: method.toLowerCase(),
    group: '',
    version: '',
    resource: '',
    subresource: '',
    namespace: '',
    name: '',
    watchPath: false,
    rest: '',
  };
}

interface ApiPath {
  readonly group: string;
  readonly version: string;
  /** Index of the first part behind the version. */
  readonly from: number;
  readonly parts: readonly string[];
}

function resourceParts(parts: readonly string[]): ApiPath | undefined {
  const [root, second = '', third = ''] = parts;
  if (root === 'api' && parts.length > 2) return { group: '', version: second, from: 2, parts };
  if (root === 'apis' && parts.length > 3) return { group: second, version: third, from: 3, parts };
  return undefined;
}

function resourceInfo(
  method: string,
  query: URLSearchParams,
  { group, version, from, parts }: ApiPath,
  raw: readonly string[],
): Omit<RequestInfo, 'path' | 'query'> {
  const watchPath = parts[from] === 'watch' && parts.length > from + 1;
  const begin = watchPath ? from + 1 : from;
  const { namespace, at } = namespaceOf(parts, begin);
  const [resource = '', name = '', subresource = ''] = parts.slice(at);
  const rest = raw.length > at + 3 ? `/${raw.slice(at + 3).join('/')}` : '';
  const verb = watchPath ? 'watch' : (verbs[method] ?? method.toLowerCase());
  const collection = name === '' ? collectionVerb(verb, query) : { verb, name };
  return {
    isResource: true,
    group,
    version,
    resource,
    subresource,
    namespace,
    watchPath,
    rest,
    ...collection,
  };
}

/** …/namespaces/NS/pods is of pods; …/namespaces/NS and …/namespaces/NS/status are of the namespace itself, within itself. */
function namespaceOf(parts: readonly string[], from: number): { namespace: string; at: number } {
  if (parts[from] !== 'namespaces') return { namespace: '', at: from };
  const namespace = parts[from + 1] ?? '';
  const third = parts[from + 2];
  const isOwn = third === undefined || (namespaceSubresources.has(third) && parts.length === from + 3);
  return { namespace, at: isOwn ? from : from + 2 };
}

/** A collection is listed or watched; with a field selector for one name, authorization asks for that name. */
function collectionVerb(verb: string, query: URLSearchParams): { verb: string; name: string } {
  if (verb === 'delete') return { verb: 'deletecollection', name: '' };
  if (verb !== 'get' && verb !== 'watch') return { verb, name: '' };
  const watch = query.get('watch');
  const isWatch = watch !== null && watch !== '0' && watch.toLowerCase() !== 'false';
  return { verb: verb === 'watch' || isWatch ? 'watch' : 'list', name: '' };
}

/** The one name that a field selector asks for: `metadata.name=x`. */
export function selectedName(query: URLSearchParams): string {
  const selector = query.get('fieldSelector') ?? '';
  const term = selector.split(',').find((each) => /^metadata\.name==?[^=]/.test(each));
  const name = term?.slice(term.indexOf('=') + (term.includes('==') ? 2 : 1)) ?? '';
  return /[/%]/.test(name) ? '' : name;
}
