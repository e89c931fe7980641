import { horizontalPodAutoscalers } from '../../../openapi/generated/resources.ts';
import type {
  HPAScalingRules,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerSpec,
  MetricSpec,
} from '../../../openapi/generated/types.ts';
import { type FieldError, invalidValue, required } from '../../../openapi/machinery/status.ts';
import type { Strategy } from '../strategy.ts';
import { horizontalPodAutoscalerTable } from '../table/workloads.ts';
import { inRange, notSupported, oneOf, texts } from '../validation/field-errors.ts';
import { pathSegment } from '../validation/names.ts';

export const horizontalPodAutoscalerStrategy: Strategy<HorizontalPodAutoscaler> = {
  resource: horizontalPodAutoscalers,
  defaults: (autoscaler) => ({ ...autoscaler, spec: withAutoscalerDefaults(autoscaler.spec) }),
  validate: ({ spec }) => autoscalerFaults(spec),
  table: horizontalPodAutoscalerTable,
};

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
  return (rules.policies ?? []).length > 0 || defaults.policies === undefined
    ? rules
    : { ...rules, policies: defaults.policies };
}

export function autoscalerFaults(spec: HorizontalPodAutoscalerSpec): FieldError[] {
  const { minReplicas = 1, maxReplicas, scaleTargetRef: target } = spec;
  const faults: FieldError[] = [];
  if (minReplicas < 1) {
    faults.push(invalidValue('spec.minReplicas', minReplicas, 'must be greater than or equal to 1'));
  }
  if (maxReplicas < 1) faults.push(invalidValue('spec.maxReplicas', maxReplicas, 'must be greater than 0'));
  if (maxReplicas < minReplicas) {
    const text = 'must be greater than or equal to `minReplicas`';
    faults.push(invalidValue('spec.maxReplicas', maxReplicas, text));
  }
  faults.push(...targetFaults('spec.scaleTargetRef', target));
  faults.push(...(spec.metrics ?? []).flatMap((metric, i) => metricFaults(`spec.metrics[${i}]`, metric)));
  for (const direction of ['scaleUp', 'scaleDown'] as const) {
    const rules = spec.behavior?.[direction];
    if (rules !== undefined) faults.push(...ruleFaults(`spec.behavior.${direction}`, rules));
  }
  return faults;
}

function targetFaults(path: string, ref: { readonly kind?: string; readonly name?: string }): FieldError[] {
  return (['kind', 'name'] as const).flatMap((field) => {
    const value = ref[field] ?? '';
    return value === '' ? [required(`${path}.${field}`)] : texts(`${path}.${field}`, value, pathSegment);
  });
}

const metricSources: Readonly<Record<string, keyof MetricSpec>> = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
};

function metricFaults(path: string, metric: MetricSpec): FieldError[] {
  const { type } = metric;
  if (type === '') return [required(`${path}.type`, 'must specify a metric source type')];
  const field = Object.hasOwn(metricSources, type) ? metricSources[type] : undefined;
  if (field === undefined) return [notSupported(`${path}.type`, type, Object.keys(metricSources).sort())];
  if (metric[field] === undefined) {
    const text = 'must populate information for the given metric source';
    return [required(`${path}.${field}`, text)];
  }
  return resourceMetricFaults(path, metric);
}

function resourceMetricFaults(path: string, { resource }: MetricSpec): FieldError[] {
  if (resource === undefined) return [];
  const at = `${path}.resource`;
  const { name, target } = resource;
  const faults: FieldError[] = [];
  if (name === '') faults.push(required(`${at}.name`, 'must specify a resource name'));
  faults.push(...oneOf(`${at}.target.type`, target.type, ['AverageValue', 'Utilization', 'Value']));
  const { averageUtilization, averageValue } = target;
  if (averageUtilization !== undefined && averageUtilization < 1) {
    faults.push(
      invalidValue(`${at}.target.averageUtilization`, averageUtilization, 'must be greater than 0'),
    );
  }
  if (averageUtilization === undefined && averageValue === undefined) {
    const text = 'must set either a target raw value or a target utilization';
    faults.push(required(`${at}.target.averageUtilization`, text));
  }
  if (averageUtilization !== undefined && averageValue !== undefined) {
    const text = 'may not set both a target raw value and a target utilization';
    faults.push({
      field: `${at}.target.averageValue`,
      reason: 'FieldValueForbidden',
      message: `Forbidden: ${text}`,
    });
  }
  return faults;
}

function ruleFaults(path: string, rules: HPAScalingRules): FieldError[] {
  const { stabilizationWindowSeconds: window, selectPolicy, policies = [] } = rules;
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
  ];
}

function windowFaults(path: string, seconds: number): FieldError[] {
  if (inRange(path, seconds, 0, 3600).length === 0) return [];
  const text = seconds < 0 ? 'must be greater than or equal to zero' : 'must be less than or equal to 3600';
  return [invalidValue(path, seconds, text)];
}
