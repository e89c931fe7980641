import { managedFieldsProblems } from '../../../openapi/machinery/managed-fields/manager-name.ts';
import type { ObjectMeta, OwnerReference } from '../../../openapi/machinery/object.ts';
import {
  forbiddenField,
  invalidValue,
  required,
  tooLong,
  type FieldError,
} from '../../../openapi/machinery/status.ts';
import {
  checkDns1123Label,
  checkLabelKey,
  checkLabelValue,
  type NameCheck,
} from '../../../openapi/machinery/names.ts';

const annotationsBytesMax = 256 * 1024;
const standardFinalizers = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

/** Faults of metadata that hold at any time. `standardOnly`: finalizers without a domain must be Kubernetes' own. */
export function metadataProblems(
  metadata: ObjectMeta,
  namespaced: boolean,
  nameRule: NameCheck,
  standardOnly: boolean,
): readonly FieldError[] {
  return [
    ...nameProblems(metadata, nameRule),
    ...namespaceProblems(metadata, namespaced),
    ...((metadata.generation ?? 0) < 0
      ? [invalidValue('metadata.generation', metadata.generation, 'must be greater than or equal to 0')]
      : []),
    ...labelProblems(metadata.labels ?? {}, 'metadata.labels'),
    ...annotationProblems(metadata.annotations ?? {}),
    ...ownerProblems(metadata.ownerReferences ?? []),
    ...finalizerProblems(metadata.finalizers ?? []),
    ...managedFieldsProblems(metadata.managedFields),
    ...(standardOnly ? finalizerNameProblems(metadata.finalizers ?? []) : []),
  ];
}

