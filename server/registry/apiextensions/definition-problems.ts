import type {
  CustomResourceConversion,
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
  ObjectMeta,
} from '../../../openapi/generated/types.ts';
import type { JsonObject } from '../../../openapi/machinery/json.ts';
import { checkDns1035Label, checkDns1123Subdomain } from '../../../openapi/machinery/names.ts';
import {
  forbiddenField,
  invalidValue,
  required,
  type FieldError,
} from '../../../openapi/machinery/status.ts';
import { isTrue } from '../custom/conditions.ts';
import { structuralOf } from '../custom/structural.ts';
import { notSupported, unchanged } from '../validation/field-errors.ts';
import { webhookServiceProblems, webhookUrlProblems } from '../validation/webhook-client.ts';
import { approvalProblems } from './approval.ts';
import { columnProblems, scaleProblems, selectableFieldProblems } from './version-parts.ts';
import { hoisted, shownVersions, type HoistedSpec } from './hoist.ts';
import { schemaProblems } from './schema-problems.ts';

/** Faults of a definition. `old` is undefined for a creation. */
export function definitionProblems(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): readonly FieldError[] {
  const { status, metadata } = definition;
  // An empty list is null in Go, and in what we decode.
  const versions = (definition.spec.versions as Spec['versions'] | null) ?? [];
  const spec = { ...definition.spec, versions };
  return [
    ...(old === undefined ? nameProblems(metadata ?? {}, spec) : []),
    ...specProblems(spec),
    ...(old === undefined ? [] : changeProblems(spec, old)),
    ...namesProblems(status?.acceptedNames ?? { plural: '', kind: '' }, 'status.acceptedNames'),
    ...storedVersionProblems(status?.storedVersions ?? [], spec.versions),
    ...approvalProblems(definition, old),
    ...(spec.preserveUnknownFields === true && old?.spec.preserveUnknownFields !== true
      ? [
          invalidValue(
            'spec.preserveUnknownFields',
            true,
            'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
          ),
        ]
      : []),
  ];
}

type Spec = CustomResourceDefinition['spec'];

function nameProblems(
  { name = '', generateName = '' }: ObjectMeta,
  { names, group }: CustomResourceDefinitionSpec,
): readonly FieldError[] {
  const wanted = `${names.plural}.${group}`;
  return Object.entries({ generateName, name }).flatMap(([field, value]) =>
    value === '' || value === wanted
      ? []
      : [invalidValue(`metadata.${field}`, value, 'must be spec.names.plural+"."+spec.group')],
  );
}

/** What clients have come to rely on stays. */
function changeProblems(
  spec: CustomResourceDefinitionSpec,
  old: CustomResourceDefinition,
): readonly FieldError[] {
  const before = old.spec;
  return [
    ...(isTrue(old, 'Established')
      ? [
          ...unchanged('spec.scope', spec.scope, before.scope),
          ...unchanged('spec.names.kind', spec.names.kind, before.names.kind),
        ]
      : []),
    ...unchanged('spec.group', spec.group, before.group),
    ...unchanged('spec.names.plural', spec.names.plural, before.names.plural),
  ];
}

function specProblems(spec: CustomResourceDefinitionSpec): readonly FieldError[] {
  const parts = hoisted(spec);
  return [
    ...groupProblems(spec.group),
    ...scopeProblems(spec.scope),
    ...missingSchemas(spec),
    ...keepingProblems(spec),
    ...spec.versions.flatMap((version, i) => versionProblems(version, parts, `spec.versions[${i}]`)),
    ...versionListProblems(spec, parts),
    ...missingNames(spec.names),
    ...namesProblems(spec.names, 'spec.names'),
    ...partProblems(parts.shared, parts.shared.schema, 'spec', 'validation'),
    ...conversionProblems(spec.conversion),
  ];
}

function groupProblems(group: string): readonly FieldError[] {
  if (group === '') return [required('spec.group')];
  const faults = checkDns1123Subdomain(group);
  if (faults.length > 0) return [invalidValue('spec.group', group, faults.join(','))];
  return group.includes('.')
    ? []
    : [invalidValue('spec.group', group, 'should be a domain with at least one dot')];
}

function scopeProblems(scope: string): readonly FieldError[] {
  const scopes = ['Cluster', 'Namespaced'];
  if (scope === '') return [required('spec.scope')];
  return scopes.includes(scope) ? [] : [notSupported('spec.scope', scope, scopes)];
}

