import { isDeepStrictEqual } from 'node:util';
import { replicaSets } from '../../../openapi/generated/resources.ts';
import type { ReplicaSet, ReplicaSetSpec } from '../../../openapi/generated/types.ts';
import type { FieldError } from '../../../openapi/machinery/status.ts';
import { withTemplateDefaults } from '../core/pod-defaults.ts';
import { nameWarnings, templateWarnings } from '../core/pod-warnings.ts';
import { onlyStatus } from '../generic/status-split.ts';
import { specChanged } from '../spec-changed.ts';
import type { Strategy } from '../strategy.ts';
import { selectorQuery } from '../table/texts.ts';
import { replicaSetTable } from '../table/workloads.ts';
import { notNegative, unchanged } from '../validation/field-errors.ts';
import { scaleSubresource } from '../validation/scale.ts';
import {
  statusCountFaults,
  workloadSelectorFaults,
  workloadTemplateFaults,
} from '../validation/workloads.ts';

const words = { kind: 'ReplicaSet', emptyFor: 'deployment' };

export const replicaSetStrategy: Strategy<ReplicaSet> = {
  resource: replicaSets,
  defaults: (set) => {
    const { spec } = set;
    if (spec === undefined) return set;
    const { template } = spec;
    return {
      ...set,
      spec: {
        ...spec,
        replicas: spec.replicas ?? 1,
        ...(template === undefined ? {} : { template: withTemplateDefaults(template) }),
      },
    };
  },
  validate: ({ spec }) => specFaults(spec),
  validateUpdate: ({ spec }, old) => [
    ...specFaults(spec),
    ...unchanged('spec.selector', spec?.selector, old.spec?.selector),
  ],
  generationGrows: specChanged,
  warnings: ({ metadata, spec }, old) => [
    ...(old === undefined ? nameWarnings(metadata?.name) : []),
    ...(isDeepStrictEqual(spec?.template, old?.spec?.template)
      ? []
      : templateWarnings('spec.template', spec?.template)),
  ],
  table: replicaSetTable,
  subresources: {
    scale: scaleSubresource(({ spec }) => selectorQuery(spec?.selector)),
    status: {
      form: 'part',
      verbs: ['get', 'patch', 'update'],
      prepareForUpdate: (set, old) => onlyStatus(set, old),
      validateUpdate: ({ status }) =>
        statusCountFaults(
          { ...status },
          [
            'replicas',
            'fullyLabeledReplicas',
            'readyReplicas',
            'availableReplicas',
            'terminatingReplicas',
            'observedGeneration',
          ],
          ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'],
        ),
    },
  },
};

function specFaults(spec: ReplicaSetSpec | undefined): FieldError[] {
  if (spec === undefined) return workloadSelectorFaults('spec.selector', undefined, words);
  return [
    ...notNegative('spec.replicas', spec.replicas),
    ...notNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...workloadSelectorFaults('spec.selector', spec.selector, words),
    ...workloadTemplateFaults(spec, words),
  ];
}
