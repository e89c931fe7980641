import { createHash } from 'node:crypto';
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import type { Documentation } from '../documentation.ts';
import type { Definition, Spec } from '../spec.ts';
import { type ApiOperation, groupVersionPath, operationsOf } from './api-operations.ts';
import { infoOperations } from './info-operations.ts';
import {
  type ApiParameter,
  type ParameterWords,
  byName,
  commonParameters,
  isSame,
  parametersOf,
} from './parameters.ts';
import { type OpenApiVersion, type SchemaWriter, createSchemaWriter, patchName } from './schemas.ts';

export interface Documents {
  readonly v2: JsonObject;
  /** By the name in the index: "api/v1", "apis/apps/v1", "version". */
  readonly v3: ReadonlyMap<string, JsonObject>;
}

interface Sources {
  readonly spec: Spec;
  readonly documentation: Documentation;
  readonly words: ParameterWords;
}

const info = { title: 'Kubernetes', version: '1.36' };
const bearer = {
  type: 'apiKey',
  description: 'Bearer Token authentication',
  name: 'authorization',
  in: 'header',
};
const deleteOptions = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';
const watchEvent = 'io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent';

const objectMedia = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const watchMedia = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];
const patchMedia = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];
const codeWords: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };

export function createDocuments(sources: Sources): Documents {
  const byDocument = new Map<string, ApiOperation[]>();
  for (const { document, operation } of infoOperations(sources.spec)) put(byDocument, document, operation);
  for (const resource of sources.spec.resources) {
    const document = groupVersionPath(resource.group, resource.version).slice(1);
    for (const operation of operationsOf(resource, sources.spec)) put(byDocument, document, operation);
  }
  const names = [...byDocument.keys()].sort();
  return {
    v2: documentV2([...byDocument.values()].flat(), sources),
    v3: new Map(names.map((name) => [name, documentV3(name, byDocument.get(name) ?? [], sources)])),
  };
}

function put(map: Map<string, ApiOperation[]>, key: string, operation: ApiOperation): void {
  const list = map.get(key) ?? [];
  list.push(operation);
  map.set(key, list);
}

function documentV2(operations: readonly ApiOperation[], sources: Sources): JsonObject {
  const groupVersions = groupVersionsOf(sources.spec);
  const writer = writerOf(2, sources, groupVersions);
  const shared = new Map<string, JsonObject>();
  const paths = pathsOf(operations, sources.words, {
    operation: (operation, parameters) => operationV2(operation, parameters, { writer, shared }),
    parameter: (parameter) => parameterV2(parameter, shared),
  });
  return {
    swagger: '2.0',
    info,
    paths,
    definitions: writer.definitions([...rootsOf(operations), watchEvent]),
    parameters: Object.fromEntries([...shared].sort(([a], [b]) => (a < b ? -1 : 1))),
    securityDefinitions: { BearerToken: bearer },
    security: [{ BearerToken: [] }],
  };
}

function documentV3(name: string, operations: readonly ApiOperation[], sources: Sources): JsonObject {
  const own = groupVersionsOf(sources.spec).filter(
    ([group, version]) => groupVersionPath(group, version) === `/${name}`,
  );
  const core: readonly [string, string] = ['', 'v1'];
  const writer = writerOf(3, sources, own.some(([group]) => group === '') ? own : [core, ...own]);
  const watches = operations.some(({ action }) => action === 'list') ? [watchEvent] : [];
  return {
    openapi: '3.0.0',
    info,
    paths: pathsOf(operations, sources.words, {
      operation: (operation, parameters) => operationV3(operation, parameters, writer),
      parameter: parameterV3,
    }),
    components: {
      schemas: writer.definitions([...rootsOf(operations), ...watches]),
      securitySchemes: { BearerToken: bearer },
    },
  };
}

function groupVersionsOf(spec: Spec): readonly (readonly [string, string])[] {
  const all = spec.resources.map(({ group, version }) => [group, version] as const);
  return [...new Map(all.map((pair) => [pair.join('/'), pair])).values()];
}

