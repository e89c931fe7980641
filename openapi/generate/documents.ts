import { gzipSync } from 'node:zlib';
import type { Documents } from './document/documents.ts';

/** The text of documents.ts: every OpenAPI document compressed, ready to be sent as it is. */
export function documentsText({ v2, v3 }: Documents): string {
  const entries = [...v3].map(([name, document]) => [name, packed(document)]);
  return [
    '// Made by `npm run generate`. OpenAPI documents as JSON, compressed with gzip, in base64.',
    '',
    `export const openApiV2 =\n  '${packed(v2)}';`,
    '',
    '/** By the name in the index of /openapi/v3: "api/v1", "apis/apps/v1". */',
    `export const openApiV3: Readonly<Record<string, string>> = ${JSON.stringify(Object.fromEntries(entries), undefined, 1)};`,
    '',
  ].join('\n');
}

function packed(document: object): string {
  const bytes = gzipSync(JSON.stringify(document), { level: 9 });
  bytes[9] = 255; // The operating system that compressed it is no matter of the document.
  return bytes.toString('base64');
}
