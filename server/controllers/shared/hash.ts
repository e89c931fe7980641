import type { JsonValue } from '../../../openapi/machinery/json.ts';

/** Letters and digits that spell no words. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** FNV-1a, 32 bits, of the text's UTF-8. */
export function fnv32a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** Each decimal digit's character code picks from the safe alphabet, as Kubernetes encodes its hashes. */
export function safeEncode(text: string): string {
  return Array.from(text, (character) => alphabet[character.charCodeAt(0) % alphabet.length] ?? '').join('');
}

/** Names a template: 8 to 10 safe characters, the same for equal values whatever the order of their fields. */
export function hashOf(value: unknown, collisionCount: number | undefined): string {
  const seed = collisionCount === undefined ? '' : String(collisionCount);
  return safeEncode(String(fnv32a(canonicalText(value as JsonValue) + seed)));
}

/** JSON with sorted fields; what is undefined does not count. */
export function canonicalText(value: JsonValue | undefined): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return `[${(value as readonly JsonValue[]).map(canonicalText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, each]) => `${JSON.stringify(name)}:${canonicalText(each as JsonValue)}`);
  return `{${fields.join(',')}}`;
}

export function sameValue(a: unknown, b: unknown): boolean {
  return a === b || canonicalText(a as JsonValue) === canonicalText(b as JsonValue);
}