/** Kinds of every group version, like DeleteOptions, are listed for those that the document is about. */
function writerOf(
  version: OpenApiVersion,
  { spec, documentation }: Sources,
  groupVersions: readonly (readonly [string, string])[],
): SchemaWriter {
  function kindsOf(definition: Definition): readonly JsonObject[] {
    if (!definition.fields.has('apiVersion') && definition.name !== 'WatchEvent') return [];
    if (definition.name === 'OwnerReference' || definition.name === 'ObjectReference') return [];
    const { group, version: own } = spec.files[definition.file] ?? {};
    const kind = definition.name;
    if (group === undefined || own === undefined || !isKind(definition)) return [];
    if (group !== 'meta.k8s.io') return [{ group, kind, version: own }];
    const everywhere = ['DeleteOptions', 'WatchEvent'].includes(kind);
    return everywhere
      ? groupVersions.map(([each, eachVersion]) => ({ group: each, kind, version: eachVersion }))
      : [{ group: '', kind, version: 'v1' }];
  }
  return createSchemaWriter({ spec, documentation, version, kindsOf });
}

/** References carry a kind and a version too, but are none. */
function isKind(definition: Definition): boolean {
  if (definition.name === 'WatchEvent') return true;
  return definition.fields.get('kind')?.number === '-' && definition.fields.get('apiVersion')?.number === '-';
}

function rootsOf(operations: readonly ApiOperation[]): readonly string[] {
  const roots = operations.flatMap(({ answer, bodyDefinition, body }) => [
    ...(answer === undefined ? [] : [answer]),
    ...(bodyDefinition === undefined ? [] : [bodyDefinition]),
    ...(body === 'patch' ? [patchName] : body === 'deleteOptions' ? [deleteOptions] : []),
  ]);
  return [...new Set(roots)];
}

interface PathForms {
  operation(operation: ApiOperation, parameters: readonly ApiParameter[]): JsonObject;
  parameter(parameter: ApiParameter): JsonObject;
}

function pathsOf(operations: readonly ApiOperation[], words: ParameterWords, forms: PathForms): JsonObject {
  const byPath = new Map<string, ApiOperation[]>();
  for (const operation of operations) put(byPath, operation.path, operation);
  const paths: Record<string, JsonValue> = {};
  for (const path of [...byPath.keys()].sort()) {
    const here = byPath.get(path) ?? [];
    const lists = here.map((operation) => parametersOf(operation, words));
    const common = commonParameters(lists);
    const item: Record<string, JsonValue> = {};
    here.forEach((operation, index) => {
      const rest = lists[index]?.filter((each) => !common.some((other) => isSame(each, other))) ?? [];
      item[operation.method] = forms.operation(operation, rest);
    });
    if (common.length > 0) item['parameters'] = [...common].sort(byName).map((each) => forms.parameter(each));
    paths[path] = item;
  }
  return paths;
}

interface SharedV2 {
  readonly writer: SchemaWriter;
  readonly shared: Map<string, JsonObject>;
}

function operationV2(
  operation: ApiOperation,
  parameters: readonly ApiParameter[],
  { writer, shared }: SharedV2,
): JsonObject {
  const body = bodyV2(operation, writer, shared);
  const all = [...(body === undefined ? [] : [body]), ...parameters.map((each) => parameterV2(each, shared))];
  return {
    description: operation.description,
    consumes:
      operation.body === 'patch' ? patchMedia : operation.action === undefined ? objectMedia : ['*/*'],
    produces: mediaOf(operation),
    schemes: ['https'],
    tags: [operation.tag],
    operationId: operation.id,
    ...(all.length === 0 ? {} : { parameters: all }),
    responses: responsesOf(operation, (answer) => ({
      schema: answer === undefined ? { type: 'string' } : writer.ref(answer),
    })),
    ...kindFacts(operation),
  };
}