/** Faults of a change of metadata. */
export function metadataUpdateProblems(metadata: ObjectMeta, old: ObjectMeta): readonly FieldError[] {
  const problems: FieldError[] = [];
  if (old.deletionTimestamp !== undefined) {
    const added = (metadata.finalizers ?? []).filter((each) => !(old.finalizers ?? []).includes(each));
    if (added.length > 0) {
      problems.push(
        forbiddenField(
          'metadata.finalizers',
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((each) => JSON.stringify(each)).join(', ')}}`,
        ),
      );
    }
  }
  if ((metadata.generation ?? 0) < (old.generation ?? 0)) {
    problems.push(invalidValue('metadata.generation', metadata.generation ?? 0, 'must not be decremented'));
  }
  for (const field of ['name', 'namespace', 'uid'] as const) {
    if ((metadata[field] ?? '') !== (old[field] ?? '')) {
      problems.push(invalidValue(`metadata.${field}`, metadata[field] ?? '', 'field is immutable'));
    }
  }
  for (const field of ['creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const) {
    if ((metadata[field] ?? undefined) !== (old[field] ?? undefined)) {
      problems.push(invalidValue(`metadata.${field}`, metadata[field], 'field is immutable'));
    }
  }
  return [
    ...problems,
    ...labelProblems(metadata.labels ?? {}, 'metadata.labels'),
    ...annotationProblems(metadata.annotations ?? {}),
    ...ownerProblems(metadata.ownerReferences ?? []),
    ...managedFieldsProblems(metadata.managedFields),
  ];
}

/** Finalizers must have a domain or be Kubernetes' own. */
export function finalizerNameProblems(finalizers: readonly string[]): readonly FieldError[] {
  return finalizers.flatMap((each, index) =>
    each.includes('/') || standardFinalizers.has(each)
      ? []
      : [
          invalidValue(
            `metadata.finalizers[${index}]`,
            each,
            'name is neither a standard finalizer name nor is it fully qualified',
          ),
        ],
  );
}

/** Faults of labels, under the path of their map. */
export function labelProblems(
  labels: Readonly<Record<string, string>>,
  field: string,
): readonly FieldError[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...checkLabelKey(key).map((problem) => invalidValue(field, key, problem)),
    ...checkLabelValue(value).map((problem) => invalidValue(field, value, problem)),
  ]);
}

function nameProblems(metadata: ObjectMeta, nameRule: NameCheck): readonly FieldError[] {
  const { name = '', generateName = '' } = metadata;
  const problems: FieldError[] = [];
  if (generateName !== '') {
    for (const problem of nameRule(generateName, true))
      problems.push(invalidValue('metadata.generateName', generateName, problem));
  }
  if (name === '') return [...problems, required('metadata.name', 'name or generateName is required')];
  return [...problems, ...nameRule(name, false).map((each) => invalidValue('metadata.name', name, each))];
}

function namespaceProblems({ namespace = '' }: ObjectMeta, namespaced: boolean): readonly FieldError[] {
  if (!namespaced) {
    return namespace === '' ? [] : [forbiddenField('metadata.namespace', 'not allowed on this type')];
  }
  if (namespace === '') return [required('metadata.namespace')];
  return checkDns1123Label(namespace).map((problem) =>
    invalidValue('metadata.namespace', namespace, problem),
  );
}

function annotationProblems(annotations: Readonly<Record<string, string>>): readonly FieldError[] {
  const problems: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    for (const problem of checkLabelKey(key.toLowerCase()))
      problems.push(invalidValue('metadata.annotations', key, problem));
  }
  if (bytes > annotationsBytesMax) problems.push(tooLong('metadata.annotations', annotationsBytesMax));
  return problems;
}

function ownerProblems(owners: readonly OwnerReference[]): readonly FieldError[] {
  const problems: FieldError[] = [];
  let controller: string | undefined;
  for (const owner of owners) {
    problems.push(...oneOwnerProblems(owner));
    if (owner.controller !== true) continue;
    const name = `${owner.kind}/${owner.name}`;
    if (controller === undefined) {
      controller = name;
      continue;
    }
    problems.push(
      invalidValue(
        'metadata.ownerReferences',
        owners,
        `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`,
      ),
    );
  }
  return problems;
}

function oneOwnerProblems(owner: OwnerReference): readonly FieldError[] {
  const problems: FieldError[] = [];
  const field = 'metadata.ownerReferences';
  const parts = owner.apiVersion.split('/');
  const version = parts.length > 2 ? '' : (parts.at(-1) ?? '');
  if (version === '')
    problems.push(invalidValue(`${field}.apiVersion`, owner.apiVersion, 'version must not be empty'));
  for (const each of ['kind', 'name', 'uid'] as const) {
    if (owner[each] === '') problems.push(invalidValue(`${field}.${each}`, '', 'must not be empty'));
  }
  const group = parts.length === 2 ? (parts[0] ?? '') : '';
  if (group === '' && version === 'v1' && owner.kind === 'Event')
    problems.push(invalidValue(field, owner, '/v1, Kind=Event is disallowed from being an owner'));
  return problems;
}

function finalizerProblems(finalizers: readonly string[]): readonly FieldError[] {
  const problems = finalizers.flatMap((each) =>
    checkLabelKey(each).map((problem) => invalidValue('metadata.finalizers', each, problem)),
  );
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    problems.push(
      invalidValue(
        'metadata.finalizers',
        finalizers,
        'finalizer orphan and foregroundDeletion cannot be both set',
      ),
    );
  }
  return problems;
}

/** One reference a uid, the first; tells of duplicates in the words of Kubernetes. */
export function withUniqueOwners(
  metadata: ObjectMeta,
  warn: (text: string) => void,
  afterAdmission: boolean,
): ObjectMeta {
  const owners = metadata.ownerReferences ?? [];
  const unique = new Map<string, OwnerReference>();
  const duplicates = new Set<string>();
  for (const owner of owners) {
    if (unique.has(owner.uid)) duplicates.add(owner.uid);
    else unique.set(owner.uid, owner);
  }
  if (duplicates.size === 0) return metadata;
  const uids = [...duplicates].join(', ');
  warn(
    afterAdmission
      ? `.metadata.ownerReferences contains duplicate entries after mutating admission happens; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${uids}`
      : `.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${uids}`,
  );
  return { ...metadata, ownerReferences: [...unique.values()] };
}
