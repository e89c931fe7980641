import { isDeepStrictEqual } from 'node:util';
import { daemonSets } from '../../../openapi/generated/resources.ts';
import type { DaemonSet, DaemonSetSpec } from '../../../openapi/generated/types.ts';
import { type FieldError, invalidValue, required } from '../../../openapi/machinery/status.ts';
import { withTemplateDefaults } from '../core/pod-defaults.ts';
import { templateWarnings } from '../core/pod-warnings.ts';
import { onlyStatus } from '../generic/status-split.ts';
import { specChanged } from '../spec-changed.ts';
import type { Strategy } from '../strategy.ts';
import { daemonSetTable } from '../table/workloads.ts';
import { notNegative, notSupported, unchanged } from '../validation/field-errors.ts';
import { amountOf, intOrPercentFaults, notMoreThanAll } from '../validation/int-or-percent.ts';
import { isEmptySelector, labelSelectorFaults } from '../validation/selectors.ts';
import { statusCountFaults, workloadTemplateFaults } from '../validation/workloads.ts';

const words = { kind: 'DaemonSet', emptyFor: 'daemonset' };
const templateGeneration = 'deprecated.daemonset.template.generation';

export const daemonSetStrategy: Strategy<DaemonSet> = {
  resource: daemonSets,
  defaults: (set) => ({ ...set, ...(set.spec === undefined ? {} : { spec: withDefaults(set.spec) }) }),
  prepareForCreate: (set) => withTemplateGeneration(set, Math.max(1, generationOf(set))),
  prepareForUpdate: (set, old) => {
    const changed = !isDeepStrictEqual(set.spec?.template, old.spec?.template);
    return withTemplateGeneration(set, generationOf(old) + (changed ? 1 : 0));
  },
  validate: ({ spec }) => specFaults(spec),
  validateUpdate: ({ spec }, old) => [
    ...unchanged('spec.selector', spec?.selector, old.spec?.selector),
    ...specFaults(spec),
  ],
  generationGrows: specChanged,
  warnings: ({ spec }, old) =>
    isDeepStrictEqual(spec?.template, old?.spec?.template)
      ? []
      : templateWarnings('spec.template', spec?.template),
  table: daemonSetTable,
  subresources: {
    status: {
      form: 'part',
      verbs: ['get', 'patch', 'update'],
      prepareForUpdate: (set, old) => onlyStatus(set, old),
      validateUpdate: ({ status }) =>
        statusCountFaults(
          { ...status },
          [
            'currentNumberScheduled',
            'numberMisscheduled',
            'desiredNumberScheduled',
            'numberReady',
            'observedGeneration',
            'updatedNumberScheduled',
            'numberAvailable',
            'numberUnavailable',
            'collisionCount',
          ],
          [],
        ),
    },
  },
};

function withDefaults(spec: DaemonSetSpec): DaemonSetSpec {
  const { updateStrategy } = spec;
  const type = (updateStrategy?.type ?? '') === '' ? 'RollingUpdate' : (updateStrategy?.type ?? '');
  const rolling = updateStrategy?.rollingUpdate;
  return {
    ...spec,
    template: withTemplateDefaults(spec.template),
    updateStrategy: {
      ...updateStrategy,
      type,
      ...(type === 'RollingUpdate'
        ? {
            rollingUpdate: {
              ...rolling,
              maxUnavailable: rolling?.maxUnavailable ?? 1,
              maxSurge: rolling?.maxSurge ?? 0,
            },
          }
        : {}),
    },
    revisionHistoryLimit: spec.revisionHistoryLimit ?? 10,
  };
}

/** Kept in an annotation since the field of that name left the API. */
function generationOf({ metadata }: DaemonSet): number {
  const value = Number(metadata?.annotations?.[templateGeneration] ?? 0);
  return Number.isSafeInteger(value) ? value : 0;
}

function withTemplateGeneration(set: DaemonSet, generation: number): DaemonSet {
  const annotations = { ...set.metadata?.annotations, [templateGeneration]: String(generation) };
  return { ...set, metadata: { ...set.metadata, annotations } };
}

function specFaults(spec: DaemonSetSpec | undefined): FieldError[] {
  if (spec === undefined) return [required('spec.selector')];
  const { selector } = spec;
  return [
    ...labelSelectorFaults('spec.selector', selector),
    ...(isEmptySelector(selector)
      ? [invalidValue('spec.selector', selector, 'empty selector is invalid for daemonset')]
      : []),
    ...workloadTemplateFaults(spec, words),
    ...notNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...strategyFaults(spec),
    ...notNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
  ];
}

function strategyFaults({ updateStrategy }: DaemonSetSpec): FieldError[] {
  const path = 'spec.updateStrategy';
  const { type = '', rollingUpdate } = updateStrategy ?? {};
  if (type === 'OnDelete') return [];
  if (type !== 'RollingUpdate')
    return [
      notSupported(path, { Type: type, RollingUpdate: rollingUpdate ?? null }, ['RollingUpdate', 'OnDelete']),
    ];
  const { maxUnavailable, maxSurge } = rollingUpdate ?? {};
  const at = `${path}.rollingUpdate`;
  const [unavailable, surge] = [amountOf(maxUnavailable) !== 0, amountOf(maxSurge) !== 0];
  return [
    ...intOrPercentFaults(`${at}.maxUnavailable`, maxUnavailable),
    ...intOrPercentFaults(`${at}.maxSurge`, maxSurge),
    ...notMoreThanAll(`${at}.maxUnavailable`, maxUnavailable),
    ...notMoreThanAll(`${at}.maxSurge`, maxSurge),
    ...(unavailable && surge
      ? [invalidValue(`${at}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero')]
      : []),
    ...(!unavailable && !surge ? [required(`${at}.maxUnavailable`, 'cannot be 0 when maxSurge is 0')] : []),
  ];
}
