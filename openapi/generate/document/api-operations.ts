import type { Definition, ServedResource, ServedSubresource, Spec } from '../spec.ts';

export type Method = 'get' | 'put' | 'post' | 'delete' | 'options' | 'head' | 'patch';

/** One operation, in the form that both OpenAPI versions are written from. */
export interface ApiOperation {
  readonly path: string;
  readonly method: Method;
  readonly id: string;
  readonly description: string;
  readonly tag: string;
  /** x-kubernetes-action; undefined for what is no resource. */
  readonly action: string | undefined;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string } | undefined;
  /** Names of query parameters. */
  readonly query: readonly string[];
  readonly body: 'object' | 'patch' | 'deleteOptions' | undefined;
  /** Full name of what is sent; and of what comes back, undefined for text. */
  readonly bodyDefinition: string | undefined;
  readonly answer: string | undefined;
  readonly codes: readonly number[];
  readonly media: 'object' | 'list' | 'text' | 'any';
  /** The kind that path parameter `name` is said to be the name of. */
  readonly nameOf: string;
}

const statusName = 'io.k8s.apimachinery.pkg.apis.meta.v1.Status';

const write = ['dryRun', 'fieldManager', 'fieldValidation'];
const deletion = [
  'dryRun',
  'gracePeriodSeconds',
  'ignoreStoreReadErrorWithClusterBreakingPotential',
  'orphanDependents',
  'propagationPolicy',
];
const selection = [
  'continue',
  'fieldSelector',
  'labelSelector',
  'limit',
  'resourceVersion',
  'resourceVersionMatch',
  'sendInitialEvents',
  'timeoutSeconds',
];
const listing = ['allowWatchBookmarks', ...selection, 'watch'];
const log = [
  'container',
  'follow',
  'insecureSkipTLSVerifyBackend',
  'limitBytes',
  'pretty',
  'previous',
  'sinceSeconds',
  'stream',
  'tailLines',
  'timestamps',
];

type Draft = Omit<ApiOperation, 'tag' | 'kind' | 'nameOf'>;

/** The operations of one resource and its subresources. */
export function operationsOf(resource: ServedResource, spec: Spec): readonly ApiOperation[] {
  const definition = spec.definitions.get(`${resource.file}.${resource.kind}`);
  const own: Context = {
    resource,
    fullName: definition?.fullName ?? '',
    id: `${groupId(resource.group)}${capitalized(resource.version)}`,
    scope: resource.namespaced ? 'Namespaced' : '',
  };
  const drafts = [...collectionOperations(own), ...objectOperations(own)];
  const operations = drafts.map((draft) => complete(draft, own, resource));
  const others = resource.subresources.flatMap((each) => subresourceOperations(own, each, spec));
  return [...operations, ...others];
}

interface Context {
  readonly resource: ServedResource;
  readonly fullName: string;
  /** "CoreV1" */
  readonly id: string;
  readonly scope: '' | 'Namespaced';
}

function complete(
  draft: Draft,
  { resource }: Context,
  kind: { readonly group: string; readonly version: string; readonly kind: string },
): ApiOperation {
  return {
    ...draft,
    query: [
      ...draft.query,
      ...(draft.action === 'connect' || draft.query.includes('pretty') ? [] : ['pretty']),
    ],
    tag: tagOf(resource.group, resource.version),
    kind: { group: kind.group, version: kind.version, kind: kind.kind },
    nameOf: kind.kind,
  };
}

export function tagOf(group: string, version: string | undefined): string {
  const id = groupId(group);
  return `${id.charAt(0).toLowerCase()}${id.slice(1)}${version === undefined ? '' : `_${version}`}`;
}

