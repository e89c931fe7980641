import { horizontalPodAutoscalers } from '../../../openapi/generated/resources.ts';
import type {
  HPAScalingRules,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerSpec,
} from '../../../openapi/generated/types.ts';
import { type FieldError, invalidValue, required } from '../../../openapi/machinery/status.ts';
import { onlyStatus } from '../generic/status-split.ts';
import type { Strategy } from '../strategy.ts';
import { horizontalPodAutoscalerTable } from '../table/workloads.ts';
import { inRange, notNegative, oneOf } from '../validation/field-errors.ts';
import { quantityNotNegative } from '../validation/resource-names.ts';
import { metricFaults, referenceFaults } from './metric-validation.ts';

export const horizontalPodAutoscalerStrategy: Strategy<HorizontalPodAutoscaler> = {
  resource: horizontalPodAutoscalers,
  defaults: (autoscaler) => ({ ...autoscaler, spec: withAutoscalerDefaults(autoscaler.spec) }),
  validate: ({ spec }) => autoscalerFaults(spec),
  table: horizontalPodAutoscalerTable,
  subresources: {
    status: {
      form: 'part',
      verbs: ['get', 'patch', 'update'],
      prepareForUpdate: (autoscaler, old) => onlyStatus(autoscaler, old) as HorizontalPodAutoscaler,
      validateUpdate: ({ status }) => autoscalerStatusFaults(status),
    },
  },
};

export function autoscalerStatusFaults(
  status: { readonly currentReplicas?: number; readonly desiredReplicas?: number } | undefined,
): FieldError[] {
  return [
    ...notNegative('status.currentReplicas', status?.currentReplicas),
    ...notNegative('status.desiredReplicas', status?.desiredReplicas),
  ];
}

/** Without a metric it keeps the CPU at 80 %. */
export function withAutoscalerDefaults(spec: HorizontalPodAutoscalerSpec): HorizontalPodAutoscalerSpec {
  const { behavior } = spec;
  return {
    ...spec,
    minReplicas: spec.minReplicas ?? 1,
    metrics:
      (spec.metrics ?? []).length > 0
        ? (spec.metrics ?? [])
        : [
            {
              type: 'Resource',
              resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
            },
          ],
    ...(behavior === undefined
      ? {}
      : {
          behavior: {
            scaleUp: { ...upDefaults, ...withPolicies(behavior.scaleUp, upDefaults) },
            scaleDown: { ...downDefaults, ...withPolicies(behavior.scaleDown, downDefaults) },
          },
        }),
  };
}

const upDefaults: HPAScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
};
const downDefaults: HPAScalingRules = {
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
};

function withPolicies(rules: HPAScalingRules | undefined, defaults: HPAScalingRules): HPAScalingRules {
  if (rules === undefined) return defaults;
  return rules.policies !== undefined || defaults.policies === undefined
    ? rules
    : { ...rules, policies: defaults.policies };
}

export function autoscalerFaults(spec: HorizontalPodAutoscalerSpec): FieldError[] {
  const { minReplicas = 1, maxReplicas, scaleTargetRef: target } = spec;
  const faults: FieldError[] = [];
  if (minReplicas < 1) {
    faults.push(invalidValue('spec.minReplicas', minReplicas, 'must be greater than or equal to 1'));
  }
  if (maxReplicas === 0) faults.push(required('spec.maxReplicas', 'must be set and greater than 0'));
  if (maxReplicas < 0) {
    faults.push(invalidValue('spec.maxReplicas', maxReplicas, 'must be greater than or equal to 1'));
  }
  if (maxReplicas < minReplicas) {
    const text = 'must be greater than or equal to `minReplicas`';
    faults.push(invalidValue('spec.maxReplicas', maxReplicas, text));
  }
  // Only controllers of the core group have no group to state.
  const grouped = (target as Partial<typeof target> | undefined)?.kind !== 'ReplicationController';
  faults.push(...referenceFaults('spec.scaleTargetRef', target, grouped));
  faults.push(...(spec.metrics ?? []).flatMap((metric, i) => metricFaults(`spec.metrics[${i}]`, metric)));
  for (const direction of ['scaleUp', 'scaleDown'] as const) {
    const rules = spec.behavior?.[direction];
    if (rules !== undefined) faults.push(...ruleFaults(`spec.behavior.${direction}`, rules));
  }
  return faults;
}

function ruleFaults(path: string, rules: HPAScalingRules): FieldError[] {
  const { stabilizationWindowSeconds: window, selectPolicy, policies = [], tolerance } = rules;
  return [
    ...(window === undefined ? [] : windowFaults(`${path}.stabilizationWindowSeconds`, window)),
    ...oneOf(`${path}.selectPolicy`, selectPolicy, ['Disabled', 'Max', 'Min']),
    ...(policies.length === 0 ? [required(`${path}.policies`, 'must specify at least one Policy')] : []),
    ...policies.flatMap(({ type, value, periodSeconds }, i) => {
      const at = `${path}.policies[${i}]`;
      return [
        ...oneOf(`${at}.type`, type, ['Percent', 'Pods']),
        ...(value > 0 ? [] : [invalidValue(`${at}.value`, value, 'must be greater than zero')]),
        ...(periodSeconds > 0
          ? []
          : [invalidValue(`${at}.periodSeconds`, periodSeconds, 'must be greater than zero')]),
        ...(periodSeconds > 1800
          ? [invalidValue(`${at}.periodSeconds`, periodSeconds, 'must be less than or equal to 1800')]
          : []),
      ];
    }),
    ...(tolerance === undefined ? [] : quantityNotNegative(`${path}.tolerance`, tolerance)),
  ];
}

function windowFaults(path: string, seconds: number): FieldError[] {
  if (inRange(path, seconds, 0, 3600).length === 0) return [];
  const text = seconds < 0 ? 'must be greater than or equal to zero' : 'must be less than or equal to 3600';
  return [invalidValue(path, seconds, text)];
}