/** Defaults are filled in only where unknown fields are pruned. */
function keepingProblems({ preserveUnknownFields, versions }: Spec): readonly FieldError[] {
  const schemas = versions.map(({ schema }) => structuralOf((schema?.openAPIV3Schema ?? {}) as JsonObject));
  if (preserveUnknownFields !== true || !schemas.some((each) => each.hasDefaults)) return [];
  const text = 'must be false in order to use defaults in the schema';
  return [invalidValue('spec.preserveUnknownFields', true, text)];
}

function missingSchemas({ versions }: CustomResourceDefinitionSpec): readonly FieldError[] {
  return versions.flatMap(({ schema }, i) =>
    schema?.openAPIV3Schema === undefined ? [required(`spec.versions[${i}].schema.openAPIV3Schema`)] : [],
  );
}

function versionProblems(
  version: CustomResourceDefinitionVersion,
  { own }: HoistedSpec,
  path: string,
): readonly FieldError[] {
  const faults = checkDns1035Label(version.name);
  const parts = own(version);
  return [
    ...(faults.length === 0 ? [] : [invalidValue(`${path}.name`, version.name, faults.join(','))]),
    ...deprecationProblems(version, `${path}.deprecationWarning`),
    ...partProblems(parts, version.schema, path, 'schema'),
  ];
}

type Parts = Pick<
  CustomResourceDefinitionVersion,
  'schema' | 'subresources' | 'additionalPrinterColumns' | 'selectableFields'
>;

/** What versions say each for itself, or all of them together. */
function partProblems(
  parts: Parts,
  schema: CustomResourceDefinitionVersion['schema'],
  path: string,
  schemaField: string,
): readonly FieldError[] {
  const props = parts.schema?.openAPIV3Schema as JsonObject | undefined;
  const hasStatus = parts.subresources?.status !== undefined;
  return [
    ...(props === undefined
      ? []
      : schemaProblems(props, `${path}.${schemaField}.openAPIV3Schema`, hasStatus)),
    ...scaleProblems(parts.subresources?.scale, `${path}.subresources.scale`),
    ...(parts.additionalPrinterColumns ?? []).flatMap((column, i) =>
      columnProblems(column, `${path}.additionalPrinterColumns[${i}]`),
    ),
    ...(parts.selectableFields === undefined || schema?.openAPIV3Schema === undefined
      ? []
      : selectableFieldProblems(
          parts.selectableFields,
          structuralOf(schema.openAPIV3Schema as JsonObject),
          `${path}.selectableFields`,
        )),
  ];
}

function deprecationProblems(
  { deprecated, deprecationWarning: text }: CustomResourceDefinitionVersion,
  path: string,
): readonly FieldError[] {
  if (text === undefined) return [];
  if (deprecated !== true) return [invalidValue(path, text, 'can only be set for deprecated versions')];
  const bad = Array.from(text).findIndex((each) => /[\p{C}]|[^\S ]/u.test(each));
  return [
    ...(Buffer.byteLength(text) > 256 ? [invalidValue(path, text, 'must be <= 256 characters long')] : []),
    ...(text === '' ? [invalidValue(path, text, 'must not be an empty string')] : []),
    ...(bad < 0
      ? []
      : [
          invalidValue(
            path,
            text,
            `must only contain printable UTF-8 characters; non-printable character found at index ${bad}`,
          ),
        ]),
  ];
}

function versionListProblems(
  { versions }: CustomResourceDefinitionSpec,
  parts: HoistedSpec,
): readonly FieldError[] {
  const names = new Set(versions.map(({ name }) => name));
  const stored = versions.filter(({ storage }) => storage).length;
  const first = versions[0];
  const faults = (first?.name ?? '') === '' ? [] : checkDns1035Label(first?.name ?? '');
  return [
    ...(names.size === versions.length
      ? []
      : [invalidValue('spec.versions', shownVersions(versions, parts), 'must contain unique version names')]),
    ...(stored === 1
      ? []
      : [
          invalidValue(
            'spec.versions',
            shownVersions(versions, parts),
            'must have exactly one version marked as storage version',
          ),
        ]),
    ...(faults.length === 0 ? [] : [invalidValue('spec.version', first?.name, faults.join(','))]),
  ];
}

function missingNames(names: CustomResourceDefinitionNames): readonly FieldError[] {
  return (['plural', 'singular', 'kind', 'listKind'] as const)
    .filter((field) => (names[field] ?? '') === '')
    .map((field) => required(`spec.names.${field}`));
}

