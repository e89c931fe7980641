import type {
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
} from '../../../openapi/generated/types.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../openapi/machinery/json.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { apiVersionOf, type Resource } from '../../../openapi/machinery/resource.ts';
import {
  forbidden,
  internalError,
  type FieldError,
  type StatusError,
} from '../../../openapi/machinery/status.ts';
import { sameJson } from '../generic/same.ts';
import type {
  PartSubresource,
  Registered,
  ServedSubresource,
  StoredForm,
  Strategy,
  Subresource,
} from '../strategy.ts';
import { customTable } from './columns.ts';
import { isTrue } from './conditions.ts';
import { withDefaults } from './default.ts';
import { dynamicSchema } from './dynamic-schema.ts';
import { finalizerWarnings } from './finalizers.ts';
import { parseJsonPath } from './json-path.ts';
import { listTypeProblems } from './list-types.ts';
import { embeddedProblems } from './metadata.ts';
import { pruneObject } from './prune.ts';
import { customScale, scaleSpecProblems, scaleStatusProblems } from './scale.ts';
import { structuralOf, type Structural } from './structural.ts';
import { valueProblems } from './validate.ts';

const allVerbs = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const verbsWhileTerminating = ['delete', 'deletecollection', 'get', 'list', 'watch'];

/** One version of a definition with its schema read. */
interface Version {
  readonly definition: CustomResourceDefinition;
  readonly version: CustomResourceDefinitionVersion;
  readonly schema: Structural;
  readonly resource: Resource;
}

/** What a definition serves: a resource for each version that it serves. `retired` aborts when they are replaced. */
export function customResources(
  definition: CustomResourceDefinition,
  retired: AbortSignal,
): readonly Registered[] {
  const versions = definition.spec.versions.map((version) => versionOf(definition, version));
  const stored = versions.find(({ version }) => version.storage);
  if (stored === undefined) return [];
  const schemas = new Map(versions.map(({ resource, schema }) => [apiVersionOf(resource), schema]));
  return versions
    .filter(({ version }) => version.served)
    .map((version) => registeredOf(version, storedForm(version, stored, schemas), retired));
}

function versionOf(definition: CustomResourceDefinition, version: CustomResourceDefinitionVersion): Version {
  const { group, scope, names } = definition.spec;
  const { plural, kind } = definition.status?.acceptedNames ?? names;
  const props = (version.schema?.openAPIV3Schema ?? {}) as JsonObject;
  return {
    definition,
    version,
    schema: structuralOf(props),
    resource: { group, version: version.name, kind, plural, namespaced: scope === 'Namespaced' },
  };
}

/** Objects keep the form of the version that they were written in; they are read by its schema and shown by that of the request. */
function storedForm(
  { definition, resource, schema }: Version,
  stored: Version,
  schemas: ReadonlyMap<string, Structural>,
): StoredForm<KubeObject> {
  const { kind } = resource;
  const apiVersion = apiVersionOf(resource);
  const storedVersion = apiVersionOf(stored.resource);
  const refuse = (from: string, to: string): void => {
    if (definition.spec.conversion?.strategy === 'Webhook' && from !== to) throw needsWebhook(kind, from, to);
  };
  return {
    resource: stored.resource,
    toStored(object) {
      refuse(apiVersion, storedVersion);
      return shown(object, stored.schema, { kind, apiVersion: storedVersion });
    },
    fromStored(object) {
      refuse(object.apiVersion ?? '', apiVersion);
      const own = schemas.get(object.apiVersion ?? '') ?? stored.schema;
      const complete = withDefaults(object as unknown as JsonValue, own) as unknown as KubeObject;
      return shown(complete, schema, { kind, apiVersion });
    },
  };
}

function needsWebhook(kind: string, from: string, to: string): StatusError {
  return internalError(
    `conversion webhook for ${from}, Kind=${kind} failed: objects are not converted by webhooks here, so they cannot be shown as ${to}`,
  );
}

function shown(
  object: KubeObject,
  schema: Structural,
  type: { readonly kind: string; readonly apiVersion: string },
): KubeObject {
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = object;
  return {
    ...type,
    ...(metadata === undefined ? {} : { metadata }),
    ...pruneObject(rest, schema, []),
  };
}

function registeredOf(version: Version, stored: StoredForm<KubeObject>, retired: AbortSignal): Registered {
  const { definition, resource } = version;
  const {
    singular = '',
    shortNames = [],
    categories = [],
    listKind,
  } = definition.status?.acceptedNames ?? definition.spec.names;
  const subresources = servedSubresources(version);
  return {
    resource,
    strategy: strategyOf(version, stored),
    schema: dynamicSchema(version.schema),
    singular,
    verbs: allVerbs,
    shortNames,
    categories,
    subresources,
    custom: {
      definition: definition.metadata?.name ?? '',
      shownVerbs: isTrue(definition, 'Terminating') ? verbsWhileTerminating : allVerbs,
      listKind: listKind ?? `${resource.kind}List`,
      schema: (version.version.schema?.openAPIV3Schema ?? {}) as JsonObject,
      selectableFields: (version.version.selectableFields ?? []).map(({ jsonPath }) => jsonPath),
      retired,
    },
  };
}

