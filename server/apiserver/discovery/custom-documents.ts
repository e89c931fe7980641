import {
  isJsonObject,
  type JsonArray,
  type JsonObject,
  type JsonValue,
} from '../../../openapi/machinery/json.ts';
import type { Registered, Registry } from '../../registry/strategy.ts';
import { customSchemas, definitionName, type OpenApiVersion } from './custom-schema.ts';
import type { OpenApiDocuments } from './openapi.ts';

/**
 * The documents with what CustomResourceDefinitions serve. The operations of a custom resource are those of Deployments under other
 * names, since they have all that one can have.
 */
export function withCustomResources(
  base: OpenApiDocuments,
  registry: Pick<Registry, 'all'>,
): OpenApiDocuments {
  const fresh = new Fresh(registry);
  return {
    async v2() {
      const custom = fresh.resources();
      const document = await base.v2();
      return custom.length === 0 ? document : fresh.keep('v2', () => documentV2(document, custom));
    },
    async v3Paths() {
      const own = fresh.resources().map(pathOf);
      return [...new Set([...(await base.v3Paths()), ...own])].sort();
    },
    async v3(path) {
      const custom = fresh.resources().filter((each) => pathOf(each) === path);
      const document = await base.v3(path);
      if (custom.length === 0) return document;
      const templates = await templatesV3(base);
      return fresh.keep(path, () => documentV3(document, templates, custom));
    },
  };
}

function pathOf({ resource }: Registered): string {
  return `apis/${resource.group}/${resource.version}`;
}

/** Documents that were made are kept until the registry changes. */
class Fresh {
  readonly #registry: Pick<Registry, 'all'>;
  readonly #made = new Map<string, Uint8Array>();
  #from: readonly Registered[] | undefined;
  #custom: readonly Registered[] = [];

  constructor(registry: Pick<Registry, 'all'>) {
    this.#registry = registry;
  }

  resources(): readonly Registered[] {
    if (this.#from !== this.#registry.all) {
      this.#from = this.#registry.all;
      this.#custom = this.#from.filter(({ custom }) => custom !== undefined);
      this.#made.clear();
    }
    return this.#custom;
  }

  keep(name: string, make: () => Uint8Array): Uint8Array {
    let document = this.#made.get(name);
    if (document === undefined) this.#made.set(name, (document = make()));
    return document;
  }
}

/** Their names wherever they stand; `id` as in operation ids. */
const deployments = {
  base: '/apis/apps/v1',
  plural: 'deployments',
  kind: 'Deployment',
  definition: 'io.k8s.api.apps.v1.Deployment',
  id: 'AppsV1',
  tag: 'apps_v1',
  group: 'apps',
} as const;

type Templates = Readonly<Record<'paths' | 'schemas', JsonObject>>;

async function templatesV3(base: OpenApiDocuments): Promise<Templates> {
  const document = parse((await base.v3('apis/apps/v1')) ?? Buffer.from('{}'));
  const schemas = objectAt(objectAt(document, 'components'), 'schemas');
  return { paths: objectAt(document, 'paths'), schemas };
}

function documentV3(
  known: Uint8Array | undefined,
  templates: Templates,
  custom: readonly Registered[],
): Uint8Array {
  const document = known === undefined ? undefined : parse(known);
  const paths = { ...objectAt(document ?? {}, 'paths') };
  const components = objectAt(document ?? {}, 'components');
  const schemas: Record<string, JsonValue | undefined> = { ...objectAt(components, 'schemas') };
  for (const each of custom) {
    Object.assign(paths, pathsOf(each, templates.paths));
    Object.assign(schemas, schemasOf(each, 3, templates.schemas));
  }
  addReferenced([paths, schemas], templates.schemas, schemas);
  const base = document ?? {
    openapi: '3.0.0',
    info: { title: 'Kubernetes CRD Swagger', version: 'v0.1.0' },
  };
  return bytesOf({ ...base, paths: sorted(paths), components: { ...components, schemas: sorted(schemas) } });
}

function documentV2(known: Uint8Array, custom: readonly Registered[]): Uint8Array {
  const document = parse(known);
  const paths = { ...objectAt(document, 'paths') };
  const definitions = { ...objectAt(document, 'definitions') };
  for (const each of custom) {
    Object.assign(paths, pathsOf(each, objectAt(document, 'paths')));
    Object.assign(definitions, schemasOf(each, 2, definitions));
  }
  return bytesOf({ ...document, paths: sorted(paths), definitions: sorted(definitions) });
}

