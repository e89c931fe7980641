import { customResourceDefinitions } from '../../../openapi/generated/resources.ts';
import type { CustomResourceDefinition } from '../../../openapi/generated/types.ts';
import { timeText } from '../../../openapi/machinery/clock.ts';
import { withCondition } from '../custom/conditions.ts';
import { onlyStatus } from '../generic/status-split.ts';
import { specChanged } from '../spec-changed.ts';
import type { Strategy } from '../strategy.ts';
import { cleanupFinalizer } from './cleanup-finalizer.ts';
import { unknownFormats } from './unknown-formats.ts';
import { definitionProblems, namesProblems } from './definition-problems.ts';

export const customResourceDefinitionStrategy: Strategy<CustomResourceDefinition> = {
  resource: customResourceDefinitions,
  allowUnconditionalUpdate: false,
  anyFinalizers: true,
  status: 'ordinary',
  defaults: withDefaults,
  prepareForCreate: (object) =>
    withStoredVersion({ ...object, status: { acceptedNames: { plural: '', kind: '' }, storedVersions: [] } }),
  prepareForUpdate: (object, old) =>
    withStoredVersion(old.status === undefined ? object : { ...object, status: old.status }),
  validate: (object) => definitionProblems(object, undefined),
  validateUpdate: (object, old) => definitionProblems(object, old),
  warnings: (object, old) => [...newFormats(object, old), ...ineffective(object)],
  generationGrows: specChanged,
  keepWhileDeleting: keepTerminating,
  subresources: {
    status: {
      form: 'part',
      verbs: ['get', 'patch', 'update'],
      prepareForUpdate: onlyStatus as Strategy<CustomResourceDefinition>['prepareForUpdate'] & object,
      validateUpdate: ({ status }) =>
        namesProblems(status?.acceptedNames ?? { plural: '', kind: '' }, 'status.acceptedNames'),
    },
  },
};

function withDefaults(object: CustomResourceDefinition): CustomResourceDefinition {
  const { names, conversion = { strategy: 'None' } } = object.spec;
  const { kind, singular = '', listKind = '' } = names;
  const service = conversion.webhook?.clientConfig?.service;
  return {
    ...object,
    spec: {
      ...object.spec,
      names: ordered({
        ...names,
        ...(singular === '' && kind !== '' ? { singular: kind.toLowerCase() } : {}),
        ...(listKind === '' && kind !== '' ? { listKind: `${kind}List` } : {}),
      }),
      conversion:
        service === undefined || conversion.webhook === undefined
          ? conversion
          : {
              ...conversion,
              webhook: {
                ...conversion.webhook,
                clientConfig: {
                  ...conversion.webhook.clientConfig,
                  service: { ...service, port: service.port ?? 443 },
                },
              },
            },
    },
  };
}

/** Formats that nobody checks, each where it is new. */
function newFormats(
  object: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): readonly string[] {
  const known = old === undefined ? [] : unknownFormats(old.spec);
  return unknownFormats(object.spec)
    .filter((format) => !known.includes(format))
    .map((format) => `unrecognized format ${JSON.stringify(format)}`);
}

/** What is stored, but has no effect here: nobody should find that out by himself. */
function ineffective({ spec }: CustomResourceDefinition): readonly string[] {
  const rules = spec.versions.flatMap(({ schema }, i) =>
    JSON.stringify(schema ?? {}).includes('"x-kubernetes-validations":[')
      ? [`spec.versions[${i}].schema: x-kubernetes-validations are stored, but this server does not run them`]
      : [],
  );
  if (spec.conversion?.strategy !== 'Webhook' || spec.versions.length < 2) return rules;
  return [
    ...rules,
    'spec.conversion: this server does not call conversion webhooks: objects can be used in the version in which they are stored only',
  ];
}

type Spec = CustomResourceDefinition['spec'];
type Names = Spec['names'];

/** In the order of the Go struct. */
function ordered({ plural, singular, shortNames, kind, listKind, categories }: Names): Names {
  return {
    plural,
    ...(singular === undefined ? {} : { singular }),
    ...(shortNames === undefined ? {} : { shortNames }),
    kind,
    ...(listKind === undefined ? {} : { listKind }),
    ...(categories === undefined ? {} : { categories }),
  };
}

/** The version that objects are written in from now on is one that may be found in the store. */
function withStoredVersion(object: CustomResourceDefinition): CustomResourceDefinition {
  // An empty list is null in Go, and in what we decode.
  const versions = (object.spec.versions as Spec['versions'] | null) ?? [];
  const stored = versions.find(({ storage }) => storage)?.name;
  const known = object.status?.storedVersions ?? [];
  const storedVersions = stored === undefined || known.includes(stored) ? known : [...known, stored];
  return {
    ...object,
    status: {
      conditions: null as never,
      ...object.status,
      ...(storedVersions.length === 0 ? { storedVersions: null as never } : { storedVersions }),
    },
  };
}

/** The objects go first: the definition stays, says so, and takes no new ones. */
function keepTerminating(
  object: CustomResourceDefinition,
  now: number,
): CustomResourceDefinition | undefined {
  const { deletionTimestamp, finalizers = [] } = object.metadata ?? {};
  if (deletionTimestamp !== undefined) return finalizers.length === 0 ? undefined : object;
  const marked = withCondition(
    object,
    {
      type: 'Terminating',
      status: 'True',
      reason: 'InstanceDeletionPending',
      message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
    },
    now,
  );
  const all = finalizers.includes(cleanupFinalizer) ? finalizers : [...finalizers, cleanupFinalizer];
  return {
    ...marked,
    metadata: { ...marked.metadata, deletionTimestamp: timeText(now), finalizers: all },
  };
}
