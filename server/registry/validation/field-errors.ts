import { isDeepStrictEqual } from 'node:util';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
} from '../../../openapi/machinery/status.ts';
import { type TextCheck, dnsSubdomain } from './names.ts';

/** The faults that a text check finds, at `path`. */
export function texts(path: string, value: string, check: TextCheck): FieldError[] {
  const faults = check(value);
  return faults.length === 0 ? [] : faults.map((fault) => invalidValue(path, value, fault));
}

/** The supported values in the order that Kubernetes lists them for this field: some lists are sorted there, some are not. */
export function notSupported(path: string, value: unknown, supported: readonly string[]): FieldError {
  const list = supported.map((each) => JSON.stringify(each)).join(', ');
  const text = `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`;
  return { field: path, reason: 'FieldValueNotSupported', message: text };
}

/** As Kubernetes tells some faults of a whole: without a value. */
export function bare(path: string, text: string): FieldError {
  return { field: path, reason: 'FieldValueInvalid', message: `Invalid value: ${text}` };
}

/** "domain.example/what", where what is the path of an URL. */
export function domainPrefixedPath(path: string, value: string): FieldError[] {
  if (value === '') return [required(path)];
  const slash = value.indexOf('/');
  const [host, rest] = [value.slice(0, Math.max(0, slash)), value.slice(slash + 1)];
  if (slash === -1 || host === '' || rest === '') {
    return [invalidValue(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  }
  const pattern = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
  const good = new RegExp(`^${pattern}$`).test(rest);
  return [
    ...texts(path, host, dnsSubdomain),
    ...(good ? [] : [invalidValue(path, rest, `Invalid path (regex used for validation is '${pattern}')`)]),
  ];
}

/** More elements than may be. */
export function tooMany(path: string, count: number, max: number): FieldError {
  return {
    field: path,
    reason: 'FieldValueTooMany',
    message: `Too many: ${count}: must have at most ${max} ${max === 1 ? 'item' : 'items'}`,
  };
}

export function oneOf(path: string, value: string | undefined, allowed: readonly string[]): FieldError[] {
  return value === undefined || allowed.includes(value) ? [] : [notSupported(path, value, allowed)];
}

export function unchanged(path: string, value: unknown, old: unknown): FieldError[] {
  return isDeepStrictEqual(value, old) ? [] : [invalidValue(path, value, 'field is immutable')];
}

export function notNegative(path: string, value: number | undefined): FieldError[] {
  return value === undefined || value >= 0
    ? []
    : [invalidValue(path, value, 'must be greater than or equal to 0')];
}

export function positive(path: string, value: number | undefined): FieldError[] {
  return value === undefined || value > 0 ? [] : [invalidValue(path, value, 'must be greater than zero')];
}

export function inRange(path: string, value: number, low: number, high: number): FieldError[] {
  return value >= low && value <= high
    ? []
    : [invalidValue(path, value, `must be between ${low} and ${high}, inclusive`)];
}

export function portNumber(path: string, value: number): FieldError[] {
  return inRange(path, value, 1, 65535);
}

/** `field is immutable when …` for objects that their writer has frozen. */
export function frozen(path: string, value: unknown, old: unknown): FieldError[] {
  if (isDeepStrictEqual(value ?? {}, old ?? {})) return [];
  return [forbiddenField(path, 'field is immutable when `immutable` is set')];
}

/** A name that should be that of something else in the object, and is not. */
export function notFoundValue(path: string, value: unknown): FieldError {
  return { field: path, reason: 'FieldValueNotFound', message: `Not found: ${JSON.stringify(value)}` };
}

/** File modes of volumes. */
export function modeFaults(path: string, mode: number | undefined): FieldError[] {
  return mode === undefined || (mode >= 0 && mode <= 0o777)
    ? []
    : [invalidValue(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive')];
}

export function noBacksteps(path: string, value: string): FieldError[] {
  return value.split('/').includes('..') ? [invalidValue(path, value, "must not contain '..'")] : [];
}

/** A path inside a volume. */
export function descendingPath(path: string, value: string): FieldError[] {
  return [
    ...(value.startsWith('/') ? [invalidValue(path, value, 'must be a relative path')] : []),
    ...noBacksteps(path, value),
  ];
}

/** A path inside a volume that its writer does not need for itself. */
export function ownPath(path: string, value: string): FieldError[] {
  const faults = descendingPath(path, value);
  if (value.startsWith('..') && !value.startsWith('../')) {
    faults.push(invalidValue(path, value, "must not start with '..'"));
  }
  return faults;
}
