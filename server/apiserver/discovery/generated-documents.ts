import { gunzipSync } from 'node:zlib';
import type { OpenApiDocuments } from './openapi.ts';

/** The generated OpenAPI documents. They are loaded and unpacked when somebody asks for them: a server may never need them. */
export function generatedDocuments(): OpenApiDocuments {
  const unpacked = new Map<string, Uint8Array>();
  function unpack(name: string, packed: string): Uint8Array {
    let bytes = unpacked.get(name);
    if (bytes === undefined) unpacked.set(name, (bytes = gunzipSync(Buffer.from(packed, 'base64'))));
    return bytes;
  }
  const load = async () => import('../../../openapi/generated/documents.ts');
  return {
    v2: async () => unpack('v2', (await load()).openApiV2),
    v3Paths: async () => Object.keys((await load()).openApiV3),
    async v3(path) {
      const { openApiV3 } = await load();
      const packed = Object.hasOwn(openApiV3, path) ? openApiV3[path] : undefined;
      return packed === undefined ? undefined : unpack(path, packed);
    },
  };
}
