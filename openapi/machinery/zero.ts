import type { JsonValue } from './json.ts';
import type { Field, Schema } from './schema.ts';

type Zeroable = Pick<Field, 'schema' | 'pointer' | 'emit'>;

/** What Go writes for a field whose value is Go's zero value; undefined when it writes nothing. */
export function zeroOf({ schema, pointer, emit }: Zeroable): JsonValue | undefined {
  if (pointer) return emit === 'always' ? null : undefined;
  if (emit === 'omitzero') return undefined;
  return isStruct(schema) ? structZero(schema) : emit === 'always' ? plainZero(schema) : undefined;
}

/** Whether zeroOf() answers something. */
export function isAlwaysWritten({ schema, pointer, emit }: Zeroable): boolean {
  if (pointer) return emit === 'always';
  return emit === 'always' || (emit === 'omitempty' && isStruct(schema));
}

/** omitempty never leaves out what is a struct in Go. */
function isStruct(schema: Schema): boolean {
  switch (schema.kind) {
    case 'object':
    case 'quantity':
    case 'intOrString':
    case 'time':
    case 'microTime':
    case 'duration':
    case 'raw':
    case 'union':
      return true;
    default:
      return false;
  }
}

function structZero(schema: Schema): JsonValue | undefined {
  switch (schema.kind) {
    case 'object':
      return objectZero(schema.fields);
    case 'quantity':
      return '0';
    case 'intOrString':
      return 0;
    case 'duration':
      return '0s';
    default:
      return null;
  }
}

function objectZero(fields: readonly Field[]): JsonValue {
  const result: Record<string, JsonValue> = {};
  for (const field of fields) {
    const zero = zeroOf(field);
    if (zero !== undefined) result[field.name] = zero;
  }
  return result;
}

function plainZero(schema: Schema): JsonValue {
  switch (schema.kind) {
    case 'string':
      return '';
    case 'bool':
      return false;
    case 'int32':
    case 'int64':
    case 'double':
      return 0;
    default:
      return null;
  }
}
