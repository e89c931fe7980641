import { isDeepStrictEqual } from 'node:util';
import { statefulSets } from '../../../openapi/generated/resources.ts';
import type { PodTemplateSpec, StatefulSet, StatefulSetSpec } from '../../../openapi/generated/types.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
} from '../../../openapi/machinery/status.ts';
import { withTemplateDefaults } from '../core/pod-defaults.ts';
import { templateWarnings } from '../core/pod-warnings.ts';
import { onlyStatus } from '../generic/status-split.ts';
import { specChanged } from '../spec-changed.ts';
import type { Strategy } from '../strategy.ts';
import { selectorQuery } from '../table/texts.ts';
import { statefulSetTable } from '../table/workloads.ts';
import { claimSpecFaults } from '../validation/claims.ts';
import { notNegative, oneOf, texts } from '../validation/field-errors.ts';
import { dnsLabel, nameRule } from '../validation/names.ts';
import { scaleSubresource } from '../validation/scale.ts';
import {
  statusCountFaults,
  workloadSelectorFaults,
  workloadTemplateFaults,
} from '../validation/workloads.ts';

const words = { kind: 'StatefulSet', emptyFor: 'statefulset' };
const mayChange =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', " +
  "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

export const statefulSetStrategy: Strategy<StatefulSet> = {
  resource: statefulSets,
  validateName: nameRule(dnsLabel),
  defaults: (set) => ({ ...set, ...(set.spec === undefined ? {} : { spec: withDefaults(set.spec) }) }),
  validate: ({ spec }) => [...specFaults(spec), ...createFaults(spec)],
  validateUpdate: ({ spec }, old) => [...specFaults(spec), ...updateFaults(spec, old.spec)],
  generationGrows: specChanged,
  warnings: ({ spec }, old) =>
    isDeepStrictEqual(spec?.template, old?.spec?.template)
      ? []
      : templateWarnings('spec.template', spec?.template),
  table: statefulSetTable,
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
            'readyReplicas',
            'currentReplicas',
            'updatedReplicas',
            'availableReplicas',
            'observedGeneration',
            'collisionCount',
          ],
          ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'],
        ),
    },
  },
};

function withDefaults(spec: StatefulSetSpec): StatefulSetSpec {
  const { updateStrategy, persistentVolumeClaimRetentionPolicy: retention, volumeClaimTemplates } = spec;
  const named = updateStrategy?.type ?? '';
  const type = orElse(named, 'RollingUpdate');
  const rolling = updateStrategy?.rollingUpdate;
  const needsPartition = type === 'RollingUpdate' && (named === '' || rolling !== undefined);
  return {
    ...spec,
    podManagementPolicy: orElse(spec.podManagementPolicy, 'OrderedReady'),
    updateStrategy: {
      ...updateStrategy,
      type,
      // Its maxUnavailable is an alpha of Kubernetes: dropped without a word.
      ...(needsPartition ? { rollingUpdate: { partition: rolling?.partition ?? 0 } } : {}),
    },
    persistentVolumeClaimRetentionPolicy: {
      whenDeleted: orElse(retention?.whenDeleted, 'Retain'),
      whenScaled: orElse(retention?.whenScaled, 'Retain'),
    },
    replicas: spec.replicas ?? 1,
    revisionHistoryLimit: spec.revisionHistoryLimit ?? 10,
    template: withTemplateDefaults(spec.template),
    ...(volumeClaimTemplates === undefined
      ? {}
      : {
          volumeClaimTemplates: volumeClaimTemplates.map(withClaimDefaults),
        }),
  };
}

function orElse(text: string | undefined, otherwise: string): string {
  return text === undefined || text === '' ? otherwise : text;
}

type Claim = NonNullable<StatefulSetSpec['volumeClaimTemplates']>[number];

function withClaimDefaults(claim: Claim): Claim {
  return {
    ...claim,
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    spec: { ...claim.spec, volumeMode: claim.spec?.volumeMode ?? 'Filesystem' },
    status: { ...claim.status, phase: claim.status?.phase ?? 'Pending' },
  };
}