function servedSubresources({ version, resource }: Version): readonly ServedSubresource[] {
  const { status, scale } = version.subresources ?? {};
  const verbs = ['get', 'patch', 'update'];
  const { group, version: name, kind } = resource;
  return [
    ...(scale === undefined
      ? []
      : [{ name: 'scale', verbs, group: 'autoscaling', version: 'v1', kind: 'Scale' }]),
    ...(status === undefined ? [] : [{ name: 'status', verbs, group, version: name, kind }]),
  ];
}

function strategyOf(of: Version, stored: StoredForm<KubeObject>): Strategy {
  const { definition, version, resource, schema } = of;
  const { scale, status } = version.subresources ?? {};
  const subresources: Record<string, Subresource<KubeObject>> = {};
  if (status !== undefined) subresources['status'] = statusOf(of);
  if (scale !== undefined) subresources['scale'] = customScale(scale);
  const isTerminating = isTrue(definition, 'Terminating');
  return {
    resource,
    stored,
    prepareForCreate(object) {
      if (isTerminating) throw terminating(resource, object);
      return object;
    },
    validate: (object) => objectProblems(of, object),
    validateUpdate: (object, old) => updateProblems(of, object, old),
    warnings: finalizerWarnings,
    anyFinalizers: true,
    generationGrows: (object, old) => !sameJson(withoutMetadata(object), withoutMetadata(old)),
    status: status === undefined ? 'ordinary' : 'reset',
    allowUnconditionalUpdate: false,
    ...fieldsOf(version, schema),
    table: customTable(version.additionalPrinterColumns ?? []),
    subresources,
    ...(version.deprecated === true ? { deprecation: deprecationOf(version, resource) } : {}),
  };
}

function terminating(resource: Resource, object: KubeObject): Error {
  const why = 'create not allowed while custom resource definition is terminating';
  return forbidden(resource, object.metadata?.name ?? '', why);
}

function deprecationOf({ deprecationWarning }: CustomResourceDefinitionVersion, resource: Resource): string {
  return deprecationWarning ?? `${apiVersionOf(resource)} ${resource.kind} is deprecated`;
}

function withoutMetadata(object: KubeObject): object {
  const { metadata: _metadata, ...rest } = object;
  return rest;
}

function fieldsOf(
  { selectableFields = [] }: CustomResourceDefinitionVersion,
  _schema: Structural,
): Pick<Strategy, 'fields' | 'selectableFields'> {
  const paths = selectableFields.map(({ jsonPath }) => ({
    name: jsonPath.replace(/^\./, ''),
    find: parseJsonPath(jsonPath),
  }));
  return {
    selectableFields: paths.map(({ name }) => name),
    fields: (object) =>
      Object.fromEntries(
        paths.map(({ name, find }) => [name, textOf(find(object as unknown as JsonValue)[0])]),
      ),
  };
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : '';
}

function objectProblems({ schema, version }: Version, object: KubeObject): readonly FieldError[] {
  const value = object as unknown as JsonValue;
  const { scale } = version.subresources ?? {};
  return [
    ...valueProblems(value, schema, ''),
    ...(scale === undefined ? [] : scaleSpecProblems(object, scale)),
    ...(scale === undefined ? [] : scaleStatusProblems(object, scale)),
    ...embeddedProblems(value, schema),
    ...listTypeProblems(value, schema),
  ];
}

function updateProblems(
  { schema, version }: Version,
  object: KubeObject,
  old: KubeObject,
): readonly FieldError[] {
  const value = object as unknown as JsonValue;
  const { scale } = version.subresources ?? {};
  return [
    ...valueProblems(value, schema, '', { value: old as unknown as JsonValue, schema }),
    ...(scale === undefined ? [] : scaleSpecProblems(object, scale)),
    ...(scale === undefined ? [] : scaleStatusProblems(object, scale)),
    ...embeddedProblems(value, schema),
    ...changedListProblems(schema, object, old),
  ];
}

/** Lists that were wrong already may stay so. */
function changedListProblems(schema: Structural, object: KubeObject, old: KubeObject): readonly FieldError[] {
  const problems = listTypeProblems(object as unknown as JsonValue, schema);
  return problems.length > 0 && listTypeProblems(old as unknown as JsonValue, schema).length === 0
    ? problems
    : [];
}

/** The status of a custom object: nothing else changes by this path, not even labels. */
function statusOf({ schema, version }: Version): PartSubresource<KubeObject> {
  const statusSchema = schema.properties.get('status');
  const { scale } = version.subresources ?? {};
  return {
    form: 'part',
    verbs: ['get', 'update', 'patch'],
    prepareForUpdate(object, old) {
      const { status: _old, ...rest } = old as KubeObject & { readonly status?: unknown };
      const { status } = object as KubeObject & { readonly status?: unknown };
      const { resourceVersion, managedFields } = object.metadata ?? {};
      const metadata = {
        ...rest.metadata,
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
        ...(managedFields === undefined ? {} : { managedFields }),
      };
      return { ...rest, metadata, ...(status === undefined ? {} : { status }) };
    },
    validateUpdate(object, old) {
      const now = statusIn(object);
      const before = statusIn(old);
      return [
        ...(statusSchema === undefined || now === undefined
          ? []
          : valueProblems(
              now,
              statusSchema,
              'status',
              before === undefined ? undefined : { value: before, schema: statusSchema },
            )),
        ...(scale === undefined ? [] : scaleStatusProblems(object, scale)),
        ...changedListProblems(schema, object, old),
      ];
    },
  };
}

function statusIn(object: KubeObject): JsonValue | undefined {
  return isJsonObject(object) ? object['status'] : undefined;
}
