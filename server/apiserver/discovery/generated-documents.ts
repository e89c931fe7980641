import { gunzipSync } from 'node:zlib';
import { openApiV2, openApiV3 } from '../../../openapi/generated/documents.ts';
import type { OpenApiDocuments } from './openapi.ts';

/** The documents of the built-in kinds, which `npm run generate` made: uncompressed when first asked for, then kept. */
export function generatedDocuments(): OpenApiDocuments {
  const documents = new Map<string, Uint8Array>();
  function read(name: string, text: string): Uint8Array {
    const known = documents.get(name);
    if (known !== undefined) return known;
    const bytes = gunzipSync(Buffer.from(text, 'base64'));
    documents.set(name, bytes);
    return bytes;
  }
  return {
    v2: () => Promise.resolve(read('', openApiV2)),
    v3Paths: () => Promise.resolve(Object.keys(openApiV3)),
    v3(path) {
      const text = Object.hasOwn(openApiV3, path) ? openApiV3[path] : undefined;
      return Promise.resolve(text === undefined ? undefined : read(path, text));
    },
  };
}
