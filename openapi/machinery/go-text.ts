import type { JsonArray, JsonObject, JsonValue } from './json.ts';

/** A value as Go's %v prints it: `map[a:1 b:[x y]]`, maps by key, null as <nil>. */
export function goText(value: JsonValue | undefined): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${(value as JsonArray).map(goText).join(' ')}]`;
  if (typeof value !== 'object') return String(value);
  const object = value as JsonObject;
  const members = Object.keys(object)
    .sort()
    .map((key) => `${key}:${goText(object[key])}`);
  return `map[${members.join(' ')}]`;
}

/** The Go type of a value that was decoded without a schema: "map[string]interface {}", "[]interface {}", "int64". */
export function goTypeText(value: JsonValue | undefined): string {
  if (value === null || value === undefined) return '%!s(<nil>)';
  if (Array.isArray(value)) return '[]interface {}';
  switch (typeof value) {
    case 'object':
      return 'map[string]interface {}';
    case 'boolean':
      return 'bool';
    case 'number':
      return Number.isInteger(value) ? 'int64' : 'float64';
    default:
      return 'string';
  }
}
