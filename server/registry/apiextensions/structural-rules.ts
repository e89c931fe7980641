import { isJsonObject, type JsonObject, type JsonValue } from '../../../openapi/machinery/json.ts';
import {
  forbiddenField,
  invalidValue,
  required,
  type FieldError,
} from '../../../openapi/machinery/status.ts';
import { patternFault } from '../custom/pattern.ts';
import { sameJson } from '../generic/same.ts';
import { itemsOf, listAt, propertiesOf, schemaAt, textAt, type Props } from './props.ts';

type Level = 'root' | 'item' | 'field';

/** What keeps a schema from being structural: every value must have a known type before conditions are put on it. */
export function structuralProblems(schema: Props, path: string): readonly FieldError[] {
  const problems = [...nodeProblems(schema, 'root', path), ...completeness(schema, schema, path, path)];
  return problems.sort((a, b) => (errorText(a) < errorText(b) ? -1 : 1));
}

function errorText({ field, message }: FieldError): string {
  return `${field}: ${message}`;
}

function nodeProblems(schema: Props, level: Level, path: string): FieldError[] {
  const items = itemsOf(schema);
  const additional = schemaAt(schema, 'additionalProperties');
  return [
    ...(schema['type'] === 'array' && items === undefined
      ? [required(`${path}.items`, 'must be specified')]
      : []),
    ...(items === undefined ? [] : nodeProblems(items, 'item', `${path}.items`)),
    ...propertiesOf(schema).flatMap(([name, each]) =>
      nodeProblems(each, 'field', `${path}.properties[${name}]`),
    ),
    ...(level === 'root' && schema['additionalProperties'] !== undefined
      ? [forbiddenField(`${path}.additionalProperties`, 'must not be used at the root')]
      : []),
    ...(additional === undefined ? [] : nodeProblems(additional, 'field', `${path}.additionalProperties`)),
    ...extensionProblems(schema, path),
    ...conditionProblems(schema, path, intOrStringPattern(schema)),
    ...typeProblems(schema, level, path),
    ...metaProblems(schema, level, path),
  ];
}

const isTrue = (schema: Props, field: string): boolean => schema[field] === true;

function extensionProblems(schema: Props, path: string): FieldError[] {
  if (!isTrue(schema, 'x-kubernetes-int-or-string')) return [];
  return ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource']
    .filter((field) => isTrue(schema, field))
    .map((field) =>
      invalidValue(`${path}.${field}`, true, 'must be false if x-kubernetes-int-or-string is true'),
    );
}

const missingType: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

function typeProblems(schema: Props, level: Level, path: string): FieldError[] {
  const type = textAt(schema, 'type');
  const problems: FieldError[] = [];
  const isEmbedded = isTrue(schema, 'x-kubernetes-embedded-resource');
  if (isEmbedded && type !== 'object') {
    const text = 'must be object if x-kubernetes-embedded-resource is true';
    problems.push(type === '' ? required(`${path}.type`, text) : invalidValue(`${path}.type`, type, text));
  } else if (
    type === '' &&
    !isTrue(schema, 'x-kubernetes-int-or-string') &&
    !isTrue(schema, 'x-kubernetes-preserve-unknown-fields')
  ) {
    problems.push(required(`${path}.type`, missingType[level]));
  }
  if (isEmbedded && schema['additionalProperties'] !== undefined) {
    const text = 'must not be used if x-kubernetes-embedded-resource is set';
    problems.push(forbiddenField(`${path}.additionalProperties`, text));
  }
  if (level === 'root' && type !== '' && type !== 'object') {
    problems.push(invalidValue(`${path}.type`, type, 'must be object at the root'));
  }
  return problems;
}

/** apiVersion, kind and metadata are what they are; a schema may say something of names only. */
function metaProblems(schema: Props, level: Level, path: string): FieldError[] {
  const isEmbedded = isTrue(schema, 'x-kubernetes-embedded-resource');
  const properties = new Map(propertiesOf(schema));
  const problems: FieldError[] = [];
  const checks = level === 'root' || isEmbedded;
  for (const name of checks ? ['kind', 'apiVersion'] : []) {
    const type = textAt(properties.get(name) ?? { type: 'string' }, 'type');
    if (type === 'string') continue;
    problems.push(invalidValue(`${path}.properties[${name}].type`, type, 'must be string'));
  }
  const metadata = properties.get('metadata');
  if (metadata !== undefined) {
    const at = `${path}.properties[metadata]`;
    const type = textAt(metadata, 'type');
    if (checks && type !== 'object') problems.push(invalidValue(`${at}.type`, type, 'must be object'));
    if (level === 'root' && saysMoreThanNames(metadata)) {
      const text =
        'must not specify anything other than name and generateName, but metadata is implicitly specified';
      problems.push(forbiddenField(at, text));
    }
  }
  if (isEmbedded && !isTrue(schema, 'x-kubernetes-preserve-unknown-fields') && properties.size === 0) {
    const text =
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
    problems.push(required(`${path}.properties`, text));
  }
  return problems;
}