function bodyV2(
  operation: ApiOperation,
  writer: SchemaWriter,
  shared: Map<string, JsonObject>,
): JsonObject | undefined {
  const base = { name: 'body', in: 'body' };
  switch (operation.body) {
    case 'object':
      return { ...base, required: true, schema: writer.ref(operation.bodyDefinition ?? '') };
    case 'patch':
      return share(shared, 'body', { ...base, required: true, schema: writer.ref(patchName) });
    case 'deleteOptions':
      return share(shared, 'body', { ...base, schema: writer.ref(deleteOptions) });
    case undefined:
      return undefined;
  }
}

/** kubectl looks for dryRun and fieldValidation in the operation itself. */
const inline = ['dryRun', 'fieldValidation', 'name'];

function parameterV2(parameter: ApiParameter, shared: Map<string, JsonObject>): JsonObject {
  const whole: JsonObject = {
    uniqueItems: true,
    type: parameter.type,
    ...(parameter.description === '' ? {} : { description: parameter.description }),
    name: parameter.name,
    in: parameter.in,
    ...(parameter.in === 'path' ? { required: true } : {}),
  };
  return inline.includes(parameter.name) ? whole : share(shared, parameter.name, whole);
}

function share(shared: Map<string, JsonObject>, name: string, parameter: JsonObject): JsonObject {
  const hash = createHash('sha256').update(JSON.stringify(parameter)).digest('base64url').slice(0, 8);
  shared.set(`${name}-${hash}`, parameter);
  return { $ref: `#/parameters/${name}-${hash}` };
}

function operationV3(
  operation: ApiOperation,
  parameters: readonly ApiParameter[],
  writer: SchemaWriter,
): JsonObject {
  const body = bodyV3(operation, writer);
  return {
    tags: [operation.tag],
    description: operation.description,
    operationId: operation.id,
    ...(parameters.length === 0 ? {} : { parameters: parameters.map(parameterV3) }),
    ...(body === undefined ? {} : { requestBody: body }),
    responses: responsesOf(operation, (answer) => {
      const schema = answer === undefined ? { type: 'string' } : writer.ref(answer);
      return { content: contentOf(mediaOf(operation), schema) };
    }),
    ...kindFacts(operation),
  };
}

function bodyV3(operation: ApiOperation, writer: SchemaWriter): JsonObject | undefined {
  switch (operation.body) {
    case 'object':
      return { content: contentOf(['*/*'], writer.ref(operation.bodyDefinition ?? '')), required: true };
    case 'patch':
      return { content: contentOf(patchMedia, writer.ref(patchName)), required: true };
    case 'deleteOptions':
      return { content: contentOf(['*/*'], writer.ref(deleteOptions)) };
    case undefined:
      return undefined;
  }
}

function contentOf(media: readonly string[], schema: JsonObject): JsonObject {
  return Object.fromEntries([...media].sort().map((type) => [type, { schema }]));
}

function parameterV3({ name, in: place, description, type }: ApiParameter): JsonObject {
  return {
    name,
    in: place,
    ...(description === '' ? {} : { description }),
    ...(place === 'path' ? { required: true } : {}),
    schema: { type, uniqueItems: true },
  };
}

function mediaOf({ media, action }: ApiOperation): readonly string[] {
  switch (media) {
    case 'object':
      return objectMedia;
    case 'list':
      return [...objectMedia, ...watchMedia];
    case 'text':
      return action === undefined ? ['application/json'] : ['text/plain', ...objectMedia];
    case 'any':
      return ['*/*'];
  }
}

function responsesOf(operation: ApiOperation, form: (answer: string | undefined) => JsonObject): JsonObject {
  const good = operation.codes.map((code) => [
    String(code),
    { description: codeWords[code] ?? '', ...form(operation.answer) },
  ]);
  return Object.fromEntries([...good, ['401', { description: 'Unauthorized' }]]) as JsonObject;
}

function kindFacts({ action, kind }: ApiOperation): JsonObject {
  if (action === undefined || kind === undefined) return {};
  return { 'x-kubernetes-action': action, 'x-kubernetes-group-version-kind': { ...kind } };
}
