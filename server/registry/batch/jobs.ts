import { isDeepStrictEqual } from 'node:util';
import { jobs } from '../../../openapi/generated/resources.ts';
import type { Job, JobSpec, PodTemplateSpec } from '../../../openapi/generated/types.ts';
import { type FieldError, invalidValue, required } from '../../../openapi/machinery/status.ts';
import { nameWarnings, templateWarnings } from '../core/pod-warnings.ts';
import { specChanged } from '../spec-changed.ts';
import type { Strategy } from '../strategy.ts';
import { jobTable } from '../table/workloads.ts';
import { unchanged } from '../validation/field-errors.ts';
import { dnsLabel } from '../validation/names.ts';
import { labelSelectorFaults } from '../validation/selectors.ts';
import { matchFaults } from '../validation/workloads.ts';
import { jobSpecFaults, withJobDefaults } from './job-spec.ts';

const nameLabels = ['job-name', 'batch.kubernetes.io/job-name'];
const ownerLabels = ['controller-uid', 'batch.kubernetes.io/controller-uid'];
const ownerLabel = 'batch.kubernetes.io/controller-uid';

export const jobStrategy: Strategy<Job> = {
  resource: jobs,
  defaults: withDefaults,
  prepareForCreate: (job) => (job.spec?.manualSelector === true ? job : withOwnSelector(job)),
  validate: (job) => [...generatedLabelFaults(job), ...specFaults(job.spec), ...hostNameFaults(job)],
  validateUpdate: ({ spec }, old) => [...specFaults(spec), ...updateFaults(spec, old.spec, old)],
  warnings: ({ metadata, spec }, old) =>
    old === undefined
      ? [...nameWarnings(metadata?.name), ...templateWarnings('spec.template', spec?.template)]
      : [],
  generationGrows: specChanged,
  defaultPropagation: 'Orphan',
  defaultPropagationWarning:
    'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
  fields: ({ status }) => ({ 'status.successful': String(status?.succeeded ?? 0) }),
  selectableFields: ['status.successful'],
  table: jobTable,
};

function withDefaults(job: Job): Job {
  const { spec, metadata } = job;
  if (spec === undefined) return job;
  const labels = spec.template.metadata?.labels ?? {};
  const takes = Object.keys(metadata?.labels ?? {}).length === 0 && Object.keys(labels).length > 0;
  return {
    ...job,
    ...(takes ? { metadata: { ...metadata, labels } } : {}),
    spec: withJobDefaults(spec, true),
  };
}

/** A Job finds its pods by its own uid: two Jobs never share one. */
function withOwnSelector(job: Job): Job {
  const { spec, metadata } = job;
  if (spec === undefined) return job;
  const [name, uid] = [metadata?.name ?? '', metadata?.uid ?? ''];
  const own = Object.fromEntries([
    ...nameLabels.map((label) => [label, name]),
    ...ownerLabels.map((label) => [label, uid]),
  ]) as Record<string, string>;
  const { template, selector } = spec;
  const given = template.metadata?.labels ?? {};
  const labels = { ...own, ...given };
  const borrowed =
    Object.keys(metadata?.labels ?? {}).length === 0 || isDeepStrictEqual(metadata?.labels, given);
  return {
    ...job,
    // Labels that a Job has from its template are those of its pods, with the generated ones.
    ...(borrowed ? { metadata: { ...metadata, labels } } : {}),
    spec: {
      ...spec,
      selector: { ...selector, matchLabels: { [ownerLabel]: uid, ...selector?.matchLabels } },
      template: {
        ...template,
        metadata: { ...template.metadata, labels },
      },
    },
  };
}

/** Labels that the writer set by hand must say the same as the generated ones. */
function generatedLabelFaults({ metadata, spec }: Job): FieldError[] {
  if (spec?.manualSelector === true) return [];
  const labels = spec?.template.metadata?.labels ?? {};
  const wrong = (keys: readonly string[], wanted: string): FieldError[] =>
    keys
      .filter((key) => labels[key] !== wanted)
      .map((key) => {
        const text = `must be '${wanted}'`;
        return invalidValue(`spec.template.metadata.labels[${key}]`, labels[key] ?? '', text);
      });
  const uid = metadata?.uid ?? '';
  return [
    ...wrong(ownerLabels, uid),
    ...wrong(nameLabels, metadata?.name ?? ''),
    ...(isDeepStrictEqual(spec?.selector, { matchLabels: { [ownerLabel]: uid } })
      ? []
      : [invalidValue('spec.selector', spec?.selector, '`selector` not auto-generated')]),
  ];
}

function specFaults(spec: JobSpec | undefined): FieldError[] {
  if (spec === undefined) return [required('spec.selector')];
  return [
    ...jobSpecFaults('spec', spec),
    ...(spec.selector === undefined
      ? [required('spec.selector')]
      : labelSelectorFaults('spec.selector', spec.selector)),
    ...matchFaults(spec.selector, spec.template),
  ];
}

/** The pods of an indexed Job carry their index in their host name. */
function hostNameFaults({ metadata, spec }: Job): FieldError[] {
  const completions = spec?.completions ?? 0;
  if (spec?.completionMode !== 'Indexed' || completions < 1) return [];
  const name = metadata?.name ?? '';
  const longest = `${name}-${completions - 1}`;
  if (dnsLabel(longest).length === 0) return [];
  return [
    invalidValue('metadata.name', name, `will not able to create pod with invalid DNS label: ${longest}`),
  ];
}

function updateFaults(spec: JobSpec | undefined, old: JobSpec | undefined, oldJob: Job): FieldError[] {
  const frozen = [
    'completionMode',
    'podFailurePolicy',
    'backoffLimitPerIndex',
    'managedBy',
    'successPolicy',
  ] as const;
  return [
    ...completionsFaults(spec, old),
    ...unchanged('spec.selector', spec?.selector, old?.selector),
    ...templateFaults(spec, old, oldJob),
    ...frozen.flatMap((field) => unchanged(`spec.${field}`, spec?.[field] ?? null, old?.[field] ?? null)),
  ];
}

function completionsFaults(spec: JobSpec | undefined, old: JobSpec | undefined): FieldError[] {
  const path = 'spec.completions';
  if (spec?.completionMode !== 'Indexed') {
    return unchanged(path, spec?.completions ?? null, old?.completions ?? null);
  }
  if (spec.completions === old?.completions || spec.completions === spec.parallelism) return [];
  return [invalidValue(path, spec.completions, 'can only be modified in tandem with spec.parallelism')];
}

/** While a Job is suspended and has not begun, where its pods go may still change. */
function templateFaults(spec: JobSpec | undefined, old: JobSpec | undefined, oldJob: Job): FieldError[] {
  if (spec === undefined || old === undefined) return [];
  const open = old.suspend === true && oldJob.status?.startTime === undefined;
  const [now, before] = open
    ? [fixedPart(spec.template), fixedPart(old.template)]
    : [spec.template, old.template];
  return isDeepStrictEqual(now, before)
    ? []
    : [invalidValue('spec.template', spec.template, 'field is immutable')];
}

function fixedPart({ spec }: PodTemplateSpec): object {
  const {
    nodeSelector: _selector,
    tolerations: _tolerations,
    affinity: _affinity,
    schedulingGates: _gates,
    containers,
    ...rest
  } = spec ?? { containers: [] };
  return { ...rest, containers: containers.map(({ resources: _resources, ...container }) => container) };
}
