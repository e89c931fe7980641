import { isDeepStrictEqual } from 'node:util';
import { jobs } from '../../../openapi/generated/resources.ts';
import type { Container, Job, JobSpec, PodSpec, PodTemplateSpec } from '../../../openapi/generated/types.ts';
import { type FieldError, invalidValue, required } from '../../../openapi/machinery/status.ts';
import { nameWarnings, templateWarnings } from '../core/pod-warnings.ts';
import { onlyStatus } from '../generic/status-split.ts';
import { specChanged } from '../spec-changed.ts';
import type { Strategy } from '../strategy.ts';
import { jobTable } from '../table/workloads.ts';
import { unchanged } from '../validation/field-errors.ts';
import { goValue } from '../validation/go-text.ts';
import { dnsLabel } from '../validation/names.ts';
import { labelSelectorFaults } from '../validation/selectors.ts';
import { matchFaults } from '../validation/workloads.ts';
import { jobSpecFaults, withJobDefaults } from './job-spec.ts';
import { jobStatusFaults } from './job-status.ts';

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
  subresources: {
    status: {
      form: 'part',
      verbs: ['get', 'patch', 'update'],
      prepareForUpdate: (job, old) => onlyStatus(job, old),
      validateUpdate: jobStatusFaults,
    },
  },
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
    ...frozen.flatMap((field) => frozenFaults(field, spec?.[field], old?.[field])),
  ];
}

const printed: Readonly<Record<string, string>> = {
  podFailurePolicy: 'batch.PodFailurePolicy',
  successPolicy: 'batch.SuccessPolicy',
};

function frozenFaults(field: string, now: unknown, before: unknown): FieldError[] {
  if (isDeepStrictEqual(now, before)) return [];
  const type = printed[field];
  const value = now === undefined || type === undefined ? (now ?? null) : goValue(type, now);
  return [invalidValue(`spec.${field}`, value, 'field is immutable')];
}

function completionsFaults(spec: JobSpec | undefined, old: JobSpec | undefined): FieldError[] {
  const path = 'spec.completions';
  if (spec?.completionMode !== 'Indexed') {
    return unchanged(path, spec?.completions ?? null, old?.completions ?? null);
  }
  if (spec.completions === old?.completions || spec.completions === spec.parallelism) return [];
  return [invalidValue(path, spec.completions, 'can only be modified in tandem with spec.parallelism')];
}

/** While a Job is suspended and has not begun, where its pods go may still change, and what they are given. */
function templateFaults(spec: JobSpec | undefined, old: JobSpec | undefined, oldJob: Job): FieldError[] {
  if (spec === undefined || old === undefined) return [];
  const { template } = spec;
  const open = old.suspend === true && oldJob.status?.startTime === undefined;
  if (!open) return immutable('spec.template', 'PodTemplateSpec', template, old.template);
  const movable = withSchedulingOf(template, old.template);
  const before = withResourcesOf(template.spec, movable.spec);
  return immutable('spec.template.spec', 'PodSpec', template.spec, before);
}

function immutable(path: string, type: string, now: unknown, before: unknown): FieldError[] {
  const value = goValue(type, now);
  return isDeepStrictEqual(value, goValue(type, before))
    ? []
    : [invalidValue(path, value, 'field is immutable')];
}

/** The old template, going where the new one goes. */
function withSchedulingOf(now: PodTemplateSpec, old: PodTemplateSpec): PodTemplateSpec {
  const { nodeSelector, tolerations, schedulingGates, affinity } = now.spec ?? {};
  const { nodeAffinity: _node, ...otherAffinity } = old.spec?.affinity ?? {};
  const wanted = affinity?.nodeAffinity;
  const kept = { ...otherAffinity, ...(wanted === undefined ? {} : { nodeAffinity: wanted }) };
  const {
    nodeSelector: _selector,
    tolerations: _tolerations,
    schedulingGates: _gates,
    affinity: _affinity,
    ...rest
  } = old.spec ?? { containers: [] };
  const { labels: _labels, annotations: _annotations, ...metadata } = old.metadata ?? {};
  const { labels, annotations } = now.metadata ?? {};
  return {
    metadata: {
      ...metadata,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
    },
    spec: {
      ...rest,
      ...(nodeSelector === undefined ? {} : { nodeSelector }),
      ...(tolerations === undefined ? {} : { tolerations }),
      ...(schedulingGates === undefined ? {} : { schedulingGates }),
      ...(affinity === undefined && Object.keys(kept).length === 0 ? {} : { affinity: kept }),
    },
  };
}

function withResourcesOf(now: PodSpec | undefined, old: PodSpec | undefined): PodSpec {
  const spec = old ?? { containers: [] };
  return {
    ...spec,
    containers: resourced(now?.containers ?? [], spec.containers),
    ...(spec.initContainers === undefined
      ? {}
      : { initContainers: resourced(now?.initContainers ?? [], spec.initContainers) }),
  };
}

function resourced(now: readonly Container[], old: readonly Container[]): readonly Container[] {
  if (now.length !== old.length) return old;
  return old.map((container, i) => {
    const { resources: _old, ...rest } = container;
    const resources = now[i]?.name === container.name ? now[i].resources : container.resources;
    return resources === undefined ? rest : { ...rest, resources };
  });
}
