import { namespaces } from '../../../openapi/generated/resources.ts';
import type { Namespace } from '../../../openapi/generated/types.ts';
import { type FieldError, invalidValue } from '../../../openapi/machinery/status.ts';
import type { Strategy } from '../strategy.ts';
import { namespaceTable } from '../table/core.ts';
import { texts } from '../validation/field-errors.ts';
import { dnsLabel, nameRule, qualifiedName } from '../validation/names.ts';

const nameLabel = 'kubernetes.io/metadata.name';
const ownFinalizer = 'kubernetes';

export const namespaceStrategy: Strategy<Namespace> = {
  resource: namespaces,
  resetFields: { '': [['status']], status: [['spec']], finalize: [['status']] },
  validateName: nameRule(dnsLabel),
  defaults: labelWithName,
  prepareForCreate: (namespace) => ({
    ...labelWithName(namespace),
    spec: { ...namespace.spec, finalizers: withOwn(namespace.spec?.finalizers ?? []) },
    status: { phase: 'Active' },
  }),
  prepareForUpdate: (namespace, old) => ({ ...namespace, ...finalizersOf(old) }),
  validate: ({ spec }) =>
    (spec?.finalizers ?? []).flatMap((name) => finalizerFaults('spec.finalizers', name)),
  validateUpdate: () => [],
  keepWhileDeleting: keepTerminating,
  fields: ({ status }) => ({ name: '', 'status.phase': status?.phase ?? '' }),
  selectableFields: ['status.phase', 'name'],
  table: namespaceTable,
  subresources: {
    status: {
      form: 'part',
      verbs: ['get', 'patch', 'update'],
      prepareForUpdate: (namespace, old) => ({ ...namespace, ...finalizersOf(old) }),
      validateUpdate: phaseFaults,
    },
    finalize: {
      form: 'part',
      verbs: ['update'],
      prepareForUpdate: (namespace, old) => ({
        ...namespace,
        ...(old.status === undefined ? {} : { status: old.status }),
      }),
      validateUpdate: ({ spec }) =>
        (spec?.finalizers ?? []).flatMap((name, i) => finalizerFaults(`spec.finalizers[${i}]`, name)),
      removes: (namespace) =>
        namespace.metadata?.deletionTimestamp !== undefined &&
        (namespace.spec?.finalizers ?? []).length === 0 &&
        (namespace.metadata.finalizers ?? []).length === 0,
    },
  },
};

/** Selectors of namespaces name one by this label, so it is there whatever the writer says. */
function labelWithName(namespace: Namespace): Namespace {
  const name = namespace.metadata?.name;
  if (name === undefined || name === '' || namespace.metadata?.labels?.[nameLabel] === name) return namespace;
  return {
    ...namespace,
    metadata: { ...namespace.metadata, labels: { ...namespace.metadata?.labels, [nameLabel]: name } },
  };
}

function withOwn(finalizers: readonly string[]): readonly string[] {
  return finalizers.includes(ownFinalizer) ? finalizers : [...finalizers, ownFinalizer];
}

function finalizersOf(old: Namespace): Pick<Namespace, 'spec'> {
  const { spec } = old;
  return spec === undefined ? {} : { spec };
}

/** The first deletion marks it; it goes when its finalizers have, through /finalize, or by another deletion. */
function keepTerminating(namespace: Namespace): Namespace | undefined {
  const marked = namespace.status?.phase === 'Terminating';
  if (marked && (namespace.spec?.finalizers ?? []).length === 0) return undefined;
  return marked ? namespace : { ...namespace, status: { ...namespace.status, phase: 'Terminating' } };
}

function finalizerFaults(path: string, name: string): readonly FieldError[] {
  const faults = texts(path, name, qualifiedName);
  if (name.includes('/') || name === ownFinalizer) return faults;
  const known = ['orphan', 'foregroundDeletion'];
  return known.includes(name)
    ? faults
    : [
        ...faults,
        invalidValue(path, name, 'name is neither a standard finalizer name nor is it fully qualified'),
      ];
}

function phaseFaults({ metadata, status }: Namespace): readonly FieldError[] {
  const deleting = metadata?.deletionTimestamp !== undefined;
  const wanted = deleting ? 'Terminating' : 'Active';
  if (status?.phase === wanted) return [];
  const when = deleting ? 'not empty' : 'empty';
  return [
    invalidValue(
      'status.Phase',
      status?.phase ?? '',
      `may only be '${wanted}' if \`deletionTimestamp\` is ${when}`,
    ),
  ];
}
