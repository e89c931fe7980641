import type { JsonValue } from './json.ts';
import type { Schema } from './schema.ts';

/**
 * How apimachinery's converter from untyped objects refuses a value for a field, without naming the field. `words` are those of
 * a type that reads its JSON itself.
 */
export function conversionText(schema: Schema, value: JsonValue, words: string): string {
  const kind = kindOf(value);
  switch (schema.kind) {
    case 'object':
    case 'union':
      return `cannot restore struct from: ${kind}`;
    case 'list':
      return `cannot restore slice from ${kind}`;
    case 'map':
      return `cannot restore map from ${kind}`;
    case 'bytes':
      return kind === 'string' ? `error decoding from json: ${words}` : `cannot restore slice from ${kind}`;
    case 'string':
      return kind === 'int64' ? `cannot convert int64 to ${schema.goType}` : 'unrecognized type: string';
    case 'int32':
    case 'int64':
      return typeof value === 'number'
        ? `cannot convert ${kind} to ${schema.goType}`
        : `unrecognized type: ${schema.kind}`;
    case 'bool':
      return 'unrecognized type: bool';
    case 'double':
      return 'unrecognized type: float64';
    default:
      return words;
  }
}

/** The kind of the value in Go. */
function kindOf(value: JsonValue): string {
  if (Array.isArray(value)) return 'slice';
  switch (typeof value) {
    case 'object':
      return 'map';
    case 'boolean':
      return 'bool';
    case 'number':
      return Number.isInteger(value) ? 'int64' : 'float64';
    default:
      return 'string';
  }
}