function saysMoreThanNames(metadata: Props): boolean {
  const { type: _type, default: _default, properties, ...rest } = metadata;
  const names = isJsonObject(properties) ? Object.keys(properties) : [];
  return Object.keys(rest).length > 0 || names.some((name) => name !== 'name' && name !== 'generateName');
}

const intOrString: JsonValue = [{ type: 'integer' }, { type: 'string' }];

/** The one place where conditions may name types: both of x-kubernetes-int-or-string. */
function intOrStringPattern(schema: Props): 'anyOf' | 'allOf' | undefined {
  if (sameJson(schema['anyOf'], intOrString)) return 'anyOf';
  return sameJson(listAt(schema, 'allOf')[0]?.['anyOf'], intOrString) ? 'allOf' : undefined;
}

/** `skip`: what holds the types of int-or-string. */
function conditionProblems(schema: Props, path: string, skip?: 'anyOf' | 'allOf'): FieldError[] {
  const not = schemaAt(schema, 'not');
  const pattern = textAt(schema, 'pattern');
  const fault = pattern === '' ? undefined : patternFault(pattern);
  return [
    ...(skip === 'anyOf'
      ? []
      : listAt(schema, 'anyOf').flatMap((each, i) => nestedProblems(each, `${path}.anyOf[${i}]`))),
    ...listAt(schema, 'allOf').flatMap((each, i) =>
      nestedProblems(each, `${path}.allOf[${i}]`, skip === 'allOf' && i === 0 ? 'anyOf' : undefined),
    ),
    ...listAt(schema, 'oneOf').flatMap((each, i) => nestedProblems(each, `${path}.oneOf[${i}]`)),
    ...(not === undefined ? [] : nestedProblems(not, `${path}.not`)),
    ...(fault === undefined
      ? []
      : [
          invalidValue(`${path}.pattern`, pattern, `must be a valid regular expression, but isn't: ${fault}`),
        ]),
  ];
}

/** What a condition must not say, with the words for it. */
const outsideConditions: readonly (readonly [string, string])[] = [
  ['type', 'must be empty to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
  ['default', 'must be undefined to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['nullable', 'must be false to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
  ['x-kubernetes-validations', 'must be empty to be structural'],
];

function nestedProblems(schema: Props, path: string, skip?: 'anyOf' | 'allOf'): FieldError[] {
  const items = itemsOf(schema);
  const properties = propertiesOf(schema);
  return [
    ...conditionProblems(schema, path, skip),
    ...(items === undefined ? [] : nestedProblems(items, `${path}.items`)),
    ...properties.flatMap(([name, each]) => nestedProblems(each, `${path}.properties[${name}]`)),
    ...outsideConditions
      .filter(([field]) => isStated(schema[field]))
      .map(([field, text]) => forbiddenField(`${path}.${field}`, text)),
    ...(properties.some(([name]) => name === 'metadata')
      ? [forbiddenField(`${path}.properties[metadata]`, 'must not be specified in a nested context')]
      : []),
  ];
}

function isStated(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === false || value === '') return false;
  return !Array.isArray(value) || value.length > 0;
}

/** Every condition on a field or on items needs that field or those items outside of conditions too. */
function completeness(conditions: Props, schema: Props, path: string, at: string): FieldError[] {
  const nested = (['allOf', 'anyOf', 'oneOf'] as const).flatMap((field) =>
    listAt(conditions, field).flatMap((each, i) =>
      nestedCompleteness(each, schema, path, `${at}.${field}[${i}]`),
    ),
  );
  const not = schemaAt(conditions, 'not');
  return [...(not === undefined ? [] : nestedCompleteness(not, schema, path, `${at}.not`)), ...nested];
}

function nestedCompleteness(
  conditions: Props,
  schema: Props | undefined,
  path: string,
  at: string,
): FieldError[] {
  if (schema === undefined) return [required(path, `because it is defined in ${at}`)];
  const items = itemsOf(conditions);
  const known: JsonObject = isJsonObject(schema['properties']) ? schema['properties'] : {};
  return [
    ...completeness(conditions, schema, path, at),
    ...(items === undefined
      ? []
      : nestedCompleteness(items, itemsOf(schema), `${path}.items`, `${at}.items`)),
    ...propertiesOf(conditions).flatMap(([name, each]) => {
      const own = known[name];
      const suffix = `.properties[${name}]`;
      return nestedCompleteness(each, isJsonObject(own) ? own : undefined, path + suffix, at + suffix);
    }),
  ];
}
