import type { JobSpec } from '../../../openapi/generated/types.ts';
import { type FieldError, invalidValue, required } from '../../../openapi/machinery/status.ts';
import { withTemplateDefaults } from '../core/pod-defaults.ts';
import { notNegative, notSupported, oneOf } from '../validation/field-errors.ts';
import { podTemplateFaults } from '../validation/pod-template.ts';

const indexesMax = 100_000;

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
    ...oneOf(`${path}.completionMode`, spec.completionMode, ['NonIndexed', 'Indexed']),
    ...(spec.completionMode === 'Indexed' ? indexedFaults(path, spec) : notIndexedFaults(path, spec)),
    ...failurePolicyFaults(path, spec),
    ...oneOf(`${path}.podReplacementPolicy`, spec.podReplacementPolicy, ['Failed', 'TerminatingOrFailed']),
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
  if (
    spec.successPolicy !== undefined &&
    ((spec.successPolicy.rules as readonly unknown[] | undefined) ?? []).length === 0
  ) {
    const text = 'at least one rules must be specified when the successPolicy is specified';
    faults.push(required(`${path}.successPolicy.rules`, text));
  }
  return faults;
}

function notIndexedFaults(path: string, spec: JobSpec): FieldError[] {
  const text = 'requires indexed completion mode';
  return (['backoffLimitPerIndex', 'maxFailedIndexes', 'successPolicy'] as const)
    .filter((field) => spec[field] !== undefined)
    .map((field) => invalidValue(`${path}.${field}`, spec[field], text));
}

const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];

function failurePolicyFaults(path: string, spec: JobSpec): FieldError[] {
  const template = spec.template.spec;
  const names = [...(template?.containers ?? []), ...(template?.initContainers ?? [])].map(
    ({ name }) => name,
  );
  return (spec.podFailurePolicy?.rules ?? []).flatMap((rule, i) => {
    const at = `${path}.podFailurePolicy.rules[${i}]`;
    const { action, onExitCodes: codes, onPodConditions: conditions = [] } = rule;
    const faults = oneOf(`${at}.action`, action, actions);
    if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined) {
      faults.push(invalidValue(`${at}.action`, action, 'requires the backoffLimitPerIndex to be set'));
    }
    if (codes !== undefined) {
      if (codes.containerName !== undefined && !names.includes(codes.containerName)) {
        const text = 'must be one of the container or initContainer names in the pod template';
        faults.push(invalidValue(`${at}.onExitCodes.containerName`, codes.containerName, text));
      }
      faults.push(...oneOf(`${at}.onExitCodes.operator`, codes.operator, ['In', 'NotIn']));
      if (codes.operator === 'In' && codes.values.includes(0)) {
        const index = codes.values.indexOf(0);
        faults.push(
          invalidValue(`${at}.onExitCodes.values[${index}]`, 0, 'must not be 0 for the In operator'),
        );
      }
    }
    if (codes !== undefined && conditions.length > 0) {
      faults.push(bare(at, 'specifying both OnExitCodes and OnPodConditions is not supported'));
    }
    if (codes === undefined && conditions.length === 0) {
      faults.push(bare(at, 'specifying one of OnExitCodes and OnPodConditions is required'));
    }
    return faults;
  });
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

/** As Kubernetes tells it: without a value. */
function bare(path: string, text: string): FieldError {
  return { field: path, reason: 'FieldValueInvalid', message: `Invalid value: ${text}` };
}
