import type { JsonArray, JsonObject, JsonValue } from '../../../openapi/machinery/json.ts';
import { sameJson } from '../generic/same.ts';
import { hasFormat, isKnownFormat } from './formats.ts';
import { matchesPattern, patternFault } from './pattern.ts';
import type { Structural } from './structural.ts';

/** One fault of a value. `field` undefined: it is told of the object as a whole. */
export interface ValueFault {
  readonly field: string | undefined;
  readonly reason:
    | 'FieldValueRequired'
    | 'FieldValueInvalid'
    | 'FieldValueTypeInvalid'
    | 'FieldValueNotSupported'
    | 'FieldValueTooLong'
    | 'FieldValueTooMany';
  readonly message: string;
}

export function invalid(field: string, value: unknown, text: string): ValueFault {
  const message = `Invalid value: ${JSON.stringify(value)}: ${field} in body ${text}`;
  return { field, reason: 'FieldValueInvalid', message };
}

/** A fault that concerns several schemas, or none: Kubernetes tells it without a field. */
export function general(text: string): ValueFault {
  return { field: undefined, reason: 'FieldValueInvalid', message: `Invalid value: "": ${text}` };
}

function wrongType(field: string, wanted: string, found: string): ValueFault {
  const message = `Invalid value: ${JSON.stringify(found)}: ${field} in body must be of type ${wanted}: ${JSON.stringify(found)}`;
  return { field, reason: 'FieldValueTypeInvalid', message };
}

function tooMany(field: string, found: number, max: number): ValueFault {
  const message = `Too many: ${found}: must have at most ${max} ${max === 1 ? 'item' : 'items'}`;
  return { field, reason: 'FieldValueTooMany', message };
}

const int64Limit = 2 ** 63;

/** JSON's type in the words of OpenAPI: a number without a fraction is an integer. */
function typeOf(value: JsonValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value !== 'number') return typeof value;
  return Number.isInteger(value) && Math.abs(value) < int64Limit ? 'integer' : 'number';
}

export function typeFaults(field: string, value: JsonValue, schema: Structural): ValueFault[] {
  const { types, nullable } = schema;
  const found = typeOf(value);
  if (value === null) {
    return types.length > 0 && !nullable ? [wrongType(field, types.join(','), found)] : [];
  }
  const format = knownFormat(schema);
  const fits = types.includes(found) || (found === 'integer' && types.includes('number'));
  const isText = found === 'string' || found === 'array';
  const isNumeric = types.includes('number') || types.includes('integer');
  if (!isText && format !== '' && !fits) {
    const goFormat = found === 'integer' ? 'int64' : found === 'number' ? 'float64' : '';
    return goFormat === format ? [] : [wrongType(field, format, goFormat)];
  }
  if (types.length === 0 || fits || (isText && format !== '' && !isNumeric)) return [];
  return [wrongType(field, types.join(','), found)];
}

const integerFormats = ['int32', 'int64'];
const numberFormats = ['float', 'double'];

/** The format where it is checked for the type; "" else. */
function knownFormat({ types, limits: { format = '' }, intOrString }: Structural): string {
  const type = types.length === 1 ? types[0] : undefined;
  if (type === 'integer') return integerFormats.includes(format) ? format : '';
  if (type === 'number') return numberFormats.includes(format) ? format : '';
  if (intOrString || type === 'string' || type === undefined) return isKnownFormat(format) ? format : '';
  return '';
}

export function stringFaults(field: string, text: string, { limits }: Structural): ValueFault[] {
  const { maxLength, minLength, pattern } = limits;
  const length = maxLength === undefined && minLength === undefined ? 0 : Array.from(text).length;
  if (maxLength !== undefined && length > maxLength) {
    const message = `Too long: may not be more than ${maxLength} ${maxLength === 1 ? 'byte' : 'bytes'}`;
    return [{ field, reason: 'FieldValueTooLong', message }];
  }
  if (minLength !== undefined && length < minLength) {
    return [invalid(field, text, `should be at least ${minLength} chars long`)];
  }
  if (pattern === undefined || pattern === '') return [];
  const fault = patternFault(pattern);
  if (fault !== undefined) {
    return [invalid(field, text, `should match '${pattern}, but pattern is invalid: ${fault}'`)];
  }
  return matchesPattern(pattern, text) ? [] : [invalid(field, text, `should match '${pattern}'`)];
}

