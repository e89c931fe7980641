import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { apiVersionOf } from '../../../openapi/machinery/resource.ts';
import type { Answer as StoredAnswer } from '../../registry/generic/path.ts';
import type { Listed } from '../../registry/generic/list.ts';
import { bytesOf, headerText as typeHeader, objectOf } from '../../registry/stored.ts';
import type { OutputType } from '../codec/negotiate.ts';
import {
  checkTransform,
  transformList,
  transformObject,
  type ListMeta,
  type TransformRequest,
} from '../codec/transform.ts';
import type { Answer, Body, Sink } from '../exchange.ts';
import type { Call } from './context.ts';

/** One object, in the form that was asked for. */
export function objectAnswer(call: Call, output: OutputType, status: number, stored: StoredAnswer): Answer {
  const { codec, transform, pretty } = output;
  const json =
    transform === undefined
      ? stored.bytes
      : jsonBytes(transformObject(transformRequest(call, { ...output, transform }), stored.object()));
  return { status, headers: { 'content-type': codec.mediaType }, body: codec.encode(json, pretty) };
}

/** Any other object, such as a Status or the answer of a review. */
export function plainAnswer(output: OutputType, status: number, object: object): Answer {
  const { codec, pretty } = output;
  return {
    status,
    headers: { 'content-type': codec.mediaType },
    body: codec.encode(jsonBytes(object), pretty),
  };
}

export function transformRequest(
  { environment, registered, info }: Call,
  { transform }: { readonly transform: TransformRequest['transform'] },
): TransformRequest {
  const includeObject = info.query.get('includeObject') ?? '';
  checkTransform({ transform, includeObject });
  return { registered, transform, includeObject, now: environment.clock.now() };
}

export function jsonBytes(object: object): Buffer {
  return Buffer.from(JSON.stringify(object));
}

/** A list: the stored bytes one after the other, or the form that was asked for. */
export function listAnswer(call: Call, output: OutputType, listed: Listed): Answer {
  const { codec, transform, pretty } = output;
  const headers = { 'content-type': codec.mediaType };
  const metadata = listMeta(listed);
  if (transform !== undefined) {
    const request = transformRequest(call, { transform });
    const items = listed.items.map((item) => objectOf(call.registered, item));
    return {
      status: 200,
      headers,
      body: codec.encode(jsonBytes(transformList(request, items, metadata)), pretty),
    };
  }
  const parts = listParts(call, listed, metadata);
  if (codec.mediaType !== 'application/json' || pretty) {
    return { status: 200, headers, body: codec.encode(Buffer.concat(parts), pretty) };
  }
  return { status: 200, headers, body: bodyOf(parts) };
}

function listMeta(listed: Listed): ListMeta {
  return {
    resourceVersion: String(listed.revision),
    ...(listed.continue === undefined ? {} : { continue: listed.continue }),
    ...(listed.remaining === undefined ? {} : { remainingItemCount: listed.remaining }),
  };
}

const open = Buffer.from('{');
const nextOpen = Buffer.from(',{');
const end = Buffer.from(']}');

/** Items of a list carry no type: what stands behind it in the stored bytes is put behind a brace. */
function listParts({ registered }: Call, listed: Listed, metadata: ListMeta): readonly Buffer[] {
  const { resource, custom } = registered;
  const kind = custom?.listKind ?? `${resource.kind}List`;
  // Of custom objects the type stays, and a list says that nothing follows.
  const shown = custom === undefined ? metadata : { continue: '', ...metadata };
  const head = { kind, apiVersion: apiVersionOf(resource), metadata: shown };
  const parts: Buffer[] = [Buffer.from(`${JSON.stringify(head).slice(0, -1)},"items":[`)];
  const skip = custom === undefined ? Buffer.byteLength(typeHeader(resource)) : 1;
  for (const item of listed.items) {
    parts.push(parts.length === 1 ? open : nextOpen, bytesOf(registered, item).subarray(skip));
  }
  parts.push(end);
  return parts;
}

/** Up to here a list is answered whole, which is cheaper; beyond, piece by piece, which takes no memory. */
const wholeBytesMax = 256 * 1024;
const pieceBytes = 256 * 1024;

function bodyOf(parts: readonly Buffer[]): Body {
  let bytes = 0;
  for (const part of parts) bytes += part.length;
  if (bytes <= wholeBytesMax) return Buffer.concat(parts, bytes);
  return async (sink: Sink) => {
    for (let from = 0; from < parts.length;) {
      let size = 0;
      const begin = from;
      while (from < parts.length && size < pieceBytes) size += parts[from++]?.length ?? 0;
      if (!sink.write(Buffer.concat(parts.slice(begin, from), size))) await sink.drained();
    }
  };
}

/** Objects that are in no store: componentstatuses. */
export function plainList(call: Call, output: OutputType, items: readonly KubeObject[]): Answer {
  const { resource } = call.registered;
  if (output.transform !== undefined) {
    const request = transformRequest(call, { transform: output.transform });
    return plainAnswer(output, 200, transformList(request, items, {}));
  }
  const untyped = items.map(({ kind: _kind, apiVersion: _apiVersion, ...rest }) => rest);
  const head = { kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource), metadata: {} };
  return plainAnswer(output, 200, { ...head, items: untyped });
}
