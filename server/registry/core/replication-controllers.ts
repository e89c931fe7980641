import { replicationControllers } from '../../../openapi/generated/resources.ts';
import type { ReplicationController, ReplicationControllerSpec } from '../../../openapi/generated/types.ts';
import { type FieldError, invalidValue, required } from '../../../openapi/machinery/status.ts';
import { onlyStatus } from '../generic/status-split.ts';
import { specChanged } from '../spec-changed.ts';
import type { Strategy } from '../strategy.ts';
import { replicationControllerTable } from '../table/core.ts';
import { labelsText } from '../table/texts.ts';
import { notNegative } from '../validation/field-errors.ts';
import { podTemplateFaults, restartsAlways } from '../validation/pod-template.ts';
import { scaleSubresource } from '../validation/scale.ts';
import { statusCountFaults } from '../validation/workloads.ts';
import { withTemplateDefaults } from './pod-defaults.ts';
import { nameWarnings } from './pod-warnings.ts';

export const replicationControllerStrategy: Strategy<ReplicationController> = {
  resource: replicationControllers,
  defaults: withDefaults,
  validate: ({ spec }) => specFaults(spec),
  warnings: ({ metadata }, old) => (old === undefined ? nameWarnings(metadata?.name) : []),
  generationGrows: specChanged,
  defaultPropagation: 'Orphan',
  fields: ({ status }) => ({ 'status.replicas': String(status?.replicas ?? 0) }),
  selectableFields: ['status.replicas'],
  table: replicationControllerTable,
  subresources: {
    scale: scaleSubresource(({ spec }) =>
      Object.keys(spec?.selector ?? {}).length === 0 ? '' : labelsText(spec?.selector),
    ),
    status: {
      form: 'part',
      verbs: ['get', 'patch', 'update'],
      prepareForUpdate: (controller, old) => onlyStatus(controller, old),
      validateUpdate: ({ status }) =>
        statusCountFaults(
          { ...status },
          ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'observedGeneration'],
          ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'],
        ),
    },
  },
};

/** Without a selector or labels of its own it takes those of its template. */
function withDefaults(controller: ReplicationController): ReplicationController {
  const { spec, metadata } = controller;
  if (spec === undefined) return controller;
  const labels = spec.template?.metadata?.labels ?? {};
  const own = Object.keys(labels).length > 0;
  const takesLabels = own && Object.keys(metadata?.labels ?? {}).length === 0;
  const takesSelector = own && Object.keys(spec.selector ?? {}).length === 0;
  return {
    ...controller,
    ...(takesLabels ? { metadata: { ...metadata, labels } } : {}),
    spec: {
      ...spec,
      replicas: spec.replicas ?? 1,
      ...(takesSelector ? { selector: labels } : {}),
      ...(spec.template === undefined ? {} : { template: withTemplateDefaults(spec.template) }),
    },
  };
}

function specFaults(spec: ReplicationControllerSpec | undefined): FieldError[] {
  const { selector = {}, template } = spec ?? {};
  const faults = [
    ...notNegative('spec.minReadySeconds', spec?.minReadySeconds),
    ...(Object.keys(selector).length === 0 ? [required('spec.selector')] : []),
    ...notNegative('spec.replicas', spec?.replicas),
  ];
  if (template === undefined) return [...faults, required('spec.template')];
  const labels = template.metadata?.labels ?? {};
  if (!Object.entries(selector).every(([key, value]) => labels[key] === value)) {
    const text = '`selector` does not match template `labels`';
    faults.push(invalidValue('spec.template.metadata.labels', template.metadata?.labels, text));
  }
  return [
    ...faults,
    ...podTemplateFaults('spec.template', template),
    ...restartsAlways('spec.template', template),
  ];
}
