import { secrets } from '../../../openapi/generated/resources.ts';
import type { Secret } from '../../../openapi/generated/types.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
  tooLong,
} from '../../../openapi/machinery/status.ts';
import type { Strategy } from '../strategy.ts';
import { secretTable } from '../table/core.ts';
import { frozen, texts, unchanged } from '../validation/field-errors.ts';
import { configMapKey } from '../validation/names.ts';

const bytesMax = 1024 * 1024;
const serviceAccountName = 'kubernetes.io/service-account.name';

export const secretStrategy: Strategy<Secret> = {
  resource: secrets,
  defaults: mergeStringData,
  validate: validateSecret,
  validateUpdate: (object, old) => [
    ...unchanged('type', object.type, old.type),
    ...immutableFaults(object, old),
    ...validateSecret(object),
  ],
  fields: ({ type = '' }) => ({ type }),
  selectableFields: ['type'],
  table: secretTable,
};

/** stringData is for writing only: its texts go into data. */
function mergeStringData(secret: Secret): Secret {
  const { stringData, ...rest } = secret;
  if (stringData === undefined) return secret.type === undefined ? { ...secret, type: 'Opaque' } : secret;
  const encoded = Object.entries(stringData).map(([key, text]) => [
    key,
    Buffer.from(text).toString('base64'),
  ]);
  return {
    ...rest,
    data: { ...rest.data, ...(Object.fromEntries(encoded) as Record<string, string>) },
    type: rest.type ?? 'Opaque',
  };
}

function validateSecret(secret: Secret): readonly FieldError[] {
  const data = secret.data ?? {};
  const faults = Object.keys(data).flatMap((key) => texts(`data[${key}]`, key, configMapKey));
  const bytes = Object.values(data).reduce((sum, value) => sum + Buffer.byteLength(value, 'base64'), 0);
  if (bytes > bytesMax) faults.push(tooLong('data', bytesMax));
  return [...faults, ...(typeRules[secret.type ?? '']?.(secret) ?? [])];
}

const typeRules: Readonly<Record<string, (secret: Secret) => readonly FieldError[]>> = {
  'kubernetes.io/service-account-token': ({ metadata }) =>
    (metadata?.annotations?.[serviceAccountName] ?? '') === ''
      ? [required(`metadata.annotations[${serviceAccountName}]`)]
      : [],
  'kubernetes.io/dockercfg': (secret) => jsonFaults(secret, '.dockercfg'),
  'kubernetes.io/dockerconfigjson': (secret) => jsonFaults(secret, '.dockerconfigjson'),
  'kubernetes.io/basic-auth': ({ data = {} }) =>
    Object.hasOwn(data, 'username') || Object.hasOwn(data, 'password')
      ? []
      : [required('data[username]'), required('data[password]')],
  'kubernetes.io/ssh-auth': ({ data = {} }) =>
    (data['ssh-privatekey'] ?? '') === '' ? [required('data[ssh-privatekey]')] : [],
  'kubernetes.io/tls': ({ data = {} }) =>
    ['tls.crt', 'tls.key'].filter((key) => !Object.hasOwn(data, key)).map((key) => required(`data[${key}]`)),
};

function jsonFaults({ data = {} }: Secret, key: string): readonly FieldError[] {
  const value = data[key];
  if (value === undefined) return [required(`data[${key}]`)];
  const problem = jsonProblem(Buffer.from(value, 'base64').toString());
  return problem === undefined ? [] : [invalidValue(`data[${key}]`, '<secret contents redacted>', problem)];
}

/** In the words of Go's decoder, for the usual mistakes. */
function jsonProblem(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (value === null || (typeof value === 'object' && !Array.isArray(value))) return undefined;
    const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
    return `json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`;
  } catch {
    const first = text.trim()[0];
    if (first === undefined) return 'unexpected end of JSON input';
    return /[[{"\d-]/.test(first)
      ? 'unexpected end of JSON input'
      : `invalid character '${first}' looking for beginning of value`;
  }
}

function immutableFaults(object: Secret, old: Secret): readonly FieldError[] {
  if (old.immutable !== true) return [];
  return [
    ...(object.immutable === true
      ? []
      : [forbiddenField('immutable', 'field is immutable when `immutable` is set')]),
    ...frozen('data', object.data, old.data),
  ];
}
