import { isJsonObject, type JsonValue } from '../../../openapi/machinery/json.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';

/** The object with the empty metadata.managedFields that was sent, which asks to forget who owns what, and which decoding leaves out. */
export function withSentReset(object: KubeObject, sent: JsonValue): KubeObject {
  const metadata = isJsonObject(sent) ? sent['metadata'] : undefined;
  const entries = isJsonObject(metadata) ? metadata['managedFields'] : undefined;
  if (!Array.isArray(entries) || entries.length > 0) return object;
  return { ...object, metadata: { ...object.metadata, managedFields: [] } };
}
