import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import type { ApiRequest, ApiResponse } from '../../../openapi/client/transport.ts';
import { StatusError } from '../../../openapi/machinery/status.ts';

/** The document as the answer's body: indented when asked for (`pretty`), for people with curl. */
export function documentResponse(request: ApiRequest, type: string, document: object): ApiResponse {
  const text =
    type === 'application/yaml'
      ? stringify(document, { sortMapEntries: true, aliasDuplicateObjects: false })
      : jsonText(document, wantsPretty(request));
  return {
    status: 200,
    headers: { 'content-type': type, 'cache-control': 'no-cache, private' },
    body: Buffer.from(text),
  };
}

/** Quoted, as ETag wants it: SHA-512 in capitals, as kube-apiserver's. */
export function entityTag(bytes: Uint8Array): string {
  return `"${contentHash(bytes)}"`;
}

export function contentHash(bytes: Uint8Array): string {
  return createHash('sha512').update(bytes).digest('hex').toUpperCase();
}

/** Whether If-None-Match names `tag`: the client has this version already. */
export function matchesEntityTag(request: ApiRequest, tag: string): boolean {
  const header = request.headers['if-none-match'];
  const text = typeof header === 'string' ? header : (header ?? []).join(',');
  return text.split(',').some((each) => each.trim() === tag || each.trim() === '*');
}

/** The refusal of a path that looks at media types itself. */
export function notAcceptable(types: readonly string[]): StatusError {
  return new StatusError(
    'NotAcceptable',
    `406: Not Acceptable\n\nAvailable representations: ${types.join(', ')}`,
    { details: {} },
  );
}

function jsonText(document: object, pretty: boolean): string {
  return pretty ? JSON.stringify(document, undefined, 2) : JSON.stringify(document);
}

function wantsPretty(request: ApiRequest): boolean {
  const pretty = new URL(request.url, 'http://localhost').searchParams.get('pretty');
  if (pretty !== null) return pretty === 'true' || pretty === '1' || pretty === '';
  const agent = request.headers['user-agent'];
  return typeof agent === 'string' && /^(?:curl|Wget|Mozilla\/5\.0)/.test(agent);
}