/** Faults of names as they stand, in spec or status; whether they must be there is another matter. */
export function namesProblems(names: CustomResourceDefinitionNames, path: string): readonly FieldError[] {
  const { kind, listKind = '', shortNames = [], categories = [] } = names;
  const problems: FieldError[] = [];
  const label = (field: string, value: string): void => {
    const faults = value === '' ? [] : checkDns1035Label(value);
    if (faults.length > 0) problems.push(invalidValue(`${path}.${field}`, value, faults.join(',')));
  };
  const mixed = (field: string, value: string): void => {
    const faults = value === '' ? [] : checkDns1035Label(value.toLowerCase());
    const text = `may have mixed case, but should otherwise match: ${faults.join(',')}`;
    if (faults.length > 0) problems.push(invalidValue(`${path}.${field}`, value, text));
  };
  label('plural', names.plural);
  label('singular', names.singular ?? '');
  mixed('kind', kind);
  mixed('listKind', listKind);
  for (const [i, each] of shortNames.entries()) label(`shortNames[${i}]`, each);
  if (kind !== '' && kind === listKind) {
    problems.push(invalidValue(`${path}.listKind`, listKind, 'kind and listKind may not be the same'));
  }
  for (const [i, each] of categories.entries()) label(`categories[${i}]`, each);
  return problems;
}

function storedVersionProblems(
  stored: readonly string[],
  versions: readonly CustomResourceDefinitionVersion[],
): readonly FieldError[] {
  const path = 'status.storedVersions';
  if (stored.length === 0) return [invalidValue(path, undefined, 'must have at least one stored version')];
  const names = versions.map(({ name }) => name);
  return [
    ...versions
      .filter(({ storage, name }) => storage && !stored.includes(name))
      .map(({ name }) => invalidValue(path, stored, `must have the storage version ${name}`)),
    ...stored.flatMap((name, i) =>
      names.includes(name)
        ? []
        : [
            invalidValue(
              `${path}[${i}]`,
              name,
              `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
            ),
          ],
    ),
  ];
}

const strategies = ['None', 'Webhook'];

function conversionProblems(conversion: CustomResourceConversion | undefined): readonly FieldError[] {
  if (conversion === undefined) return [];
  const path = 'spec.conversion';
  const { strategy, webhook } = conversion;
  const known = [
    ...(strategy === '' ? [required(`${path}.strategy`)] : []),
    ...(strategy === '' || strategies.includes(strategy)
      ? []
      : [notSupported(`${path}.strategy`, strategy, strategies)]),
  ];
  if (strategy === 'Webhook') return [...known, ...webhookProblems(conversion, path)];
  const text = 'should not be set when strategy is not set to Webhook';
  return [
    ...known,
    ...(webhook?.clientConfig === undefined ? [] : [forbiddenField(`${path}.webhookClientConfig`, text)]),
    ...(reviewVersionsOf(webhook).length === 0
      ? []
      : [forbiddenField(`${path}.conversionReviewVersions`, text)]),
  ];
}

/** An empty list is null in Go, and in what we decode. */
function reviewVersionsOf(webhook: CustomResourceConversion['webhook']): readonly string[] {
  return (webhook?.conversionReviewVersions as readonly string[] | null | undefined) ?? [];
}

function webhookProblems({ webhook }: CustomResourceConversion, path: string): readonly FieldError[] {
  const { clientConfig } = webhook ?? {};
  const versions = reviewVersionsOf(webhook);
  const at = `${path}.conversionReviewVersions`;
  return [
    ...clientProblems(clientConfig, `${path}.webhookClientConfig`),
    ...(versions.length === 0 ? [required(at)] : []),
    ...versions.flatMap((version, i) => {
      if (versions.indexOf(version) < i) return [invalidValue(`${at}[${i}]`, version, 'duplicate version')];
      return checkDns1035Label(version).map((fault) => invalidValue(`${at}[${i}]`, version, fault));
    }),
    ...(versions.length === 0 || versions.some((each) => each === 'v1' || each === 'v1beta1')
      ? []
      : [invalidValue(at, versions, 'must include at least one of v1, v1beta1')]),
  ];
}

type ClientConfig = NonNullable<CustomResourceConversion['webhook']>['clientConfig'];

function clientProblems(config: ClientConfig, path: string): readonly FieldError[] {
  if (config === undefined) return [required(path, 'required when strategy is set to Webhook')];
  const { url, service } = config;
  if ((url === undefined) === (service === undefined)) {
    return [required(path, 'exactly one of url or service is required')];
  }
  return url === undefined
    ? webhookServiceProblems(`${path}.service`, service ?? {})
    : webhookUrlProblems(`${path}.url`, url);
}
