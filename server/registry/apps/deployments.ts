import { isDeepStrictEqual } from 'node:util';
import { deployments } from '../../../openapi/generated/resources.ts';
import type { Deployment, DeploymentSpec } from '../../../openapi/generated/types.ts';
import { type FieldError, forbiddenField, invalidValue } from '../../../openapi/machinery/status.ts';
import { withTemplateDefaults } from '../core/pod-defaults.ts';
import { nameWarnings, templateWarnings } from '../core/pod-warnings.ts';
import { onlyStatus } from '../generic/status-split.ts';
import { specChanged } from '../spec-changed.ts';
import type { Strategy } from '../strategy.ts';
import { selectorQuery } from '../table/texts.ts';
import { deploymentTable } from '../table/workloads.ts';
import { notNegative, notSupported, unchanged } from '../validation/field-errors.ts';
import { amountOf, intOrPercentFaults, notMoreThanAll } from '../validation/int-or-percent.ts';
import { scaleSubresource } from '../validation/scale.ts';
import {
  statusCountFaults,
  workloadSelectorFaults,
  workloadTemplateFaults,
} from '../validation/workloads.ts';
import { goValue } from '../validation/go-text.ts';

const words = { kind: 'ReplicaSet', emptyFor: 'deployment' };

export const deploymentStrategy: Strategy<Deployment> = {
  resource: deployments,
  resetFields: { '': [['status']], status: [['spec'], ['metadata', 'labels']] },
  defaults: (deployment) => ({
    ...deployment,
    ...(deployment.spec === undefined ? {} : { spec: withDefaults(deployment.spec) }),
  }),
  validate: ({ spec }) => specFaults(spec),
  validateUpdate: ({ spec }, old) => [
    ...specFaults(spec),
    ...unchanged('spec.selector', spec?.selector, old.spec?.selector),
  ],
  // Annotations of a Deployment go on to its ReplicaSets, so a change of them is one that the controller must see.
  generationGrows: (deployment, old) =>
    specChanged(deployment, old) ||
    !isDeepStrictEqual(deployment.metadata?.annotations ?? {}, old.metadata?.annotations ?? {}),
  warnings: ({ metadata, spec }, old) => [
    ...(old === undefined ? nameWarnings(metadata?.name) : []),
    ...(isDeepStrictEqual(spec?.template, old?.spec?.template)
      ? []
      : templateWarnings('spec.template', spec?.template)),
  ],
  table: deploymentTable,
  subresources: {
    scale: scaleSubresource(({ spec }) => selectorQuery(spec?.selector)),
    status: {
      form: 'part',
      verbs: ['get', 'patch', 'update'],
      prepareForUpdate: (deployment, old) => {
        const { labels: _labels, ...metadata } = deployment.metadata ?? {};
        const labels = old.metadata?.labels;
        const part = onlyStatus(deployment, old) as Deployment;
        return { ...part, metadata: labels === undefined ? metadata : { ...metadata, labels } };
      },
      validateUpdate: (deployment, old) => statusFaults(deployment, old),
    },
  },
};

function withDefaults(spec: DeploymentSpec): DeploymentSpec {
  const type = (spec.strategy?.type ?? '') === '' ? 'RollingUpdate' : (spec.strategy?.type ?? '');
  const rolling = spec.strategy?.rollingUpdate;
  return {
    ...spec,
    replicas: spec.replicas ?? 1,
    template: withTemplateDefaults(spec.template),
    strategy: {
      ...spec.strategy,
      type,
      ...(type === 'RollingUpdate'
        ? {
            rollingUpdate: {
              ...rolling,
              maxUnavailable: rolling?.maxUnavailable ?? '25%',
              maxSurge: rolling?.maxSurge ?? '25%',
            },
          }
        : {}),
    },
    revisionHistoryLimit: spec.revisionHistoryLimit ?? 10,
    progressDeadlineSeconds: spec.progressDeadlineSeconds ?? 600,
  };
}

function specFaults(spec: DeploymentSpec | undefined): FieldError[] {
  if (spec === undefined) return workloadSelectorFaults('spec.selector', undefined, words);
  const { progressDeadlineSeconds: deadline, minReadySeconds = 0 } = spec;
  return [
    ...notNegative('spec.replicas', spec.replicas),
    ...workloadSelectorFaults('spec.selector', spec.selector, words),
    ...workloadTemplateFaults(spec, words),
    ...strategyFaults(spec.strategy),
    ...notNegative('spec.minReadySeconds', minReadySeconds),
    ...notNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
    ...notNegative('spec.progressDeadlineSeconds', deadline),
    ...(deadline !== undefined && deadline <= minReadySeconds
      ? [invalidValue('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds')]
      : []),
  ];
}

function strategyFaults(strategy: DeploymentSpec['strategy']): FieldError[] {
  const path = 'spec.strategy';
  const { type = '', rollingUpdate } = strategy ?? {};
  if (type === 'Recreate') {
    const text = "may not be specified when strategy `type` is 'Recreate'";
    return rollingUpdate === undefined ? [] : [forbiddenField(`${path}.rollingUpdate`, text)];
  }
  if (type !== 'RollingUpdate') {
    return [notSupported(path, goValue('apps.DeploymentStrategy', strategy), ['Recreate', 'RollingUpdate'])];
  }
  const { maxUnavailable, maxSurge } = rollingUpdate ?? {};
  const at = `${path}.rollingUpdate`;
  return [
    ...intOrPercentFaults(`${at}.maxUnavailable`, maxUnavailable),
    ...intOrPercentFaults(`${at}.maxSurge`, maxSurge),
    ...(amountOf(maxUnavailable) === 0 && amountOf(maxSurge) === 0
      ? [invalidValue(`${at}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0')]
      : []),
    ...notMoreThanAll(`${at}.maxUnavailable`, maxUnavailable),
  ];
}

const counters = [
  'observedGeneration',
  'replicas',
  'updatedReplicas',
  'readyReplicas',
  'availableReplicas',
  'unavailableReplicas',
  'terminatingReplicas',
  'collisionCount',
];

function statusFaults({ status }: Deployment, old: Deployment): FieldError[] {
  const faults = statusCountFaults({ ...status }, counters, [
    'updatedReplicas',
    'readyReplicas',
    'availableReplicas',
  ]);
  const before = old.status?.collisionCount;
  if (before !== undefined && (status?.collisionCount ?? -1) < before) {
    faults.push(invalidValue('status.collisionCount', status?.collisionCount ?? 0, 'cannot be decremented'));
  }
  return faults;
}