function specFaults(spec: StatefulSetSpec | undefined): FieldError[] {
  if (spec === undefined) return workloadSelectorFaults('spec.selector', undefined, words);
  const policy = spec.podManagementPolicy ?? '';
  return [
    ...(['OrderedReady', 'Parallel'].includes(policy)
      ? []
      : [invalidValue('spec.podManagementPolicy', policy, "must be 'OrderedReady' or 'Parallel'")]),
    ...strategyFaults(spec),
    ...retentionFaults(spec),
    ...notNegative('spec.replicas', spec.replicas),
    ...notNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...notNegative('spec.ordinals.start', spec.ordinals?.start),
    ...workloadSelectorFaults('spec.selector', spec.selector, words),
    ...workloadTemplateFaults({ selector: spec.selector, template: templateToCheck(spec) }, words),
  ];
}

function createFaults(spec: StatefulSetSpec | undefined): FieldError[] {
  const name = spec?.serviceName ?? '';
  return [
    ...(spec?.volumeClaimTemplates ?? []).flatMap((claim, i) =>
      claim.spec === undefined ? [] : claimSpecFaults(`spec.volumeClaimTemplates[${i}].spec`, claim.spec),
    ),
    ...(name === '' ? [] : texts('spec.serviceName', name, dnsLabel)),
  ];
}

function strategyFaults({ updateStrategy }: StatefulSetSpec): FieldError[] {
  const path = 'spec.updateStrategy';
  const { type = '', rollingUpdate } = updateStrategy ?? {};
  if (type === '') return [required(path)];
  if (type === 'OnDelete') {
    const text = "only allowed for updateStrategy 'RollingUpdate'";
    return rollingUpdate === undefined
      ? []
      : [
          invalidValue(
            `${path}.rollingUpdate`,
            { Partition: rollingUpdate.partition ?? 0, MaxUnavailable: null },
            text,
          ),
        ];
  }
  if (type !== 'RollingUpdate') {
    const value = { Type: type, RollingUpdate: rollingUpdate ?? null };
    return [invalidValue(path, value, "must be 'RollingUpdate' or 'OnDelete'")];
  }
  return notNegative(`${path}.rollingUpdate.partition`, rollingUpdate?.partition);
}

function retentionFaults({ persistentVolumeClaimRetentionPolicy: policy }: StatefulSetSpec): FieldError[] {
  const path = 'spec.persistentVolumeClaimRetentionPolicy';
  return [
    ...oneOf(`${path}.whenDeleted`, policy?.whenDeleted, ['Retain', 'Delete']),
    ...oneOf(`${path}.whenScaled`, policy?.whenScaled, ['Retain', 'Delete']),
  ];
}

/** The controller names the pods itself, and adds a volume for each claim. */
function templateToCheck({ template, volumeClaimTemplates = [] }: StatefulSetSpec): PodTemplateSpec {
  if (template.spec === undefined) return template;
  const { subdomain: _subdomain, hostname: _hostname, volumes = [], ...spec } = template.spec;
  const claims = volumeClaimTemplates.map(({ metadata }) => metadata?.name ?? '');
  const added = claims.map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
  const all = [...added, ...volumes.filter(({ name }) => !claims.includes(name))];
  return { ...template, spec: { ...spec, ...(all.length === 0 ? {} : { volumes: all }) } };
}

function updateFaults(spec: StatefulSetSpec | undefined, old: StatefulSetSpec | undefined): FieldError[] {
  return isDeepStrictEqual(frozenPart(spec), frozenPart(old)) ? [] : [forbiddenField('spec', mayChange)];
}

function frozenPart(spec: StatefulSetSpec | undefined): object {
  const {
    replicas: _replicas,
    template: _template,
    updateStrategy: _strategy,
    minReadySeconds: _ready,
    ordinals: _ordinals,
    revisionHistoryLimit: _limit,
    persistentVolumeClaimRetentionPolicy: _policy,
    ...rest
  } = spec ?? ({} as Partial<StatefulSetSpec>);
  return rest;
}
