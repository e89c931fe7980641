import { gzipSync } from 'node:zlib';
import type { ApiRequest, ApiResponse } from '../../../openapi/client/transport.ts';
import { chooseType, parseAccept } from './accept.ts';
import { openApiV2Protobuf } from './gnostic.ts';
import { textAnswer } from '../respond.ts';
import { contentHash, matchesEntityTag } from './document.ts';

/** Where the OpenAPI documents come from. They are large and seldom asked for, so nothing is read before it is needed. */
export interface OpenApiDocuments {
  /** The Swagger 2.0 document of everything served, as JSON text. The same bytes as long as nothing changes. */
  v2(): Promise<Uint8Array>;
  /** "api/v1", "apis/apps/v1" … in the order of the index. */
  v3Paths(): Promise<readonly string[]>;
  /** The OpenAPI 3 document of one group version; undefined when it is not served. */
  v3(path: string): Promise<Uint8Array | undefined>;
}

const json = 'application/json';
const v2Protobuf = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
const hundredYears = 'Fri, 01 Jan 2100 00:00:00 GMT';

/** Hash and compressed form of a document, kept as long as the document's bytes are. */
interface Prepared {
  readonly hash: string;
  readonly gzip: Uint8Array;
  protobuf?: Uint8Array;
}
const prepared = new WeakMap<Uint8Array, Prepared>();

export async function openApiResponse(
  documents: OpenApiDocuments,
  request: ApiRequest,
  path: string,
): Promise<ApiResponse | undefined> {
  if (path === '/openapi/v2') return await v2Response(documents, request);
  if (path === '/openapi/v3') return await v3Index(documents);
  if (path.startsWith('/openapi/v3/')) return await v3Response(documents, request, path.slice(12));
  return undefined;
}

async function v2Response(documents: OpenApiDocuments, request: ApiRequest): Promise<ApiResponse> {
  const type = chooseType(parseAccept(request.headers['accept']), [json, v2Protobuf, v2ProtobufSafe]);
  const vary = ['Accept-Encoding', 'Accept'];
  if (type === undefined) return { status: 406, headers: { vary }, body: new Uint8Array() };
  const document = await documents.v2();
  const facts = prepare(document);
  const common = { etag: `"${facts.hash}"`, vary, 'cache-control': 'no-cache, private' };
  if (matchesEntityTag(request, common.etag)) return { status: 304, headers: common, body: new Uint8Array() };
  if (type === json) return encoded(request, document, { ...common, 'content-type': json });
  facts.protobuf ??= openApiV2Protobuf(document);
  return encoded(request, facts.protobuf, { ...common, 'content-type': v2ProtobufSafe });
}

/** `@` is not allowed in a media type, so answers carry a dot in its place. */
const v2ProtobufSafe = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

async function v3Index(documents: OpenApiDocuments): Promise<ApiResponse> {
  const entries: [string, object][] = [];
  for (const path of await documents.v3Paths()) {
    const document = await documents.v3(path);
    if (document !== undefined) entries.push([path, { serverRelativeURL: hashedUrl(path, document) }]);
  }
  const response = textAnswer(200, JSON.stringify({ paths: Object.fromEntries(entries) }));
  return { ...response, headers: { 'content-type': 'text/plain; charset=utf-8' } };
}

async function v3Response(
  documents: OpenApiDocuments,
  request: ApiRequest,
  path: string,
): Promise<ApiResponse> {
  const document = await documents.v3(path);
  if (document === undefined) return { status: 404, headers: {}, body: new Uint8Array() };
  if (chooseType(parseAccept(request.headers['accept']), [json]) === undefined) {
    return { status: 406, headers: { vary: 'Accept' }, body: new Uint8Array() };
  }
  const { hash } = prepare(document);
  const headers = { 'content-type': json, etag: `"${hash}"`, vary: 'Accept' };
  const asked = new URL(request.url, 'http://localhost').searchParams.get('hash') ?? '';
  if (asked !== '' && asked !== hash) {
    return {
      status: 301,
      headers: { ...headers, location: hashedUrl(path, document) },
      body: new Uint8Array(),
    };
  }
  const caching = asked === '' ? {} : { 'cache-control': 'public, immutable', expires: hundredYears };
  if (matchesEntityTag(request, headers.etag)) {
    return { status: 304, headers: { ...headers, ...caching }, body: new Uint8Array() };
  }
  return encoded(request, document, { ...headers, ...caching });
}

function hashedUrl(path: string, document: Uint8Array): string {
  return `/openapi/v3/${path}?hash=${prepare(document).hash}`;
}

function encoded(
  request: ApiRequest,
  bytes: Uint8Array,
  headers: Readonly<Record<string, string | readonly string[]>>,
): ApiResponse {
  const accepted = request.headers['accept-encoding'];
  const gzip =
    typeof accepted === 'string' && /(?:^|[\s,])gzip(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(accepted);
  if (!gzip) return { status: 200, headers, body: bytes };
  return { status: 200, headers: { ...headers, 'content-encoding': 'gzip' }, body: prepare(bytes).gzip };
}

function prepare(bytes: Uint8Array): Prepared {
  const known = prepared.get(bytes);
  if (known !== undefined) return known;
  let gzip: Uint8Array | undefined;
  const made: Prepared = {
    hash: contentHash(bytes),
    get gzip() {
      return (gzip ??= gzipSync(bytes, { level: 1 }));
    },
  };
  prepared.set(bytes, made);
  return made;
}