/** "rbac.authorization.k8s.io" is RbacAuthorization. */
export function groupId(group: string): string {
  if (group === '') return 'Core';
  return group
    .replace(/\.k8s\.io$/, '')
    .split('.')
    .map(capitalized)
    .join('');
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function groupVersionPath(group: string, version: string): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

function collectionPath({ resource }: Context): string {
  const base = groupVersionPath(resource.group, resource.version);
  return `${base}${resource.namespaced ? '/namespaces/{namespace}' : ''}/${resource.plural}`;
}

const base = { body: undefined, bodyDefinition: undefined, codes: [200], media: 'object' } as const;

function collectionOperations(context: Context): readonly Draft[] {
  const { resource, fullName, id, scope } = context;
  const { kind, verbs } = resource;
  const path = collectionPath(context);
  const drafts: Draft[] = [];
  const list = {
    ...base,
    method: 'get',
    action: 'list',
    query: listing,
    answer: `${fullName}List`,
    media: 'list',
  } as const;
  const description = `list ${verbs.includes('watch') ? 'or watch ' : ''}objects of kind ${kind}`;
  if (verbs.includes('list')) {
    drafts.push({ ...list, path, id: `list${id}${scope}${kind}`, description });
    if (resource.namespaced) {
      const all = `${groupVersionPath(resource.group, resource.version)}/${resource.plural}`;
      drafts.push({ ...list, path: all, id: `list${id}${kind}ForAllNamespaces`, description });
    }
  }
  if (verbs.includes('create')) {
    const ids = { id: `create${id}${scope}${kind}`, description: `create ${one(kind)}` };
    const body = {
      body: 'object',
      bodyDefinition: fullName,
      answer: fullName,
      codes: [200, 201, 202],
    } as const;
    drafts.push({ ...base, ...body, ...ids, path, method: 'post', action: 'post', query: write });
  }
  if (verbs.includes('deletecollection')) {
    const ids = { id: `delete${id}Collection${scope}${kind}`, description: `delete collection of ${kind}` };
    const query = [...new Set([...selection, ...deletion])].sort();
    const rest = { body: 'deleteOptions', answer: statusName, query } as const;
    drafts.push({ ...base, ...rest, ...ids, path, method: 'delete', action: 'deletecollection' });
  }
  return drafts;
}

function one(kind: string): string {
  if (kind === 'Endpoints') return kind;
  return `${/^[AEIO]/.test(kind) ? 'an' : 'a'} ${kind}`;
}

function objectOperations(context: Context): readonly Draft[] {
  const { resource, fullName, id, scope } = context;
  const { kind, verbs } = resource;
  const path = `${collectionPath(context)}/{name}`;
  const drafts = readWriteOperations({
    path,
    verbs,
    definition: fullName,
    suffix: `${id}${scope}${kind}`,
    what: `the specified ${kind}`,
  });
  if (!verbs.includes('delete')) return drafts;
  const answer = resource.deleteAnswersObject ? fullName : statusName;
  const rest = { body: 'deleteOptions', query: deletion, answer, codes: [200, 202] } as const;
  const ids = { id: `delete${id}${scope}${kind}`, description: `delete ${one(kind)}` };
  return [...drafts, { ...base, ...rest, ...ids, path, method: 'delete', action: 'delete' }];
}

interface ReadWrite {
  readonly path: string;
  readonly verbs: readonly string[];
  readonly definition: string;
  readonly suffix: string;
  readonly what: string;
}

function readWriteOperations({ path, verbs, definition, suffix, what }: ReadWrite): Draft[] {
  const drafts: Draft[] = [];
  const common = { ...base, path, answer: definition } as const;
  if (verbs.includes('get')) {
    const ids = { id: `read${suffix}`, description: `read ${what}` };
    drafts.push({ ...common, ...ids, method: 'get', action: 'get', query: [] });
  }
  if (verbs.includes('update')) {
    const ids = { id: `replace${suffix}`, description: `replace ${what}` };
    const rest = { body: 'object', bodyDefinition: definition, codes: [200, 201], query: write } as const;
    drafts.push({ ...common, ...rest, ...ids, method: 'put', action: 'put' });
  }
  if (verbs.includes('patch')) {
    const ids = { id: `patch${suffix}`, description: `partially update ${what}` };
    const rest = { body: 'patch', codes: [200, 201], query: [...write, 'force'] } as const;
    drafts.push({ ...common, ...rest, ...ids, method: 'patch', action: 'patch' });
  }
  return drafts;
}

function subresourceOperations(own: Context, sub: ServedSubresource, spec: Spec): readonly ApiOperation[] {
  const { resource, id, scope } = own;
  const path = `${collectionPath(own)}/{name}/${sub.name}`;
  const suffix = `${id}${scope}${resource.kind}${subresourceId(sub.name)}`;
  if (sub.name === 'log') {
    const ids = { id: `read${suffix}`, description: `read log of the specified ${resource.kind}` };
    const draft = {
      ...base,
      ...ids,
      path,
      method: 'get',
      action: 'get',
      query: log,
      answer: undefined,
      media: 'text',
    } as const;
    return [complete(draft, own, sub)];
  }
  if (sub.kind.endsWith('Options')) return connectOperations(own, sub, spec);
  const definition = fullNameOf(sub, spec);
  const what = `${sub.name} of the specified ${resource.kind}`;
  const drafts = readWriteOperations({ path, verbs: sub.verbs, definition, suffix, what });
  if (sub.verbs.includes('create')) {
    const description = `create ${sub.name} of ${one(resource.kind)}`;
    const rest = {
      body: 'object',
      bodyDefinition: definition,
      answer: definition,
      codes: [200, 201, 202],
    } as const;
    drafts.push({
      ...base,
      ...rest,
      path,
      id: `create${suffix}`,
      description,
      method: 'post',
      action: 'post',
      query: write,
    });
  }
  return drafts.map((draft) => complete(draft, own, sub));
}

function subresourceId(name: string): string {
  return name === 'ephemeralcontainers' ? 'Ephemeralcontainers' : capitalized(name);
}

function fullNameOf(sub: ServedSubresource, spec: Spec): string {
  for (const [file, { group, version }] of Object.entries(spec.files)) {
    if (group !== sub.group || version !== sub.version) continue;
    const definition: Definition | undefined = spec.definitions.get(`${file}.${sub.kind}`);
    if (definition !== undefined) return definition.fullName;
  }
  return '';
}

const proxyMethods: readonly Method[] = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'];

/** exec, attach, port-forward and proxies: what becomes of the connection is no matter of OpenAPI. */
function connectOperations(own: Context, sub: ServedSubresource, spec: Spec): readonly ApiOperation[] {
  const { resource, id, scope } = own;
  const proxy = sub.name === 'proxy';
  const path = `${collectionPath(own)}/{name}/${sub.name}`;
  const options = spec.definitions.get(`${resource.file}.${sub.kind}`);
  const query = [...(options?.fields.keys() ?? [])]
    .filter((name) => name !== 'kind' && name !== 'apiVersion')
    .sort();
  const paths = proxy ? [path, `${path}/{path}`] : [path];
  return paths.flatMap((each) =>
    (proxy ? proxyMethods : (['get', 'post'] as const)).map((method) => {
      const ending = each === path ? '' : 'WithPath';
      return complete(
        {
          ...base,
          path: each,
          method,
          id: `connect${id}${capitalized(method)}${scope}${resource.kind}${capitalized(sub.name)}${ending}`,
          description: `connect ${method.toUpperCase()} requests to ${sub.name} of ${resource.kind}`,
          action: 'connect',
          query,
          answer: undefined,
          media: 'any',
        },
        own,
        sub,
      );
    }),
  );
}