function schemasOf(registered: Registered, version: OpenApiVersion, known: JsonObject): JsonObject {
  const name = definitionName(registered.resource);
  const types = {
    object: typesOf(known, deployments.definition),
    list: typesOf(known, `${deployments.definition}List`),
  };
  const [object, list] = customSchemas(registered, version, types);
  return { [name]: object, [`${name}List`]: list };
}

function typesOf(known: JsonObject, name: string): JsonObject {
  const properties = objectAt(objectAt(known, name), 'properties');
  const { default: _default, ...metadata } = objectAt(properties, 'metadata');
  return { apiVersion: properties['apiVersion'], kind: properties['kind'], metadata };
}

/** The paths of a resource, made from those of the template. */
function pathsOf(registered: Registered, templates: JsonObject): JsonObject {
  const { resource, subresources } = registered;
  const from = `${deployments.base}/namespaces/{namespace}/${deployments.plural}`;
  const scope = resource.namespaced ? '/namespaces/{namespace}' : '';
  const to = `/apis/${resource.group}/${resource.version}${scope}/${resource.plural}`;
  const suffixes = ['', '/{name}', ...subresources.map(({ name }) => `/{name}/${name}`)];
  const renamed = renaming(registered);
  const paths: Record<string, JsonValue> = {};
  for (const suffix of suffixes) paths[to + suffix] = renamed(templates[from + suffix] ?? {});
  if (!resource.namespaced) return paths;
  const everywhere = `/apis/${resource.group}/${resource.version}/${resource.plural}`;
  paths[everywhere] = renamed(templates[`${deployments.base}/${deployments.plural}`] ?? {});
  return paths;
}

const unserved = /protobuf|strategic-merge-patch/;

/** Changes names wherever they stand, and leaves out what custom resources do not have. */
function renaming({ resource }: Registered): (value: JsonValue) => JsonValue {
  const { group, version, kind, namespaced } = resource;
  const id = group.split('.').map(capitalized).join('');
  const names: readonly (readonly [string, string])[] = [
    [deployments.definition, definitionName(resource)],
    [deployments.id, `${id}${capitalized(version)}`],
    [deployments.tag, `${id.slice(0, 1).toLowerCase()}${id.slice(1)}_${version}`],
    [deployments.kind, kind],
    ...(namespaced ? [] : [['Namespaced', ''] as const]),
  ];
  function rename(value: JsonValue): JsonValue {
    if (typeof value === 'string')
      return names.reduce((text, [from, to]) => text.replaceAll(from, to), value);
    if (Array.isArray(value)) return (value as JsonArray).filter(isKept).map(rename);
    if (!isJsonObject(value)) return value;
    if (value['group'] === deployments.group && value['kind'] === deployments.kind)
      return { group, version, kind };
    const entries = Object.entries(value).filter(([key]) => !unserved.test(key));
    return Object.fromEntries(entries.map(([key, each]) => [key, rename(each ?? null)]));
  }
  function isKept(value: JsonValue): boolean {
    if (typeof value === 'string') return !unserved.test(value);
    return namespaced || !isJsonObject(value) || value['name'] !== 'namespace' || value['in'] !== 'path';
  }
  return rename;
}

function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** Adds the schemas that `roots` refer to, and those that these refer to. */
function addReferenced(
  roots: readonly JsonValue[],
  from: JsonObject,
  to: Record<string, JsonValue | undefined>,
): void {
  const waiting: JsonValue[] = [...roots];
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    const ref = isJsonObject(value) ? value['$ref'] : undefined;
    const name = typeof ref === 'string' ? ref.slice(ref.lastIndexOf('/') + 1) : '';
    if (name !== '' && to[name] === undefined && from[name] !== undefined) {
      to[name] = from[name];
      waiting.push(from[name]);
    }
    for (const each of Object.values(value) as (JsonValue | undefined)[]) {
      if (each !== undefined) waiting.push(each);
    }
  }
}

function parse(bytes: Uint8Array): JsonObject {
  const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
  return isJsonObject(value) ? value : {};
}

function objectAt(object: JsonObject, field: string): JsonObject {
  const value = object[field];
  return isJsonObject(value) ? value : {};
}

function sorted(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function bytesOf(document: JsonObject): Uint8Array {
  return Buffer.from(JSON.stringify(document));
}
