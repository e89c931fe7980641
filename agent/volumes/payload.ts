import type { ConfigMap, KeyToPath, Secret } from '../../openapi/generated/types.ts';
import type { Payload, PayloadFile } from './atomic-writer.ts';

export interface KeySelection {
  /** All keys without it. */
  readonly items: readonly KeyToPath[] | undefined;
  readonly defaultMode: number;
  readonly optional: boolean;
}

export function configMapData(configMap: ConfigMap): Map<string, Buffer> {
  const data = new Map<string, Buffer>();
  for (const [key, text] of Object.entries(configMap.data ?? {})) data.set(key, Buffer.from(text));
  for (const [key, bytes] of Object.entries(configMap.binaryData ?? {}))
    data.set(key, Buffer.from(bytes, 'base64'));
  return data;
}

export function secretData(secret: Secret): Map<string, Buffer> {
  return new Map(
    Object.entries(secret.data ?? {}).map(([key, bytes]) => [key, Buffer.from(bytes, 'base64')]),
  );
}

/** `what` is "config" or "secret", as the message about a missing key has it. */
export function selectKeys(
  data: ReadonlyMap<string, Buffer>,
  selection: KeySelection,
  what: string,
): Payload {
  const payload = new Map<string, PayloadFile>();
  if (selection.items === undefined || selection.items.length === 0) {
    for (const [key, content] of data) payload.set(key, { content, mode: selection.defaultMode });
    return payload;
  }
  for (const { key, path, mode } of selection.items) {
    const content = data.get(key);
    if (content !== undefined) payload.set(path, { content, mode: mode ?? selection.defaultMode });
    else if (!selection.optional) throw new Error(`references non-existent ${what} key: ${key}`);
  }
  return payload;
}