export function formatFaults(field: string, text: string, schema: Structural): ValueFault[] {
  const format = knownFormat(schema);
  return format === '' || hasFormat(format, text) ? [] : [wrongType(field, format, text)];
}

export function hasCheckedFormat(schema: Structural): boolean {
  return knownFormat(schema) !== '';
}

export function numberFaults(field: string, value: number, schema: Structural): ValueFault[] {
  const { multipleOf, maximum, minimum, exclusiveMaximum, exclusiveMinimum } = schema.limits;
  const range = (number: number, what: string): ValueFault[] => rangeFaults(field, number, what, schema);
  return [
    ...range(value, 'Checked'),
    ...(multipleOf === undefined
      ? []
      : [...range(multipleOf, 'MultipleOf'), ...multipleFaults(field, value, multipleOf)]),
    ...(minimum === undefined
      ? []
      : [...range(minimum, 'Minimum boundary'), ...minimumFaults(field, value, minimum, exclusiveMinimum)]),
    ...(maximum === undefined
      ? []
      : [...range(maximum, 'Maximum boundary'), ...maximumFaults(field, value, maximum, exclusiveMaximum)]),
  ];
}

/** Whether the number can be held by the type at all. */
function rangeFaults(field: string, value: number, what: string, schema: Structural): ValueFault[] {
  const format = knownFormat(schema);
  const type = schema.types.length === 1 ? schema.types[0] : undefined;
  if (type === 'integer') {
    const limit = format === 'int32' ? 2 ** 31 : int64Limit;
    if (Number.isInteger(value) && value < limit && value >= -limit) return [];
  } else if (type !== 'number' || format !== 'float' || Math.abs(value) <= 3.4028234663852886e38) {
    return [];
  }
  const named = format === '' ? `${type} (default format)` : `${type} with format ${format}`;
  return [general(`${what} value must be of type ${named} in ${field}`)];
}

function multipleFaults(field: string, value: number, factor: number): ValueFault[] {
  if (factor <= 0) {
    return [general(`factor MultipleOf declared for ${field} must be positive: ${factor}`)];
  }
  const times = factor < 1 ? (1 / factor) * value : value / factor;
  const isWhole = Math.abs(times - Math.round(times)) < 1e-9 * Math.max(1, Math.abs(times));
  return isWhole ? [] : [invalid(field, value, `should be a multiple of ${factor}`)];
}

function minimumFaults(field: string, value: number, minimum: number, exclusive = false): ValueFault[] {
  if (exclusive) return value > minimum ? [] : [invalid(field, value, `should be greater than ${minimum}`)];
  return value >= minimum ? [] : [invalid(field, value, `should be greater than or equal to ${minimum}`)];
}

function maximumFaults(field: string, value: number, maximum: number, exclusive = false): ValueFault[] {
  if (exclusive) return value < maximum ? [] : [invalid(field, value, `should be less than ${maximum}`)];
  return value <= maximum ? [] : [invalid(field, value, `should be less than or equal to ${maximum}`)];
}

export function sizeFaults(field: string, list: JsonArray, { limits }: Structural): ValueFault[] {
  const { minItems, maxItems } = limits;
  const size = list.length;
  return [
    ...(minItems !== undefined && size < minItems
      ? [invalid(field, size, `should have at least ${minItems} items`)]
      : []),
    ...(maxItems !== undefined && size > maxItems ? [tooMany(field, size, maxItems)] : []),
  ];
}

export function memberCountFaults(field: string, object: JsonObject, { limits }: Structural): ValueFault[] {
  const { minProperties, maxProperties } = limits;
  if (minProperties === undefined && maxProperties === undefined) return [];
  const size = Object.keys(object).length;
  return [
    ...(minProperties !== undefined && size < minProperties
      ? [invalid(field, size, `should have at least ${minProperties} properties`)]
      : []),
    ...(maxProperties !== undefined && size > maxProperties ? [tooMany(field, size, maxProperties)] : []),
  ];
}

export function enumFaults(field: string, value: JsonValue, { enum: allowed }: Structural): ValueFault[] {
  if (allowed.length === 0 || allowed.some((each) => sameJson(each, value))) return [];
  const list = allowed.map((each) => JSON.stringify(typeof each === 'string' ? each : JSON.stringify(each)));
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${list.join(', ')}`;
  return [{ field, reason: 'FieldValueNotSupported', message }];
}
