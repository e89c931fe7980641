import {
  forbiddenField,
  invalidValue,
  required,
  type FieldError,
} from '../../../openapi/machinery/status.ts';
import { isJsonObject } from '../../../openapi/machinery/json.ts';
import { structuralOf } from '../custom/structural.ts';
import { notSupported } from '../validation/field-errors.ts';
import { defaultProblems } from './default-problems.ts';
import { listTypeFaults, mapTypeFaults } from './list-type-faults.ts';
import {
  childrenOf,
  defaultOf,
  itemsOf,
  listAt,
  propertiesOf,
  schemaAt,
  textAt,
  type Props,
} from './props.ts';
import { structuralProblems } from './structural-rules.ts';

/** Faults of a version's schema. `path` is that of openAPIV3Schema. */
export function schemaProblems(schema: Props, path: string, hasStatus: boolean): readonly FieldError[] {
  const unsupported = unsupportedText(schema);
  const structural = unsupported === undefined ? structuralProblems(schema, path) : [];
  const defaults =
    unsupported === undefined && structural.length === 0 ? defaultProblems(structuralOf(schema), path) : [];
  const problems = [
    ...(hasStatus ? rootProblems(schema, path) : []),
    ...(schema['nullable'] === true
      ? [forbiddenField(`${path}.nullable`, 'nullable cannot be true at the root')]
      : []),
    ...structural,
    ...defaults,
    ...openApiProblems(schema, path, { isRoot: true, insideMeta: false, noDefaults: undefined }),
  ];
  if (problems.length > 0 || unsupported === undefined) return problems;
  return [invalidValue(path, '', unsupported)];
}

const allowedAtRoot =
  'Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems ' +
  'UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations';
const rootFields = new Set(
  allowedAtRoot.split(' ').map((name) => {
    if (name === 'XPreserveUnknownFields') return 'x-kubernetes-preserve-unknown-fields';
    if (name === 'XValidations') return 'x-kubernetes-validations';
    return `${name.slice(0, 1).toLowerCase()}${name.slice(1)}`;
  }),
);

/** The status is checked by itself, so nothing may be said about the object as a whole. */
function rootProblems(schema: Props, path: string): readonly FieldError[] {
  const type = textAt(schema, 'type');
  if (type !== '' && type !== 'object') {
    const text =
      'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
    return [invalidValue(`${path}.type`, type, text)];
  }
  const isWrong = Object.keys(schema).some((field) => !rootFields.has(field));
  const text = `only [${allowedAtRoot}] fields are allowed at the root of the schema if the status subresource is enabled`;
  return isWrong ? [invalidValue(path, schema, text)] : [];
}

const unsupportedFields = [
  'id',
  '$schema',
  '$ref',
  'patternProperties',
  'dependencies',
  'additionalItems',
  'definitions',
];

/** Why the schema cannot be read as a structural one at all. */
function unsupportedText(schema: Props): string | undefined {
  const field = unsupportedFields.find((each) => schema[each] !== undefined);
  if (field !== undefined) return `OpenAPIV3Schema '${field.replace('$s', 's')}' is not supported`;
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined";
  }
  if (Array.isArray(schema['items'])) return "OpenAPIV3Schema 'items' must be a schema, but is an array";
  for (const child of childrenOf(schema)) {
    const text = unsupportedText(child);
    if (text !== undefined) return text;
  }
  return undefined;
}

interface Place {
  readonly isRoot: boolean;
  /** Within apiVersion, kind or metadata of a resource. */
  readonly insideMeta: boolean;
  /** Why no default may be stated here; undefined when one may. */
  readonly noDefaults: string | undefined;
}

const metaFields = new Set(['metadata', 'kind', 'apiVersion']);

function openApiProblems(schema: Props, path: string, place: Place): readonly FieldError[] {
  const below = { ...place, isRoot: false };
  const additional = schemaAt(schema, 'additionalProperties');
  const not = schemaAt(schema, 'not');
  const items = itemsOf(schema);
  return [
    ...dialectProblems(schema, path, place),
    ...memberProblems(schema, path),
    ...(additional === undefined
      ? []
      : openApiProblems(additional, `${path}.additionalProperties`, {
          ...below,
          ...(place.insideMeta
            ? { noDefaults: 'inside additionalProperties applying to object metadata' }
            : {}),
        })),
    ...propertiesOf(schema).flatMap(([name, each]) =>
      openApiProblems(each, `${path}.properties[${name}]`, propertyPlace(schema, name, place)),
    ),
    ...(not === undefined ? [] : openApiProblems(not, `${path}.not`, below)),
    ...['allOf', 'oneOf', 'anyOf'].flatMap((field) =>
      listAt(schema, field).flatMap((each, i) => openApiProblems(each, `${path}.${field}[${i}]`, below)),
    ),
    ...(items === undefined ? [] : openApiProblems(items, `${path}.items`, below)),
    ...(schema['x-kubernetes-preserve-unknown-fields'] === false
      ? [invalidValue(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined')]
      : []),
    ...mapTypeFaults(schema, path),
    ...listTypeFaults(schema, path),
  ];
}

function propertyPlace(schema: Props, name: string, place: Place): Place {
  const isMeta = (place.isRoot || schema['x-kubernetes-embedded-resource'] === true) && metaFields.has(name);
  if (!isMeta) return { ...place, isRoot: false };
  return {
    isRoot: false,
    insideMeta: true,
    noDefaults: place.isRoot ? `in top-level ${name}` : place.noDefaults,
  };
}

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const unknownToDialect = [
  'id',
  'additionalItems',
  'patternProperties',
  'definitions',
  'dependencies',
  '$ref',
];

function dialectProblems(schema: Props, path: string, place: Place): readonly FieldError[] {
  const type = textAt(schema, 'type');
  return [
    ...(type === '' || types.includes(type) ? [] : [notSupported(`${path}.type`, type, types)]),
    ...(defaultOf(schema) !== undefined && place.noDefaults !== undefined
      ? [forbiddenField(`${path}.default`, `must not be set ${place.noDefaults}`)]
      : []),
    ...unknownToDialect
      .filter((field) => schema[field] !== undefined)
      .map((field) => forbiddenField(`${path}.${field}`, `${field} is not supported`)),
    ...(type === 'null'
      ? [forbiddenField(`${path}.type`, 'type cannot be set to null, use nullable as an alternative')]
      : []),
    ...(Array.isArray(schema['items'])
      ? [forbiddenField(`${path}.items`, 'items must be a schema object and not an array')]
      : []),
    ...(place.insideMeta && schema['x-kubernetes-embedded-resource'] === true
      ? [forbiddenField(`${path}.x-kubernetes-embedded-resource`, 'must not be used inside of resource meta')]
      : []),
    ...(schema['uniqueItems'] === true
      ? [
          forbiddenField(
            `${path}.uniqueItems`,
            'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
          ),
        ]
      : []),
  ];
}

function memberProblems(schema: Props, path: string): readonly FieldError[] {
  const additional = schema['additionalProperties'];
  const both = additional !== undefined && propertiesOf(schema).length > 0;
  if (!both || additional === true) return [];
  return isJsonObject(additional) || additional === false
    ? [
        forbiddenField(
          `${path}.additionalProperties`,
          'additionalProperties and properties are mutual exclusive',
        ),
      ]
    : [required(`${path}.additionalProperties`)];
}
