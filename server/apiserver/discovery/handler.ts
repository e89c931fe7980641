import type { ApiRequest, ApiResponse } from '../../../openapi/client/transport.ts';
import { StatusError } from '../../../openapi/machinery/status.ts';
import { pageNotFound, unknownResource, wrongMethod } from '../respond.ts';
import { type MediaRange, chooseType, covers, parseAccept } from './accept.ts';
import { type AggregatedVersion, apiGroupDiscoveryList } from './aggregated.ts';
import { documentResponse, entityTag, matchesEntityTag, notAcceptable } from './document.ts';
import { type GroupVersions, groupVersions } from './group-order.ts';
import { apiGroup, apiGroupList, apiResourceList, apiVersions } from './legacy.ts';
import { type OpenApiDocuments, openApiResponse } from './openapi.ts';
import type { DiscoverySource } from './served-resource.ts';

export interface DiscoveryOptions {
  readonly source: DiscoverySource;
  readonly openapi: OpenApiDocuments;
  /** "host:port" that clients may reach the server at. */
  readonly serverAddress: string;
  readonly version: object;
  /** Paths that others serve, for the list at `/`. */
  readonly otherPaths: readonly string[];
}

const json = 'application/json';
const yaml = 'application/yaml';
const protobuf = 'application/vnd.kubernetes.protobuf';

/**
 * Answers /, /api, /apis, /apis/GROUP, /api/v1, /apis/GROUP/VERSION, /openapi/… and /version; undefined for any other path.
 * Throws StatusError for what it refuses.
 */
export function createDiscovery(
  options: DiscoveryOptions,
): (request: ApiRequest) => Promise<ApiResponse | undefined> {
  return async (request) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    const trimmed = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
    if (trimmed.startsWith('/openapi/v')) return await openApiResponse(options.openapi, request, trimmed);
    const parts = trimmed.split('/').slice(1);
    if (trimmed === '/' || trimmed === '/index.html') {
      return documentResponse(request, json, rootPaths(options));
    }
    if (parts[0] === 'version' && parts.length === 1) return versionResponse(options, request);
    if (parts[0] === 'api') return coreResponse(options, request, parts);
    if (parts[0] === 'apis') return groupResponse(options, request, parts);
    return undefined;
  };
}

function coreResponse(
  options: DiscoveryOptions,
  request: ApiRequest,
  parts: readonly string[],
): ApiResponse | undefined {
  if (parts.length > 2) return undefined;
  if (parts.length === 1) {
    refuseWrongMethod(request);
    const aggregated = aggregatedResponse(options, request, (group) => group === '');
    if (aggregated !== undefined) return aggregated;
    return documentResponse(request, legacyType(request), apiVersions(options.serverAddress));
  }
  return resourceListResponse(options, request, '', parts[1] ?? '');
}

function groupResponse(
  options: DiscoveryOptions,
  request: ApiRequest,
  parts: readonly string[],
): ApiResponse | undefined {
  const [, name = '', version] = parts;
  if (parts.length === 1) {
    const aggregated = aggregatedResponse(options, request, (group) => group !== '');
    if (aggregated !== undefined) return aggregated;
    return documentResponse(request, legacyType(request), apiGroupList(namedGroups(options)));
  }
  const group = namedGroups(options).find((each) => each.name === name);
  if (group === undefined) return pageNotFound();
  if (parts.length === 2) return documentResponse(request, legacyType(request), apiGroup(group));
  if (parts.length === 3) return resourceListResponse(options, request, name, version ?? '');
  return undefined;
}

function resourceListResponse(
  options: DiscoveryOptions,
  request: ApiRequest,
  group: string,
  version: string,
): ApiResponse {
  const own = options.source.resources().filter((each) => each.group === group);
  const found = groupVersions(own)
    .flatMap((each) => each.versions)
    .find((each) => each.version === version);
  if (found === undefined) {
    if (own.every(({ isCustom }) => isCustom === true)) return pageNotFound();
    throw unknownResource();
  }
  refuseWrongMethod(request);
  return documentResponse(request, legacyType(request), apiResourceList(group, version, found.resources));
}

/** Undefined when the client would rather have the legacy form. */
function aggregatedResponse(
  options: DiscoveryOptions,
  request: ApiRequest,
  wanted: (group: string) => boolean,
): ApiResponse | undefined {
  const version = aggregatedVersion(parseAccept(request.headers['accept']));
  if (version === undefined) return undefined;
  const groups = groupVersions(options.source.resources()).filter(({ name }) => wanted(name));
  const type = `${json};g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
  const document = documentResponse(request, type, apiGroupDiscoveryList(version, groups, options.source));
  const tag = entityTag(document.body as Uint8Array);
  const headers = { 'content-type': type, etag: tag, vary: 'Accept', 'cache-control': 'public' };
  if (matchesEntityTag(request, tag)) return { status: 304, headers, body: new Uint8Array() };
  return { ...document, headers };
}

/** By the first clause that we can answer; a plain type means the legacy form. */
function aggregatedVersion(ranges: readonly MediaRange[]): AggregatedVersion | undefined {
  for (const range of ranges) {
    if (![json, yaml, protobuf].some((type) => covers(range.type, type))) continue;
    const { as, g, v } = range.parameters;
    if (as === undefined) return undefined;
    const ours = as === 'APIGroupDiscoveryList' && g === 'apidiscovery.k8s.io' && covers(range.type, json);
    if (ours && (v === 'v2' || v === 'v2beta1')) return v;
  }
  return undefined;
}

/** Transforms that do not exist here (`as=Table`) are skipped, as is protobuf: nobody asks for discovery in it alone. */
function legacyType(request: ApiRequest): string {
  const ranges = parseAccept(request.headers['accept']);
  const plain = ranges.filter(({ parameters }) => parameters['as'] === undefined);
  const type = chooseType(plain, [json, yaml]);
  if (type !== undefined) return type;
  const known = ranges.some((range) => [json, yaml, protobuf].some((each) => covers(range.type, each)));
  if (!known) throw notAcceptable([json, yaml, protobuf]);
  throw new StatusError(
    'NotAcceptable',
    `only the following media types are accepted: ${[json, yaml, protobuf].join(', ')}`,
  );
}

function versionResponse(options: DiscoveryOptions, request: ApiRequest): ApiResponse {
  refuseWrongMethod(request);
  const type = chooseType(parseAccept(request.headers['accept']), [json]);
  if (type === undefined) throw notAcceptable([json]);
  return documentResponse(request, json, options.version);
}

function refuseWrongMethod(request: ApiRequest): void {
  if (request.method !== 'GET') throw wrongMethod();
}

function namedGroups(options: DiscoveryOptions): readonly GroupVersions[] {
  return groupVersions(options.source.resources()).filter(({ name }) => name !== '');
}

function rootPaths(options: DiscoveryOptions): object {
  const groups = groupVersions(options.source.resources()).flatMap(({ name, versions }) =>
    name === ''
      ? ['/api/v1']
      : [`/apis/${name}`, ...versions.map(({ version }) => `/apis/${name}/${version}`)],
  );
  const own = ['/api', '/apis', '/apis/', '/openapi/v2', '/openapi/v3', '/openapi/v3/', '/version'];
  return { paths: [...new Set([...own, ...groups, ...options.otherPaths])].sort() };
}
