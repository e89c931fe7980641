import type { JobSpec } from '../../../openapi/generated/types.ts';
import { type FieldError, invalidValue, required, tooLong } from '../../../openapi/machinery/status.ts';
import { withTemplateDefaults } from '../core/pod-defaults.ts';
import { domainPrefixedPath, notNegative, notSupported, oneOf } from '../validation/field-errors.ts';
import { failurePolicyFaults, successPolicyFaults } from './job-policies.ts';
import { podTemplateFaults } from '../validation/pod-template.ts';

const indexesMax = 100_000;
const manyMax = 10_000;
const managedByBytesMax = 63;

/** `own`: of a Job itself; the template in a CronJob gets less. */
export function withJobDefaults(spec: JobSpec, own: boolean): JobSpec {
  const template = withTemplateDefaults(spec.template);
  if (!own) return { ...spec, template };
  const { completions, parallelism, backoffLimitPerIndex, podFailurePolicy } = spec;
  const neither = completions === undefined && parallelism === undefined;
  return {
    ...spec,
    template,
    parallelism: parallelism ?? 1,
    ...(completions === undefined && !neither ? {} : { completions: completions ?? 1 }),
    backoffLimit: spec.backoffLimit ?? (backoffLimitPerIndex === undefined ? 6 : 2147483647),
    completionMode: spec.completionMode ?? 'NonIndexed',
    suspend: spec.suspend ?? false,
    podReplacementPolicy:
      spec.podReplacementPolicy ?? (podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed'),
    manualSelector: spec.manualSelector ?? false,
    ...(podFailurePolicy === undefined
      ? {}
      : {
          podFailurePolicy: {
            ...podFailurePolicy,
            rules: ((podFailurePolicy.rules as typeof podFailurePolicy.rules | null) ?? []).map((rule) => ({
              ...rule,
              ...(rule.onPodConditions === undefined
                ? {}
                : {
                    onPodConditions: rule.onPodConditions.map((each) => ({
                      ...each,
                      status: (each.status ?? '') === '' ? 'True' : (each.status ?? ''),
                    })),
                  }),
            })),
          },
        }),
  };
}

export function jobSpecFaults(path: string, spec: JobSpec): FieldError[] {
  const numbers = [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
    'backoffLimitPerIndex',
    'maxFailedIndexes',
  ] as const;
  return [
    ...numbers.flatMap((field) => notNegative(`${path}.${field}`, spec[field])),
    ...(spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined
      ? [required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified')]
      : []),
    ...managedByFaults(`${path}.managedBy`, spec.managedBy),
    ...oneOf(`${path}.completionMode`, spec.completionMode, ['NonIndexed', 'Indexed']),
    ...(spec.completionMode === 'Indexed' ? indexedFaults(path, spec) : notIndexedFaults(path, spec)),
    ...failurePolicyFaults(`${path}.podFailurePolicy`, spec),
    ...successPolicyFaults(`${path}.successPolicy`, spec),
    ...oneOf(
      `${path}.podReplacementPolicy`,
      spec.podReplacementPolicy,
      spec.podFailurePolicy === undefined ? ['Failed', 'TerminatingOrFailed'] : ['Failed'],
    ),
    ...podTemplateFaults(`${path}.template`, spec.template),
    ...restartFaults(`${path}.template.spec.restartPolicy`, spec),
  ];
}

function indexedFaults(path: string, spec: JobSpec): FieldError[] {
  const { completions, parallelism = 0, maxFailedIndexes } = spec;
  const faults: FieldError[] = [];
  if (completions === undefined) {
    faults.push(required(`${path}.completions`, 'when completion mode is Indexed'));
  }
  if (parallelism > indexesMax) {
    const text = `must be less than or equal to ${indexesMax} when completion mode is Indexed`;
    faults.push(invalidValue(`${path}.parallelism`, parallelism, text));
  }
  if (completions !== undefined && maxFailedIndexes !== undefined && maxFailedIndexes > completions) {
    const text = 'must be less than or equal to completions';
    faults.push(invalidValue(`${path}.maxFailedIndexes`, maxFailedIndexes, text));
  }
  if (maxFailedIndexes !== undefined && maxFailedIndexes > indexesMax) {
    const text = `must be less than or equal to ${indexesMax}`;
    faults.push(invalidValue(`${path}.maxFailedIndexes`, maxFailedIndexes, text));
  }
  return [...faults, ...manyIndexesFaults(path, spec)];
}

/** So many indexes with a limit for each are kept track of only when few may fail, and few run at a time. */
function manyIndexesFaults(path: string, spec: JobSpec): FieldError[] {
  const { completions = 0, parallelism = 0, maxFailedIndexes, backoffLimitPerIndex } = spec;
  if (completions <= indexesMax || backoffLimitPerIndex === undefined) return [];
  const text = `must be less than or equal to ${manyMax} when completions are above ${indexesMax} and used with backoff limit per index`;
  return [
    ...(maxFailedIndexes === undefined
      ? [required(`${path}.maxFailedIndexes`, `must be specified when completions is above ${indexesMax}`)]
      : []),
    ...(parallelism > manyMax ? [invalidValue(`${path}.parallelism`, parallelism, text)] : []),
    ...(maxFailedIndexes !== undefined && maxFailedIndexes > manyMax
      ? [invalidValue(`${path}.maxFailedIndexes`, maxFailedIndexes, text)]
      : []),
  ];
}

function managedByFaults(path: string, name: string | undefined): FieldError[] {
  if (name === undefined) return [];
  return [
    ...domainPrefixedPath(path, name),
    ...(Buffer.byteLength(name) > managedByBytesMax ? [tooLong(path, managedByBytesMax)] : []),
  ];
}

function notIndexedFaults(path: string, spec: JobSpec): FieldError[] {
  const text = 'requires indexed completion mode';
  return (['backoffLimitPerIndex', 'maxFailedIndexes'] as const)
    .filter((field) => spec[field] !== undefined)
    .map((field) => invalidValue(`${path}.${field}`, spec[field], text));
}

function restartFaults(path: string, spec: JobSpec): FieldError[] {
  const policy = spec.template.spec?.restartPolicy ?? 'Always';
  if (policy === 'Always') return [required(path, 'valid values: "OnFailure", "Never"')];
  if (policy !== 'OnFailure' && policy !== 'Never')
    return [notSupported(path, policy, ['OnFailure', 'Never'])];
  return spec.podFailurePolicy !== undefined && policy !== 'Never'
    ? [invalidValue(path, policy, 'only "Never" is supported when podFailurePolicy is specified')]
    : [];
}
