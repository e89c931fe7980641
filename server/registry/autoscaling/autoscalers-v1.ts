import {
  autoscalingV1HorizontalPodAutoscalers,
  horizontalPodAutoscalers,
} from '../../../openapi/generated/resources.ts';
import type {
  AutoscalingV1HorizontalPodAutoscaler,
  HorizontalPodAutoscaler,
  MetricSpec,
} from '../../../openapi/generated/types.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import type { Strategy } from '../strategy.ts';
import { horizontalPodAutoscalerTable } from '../table/workloads.ts';
import { autoscalerFaults, withAutoscalerDefaults } from './horizontal-pod-autoscalers.ts';

type V1 = AutoscalingV1HorizontalPodAutoscaler;
type V2 = HorizontalPodAutoscaler;

/** What v1 has no field for travels in these annotations. */
const carried = {
  metrics: 'autoscaling.alpha.kubernetes.io/metrics',
  currentMetrics: 'autoscaling.alpha.kubernetes.io/current-metrics',
  conditions: 'autoscaling.alpha.kubernetes.io/conditions',
  behavior: 'autoscaling.alpha.kubernetes.io/behavior',
} as const;

/** autoscaling/v1 is a view of what v2 stores: one metric, the CPU. */
export const autoscalerV1Strategy: Strategy<V1> = {
  resource: autoscalingV1HorizontalPodAutoscalers,
  defaults: (autoscaler) => ({
    ...autoscaler,
    spec: { ...autoscaler.spec, minReplicas: autoscaler.spec.minReplicas ?? 1 },
  }),
  validate: (autoscaler) => autoscalerFaults(toV2(autoscaler).spec),
  stored: {
    resource: horizontalPodAutoscalers,
    toStored: (autoscaler) => toV2(autoscaler),
    fromStored: (object) => toV1(object as V2),
  },
  table: {
    columns: horizontalPodAutoscalerTable.columns,
    row: (autoscaler, now) => horizontalPodAutoscalerTable.row(toV2(autoscaler), now),
  },
};

function parsed(annotations: Readonly<Record<string, string>> | undefined, name: string): unknown {
  try {
    return JSON.parse(annotations?.[name] ?? 'null') as unknown;
  } catch {
    return null; // Unreadable ones are dropped, as kube-apiserver does.
  }
}

function withoutCarried(metadata: KubeObject['metadata']): NonNullable<KubeObject['metadata']> {
  const { annotations, ...rest } = metadata ?? {};
  const names: readonly string[] = Object.values(carried);
  const left = Object.entries(annotations ?? {}).filter(([name]) => !names.includes(name));
  return left.length === 0 ? rest : { ...rest, annotations: Object.fromEntries(left) };
}

function toV2(autoscaler: V1): V2 {
  const { spec, status, metadata } = autoscaler;
  const utilization = spec.targetCPUUtilizationPercentage;
  const extra = parsed(metadata?.annotations, carried.metrics);
  const behavior = parsed(metadata?.annotations, carried.behavior);
  const metrics = [
    ...(Array.isArray(extra) ? (extra as MetricSpec[]) : []),
    ...(utilization === undefined ? [] : [cpuMetric(utilization)]),
  ];
  const current = parsed(metadata?.annotations, carried.currentMetrics);
  const conditions = parsed(metadata?.annotations, carried.conditions);
  const { currentCPUUtilizationPercentage: cpu, currentReplicas = 0, ...counts } = status ?? {};
  return {
    ...autoscaler,
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: withoutCarried(metadata),
    spec: withAutoscalerDefaults({
      scaleTargetRef: spec.scaleTargetRef,
      ...(spec.minReplicas === undefined ? {} : { minReplicas: spec.minReplicas }),
      maxReplicas: spec.maxReplicas,
      metrics,
      ...(typeof behavior === 'object' && behavior !== null ? { behavior } : {}),
    }),
    status: {
      ...(currentReplicas === 0 ? {} : { currentReplicas }),
      ...counts,
      currentMetrics: Array.isArray(current)
        ? current
        : cpu === undefined
          ? null
          : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: cpu } } }],
      ...(Array.isArray(conditions) ? { conditions } : {}),
    },
  } as unknown as V2;
}

function cpuMetric(averageUtilization: number): MetricSpec {
  return { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } };
}

function isCpu(metric: MetricSpec): boolean {
  return metric.resource?.name === 'cpu' && metric.resource.target.averageUtilization !== undefined;
}

interface SplitMetrics {
  readonly cpu: MetricSpec | undefined;
  readonly current: number | undefined;
  /** Those of the object, and those that carry what is no CPU. */
  readonly annotations: Readonly<Record<string, string>>;
}

function splitMetrics({ spec, status, metadata }: V2): SplitMetrics {
  const cpu = spec.metrics?.find(isCpu);
  const metrics = status?.currentMetrics ?? [];
  const currentCpu = metrics.find((each) => each.resource?.name === 'cpu');
  const more: Readonly<Record<string, readonly unknown[]>> = {
    [carried.metrics]: (spec.metrics ?? []).filter((metric) => metric !== cpu),
    [carried.currentMetrics]: metrics.filter((metric) => metric !== currentCpu),
    [carried.conditions]: status?.conditions ?? [],
  };
  const filled = Object.entries(more).filter(([, list]) => list.length > 0);
  return {
    cpu,
    current: currentCpu?.resource?.current.averageUtilization,
    annotations: {
      ...metadata?.annotations,
      ...Object.fromEntries(filled.map(([name, list]) => [name, JSON.stringify(list)])),
      ...(spec.behavior === undefined ? {} : { [carried.behavior]: JSON.stringify(spec.behavior) }),
    },
  };
}

function toV1(autoscaler: V2): V1 {
  const { spec, status, metadata } = autoscaler;
  const { cpu, current, annotations } = splitMetrics(autoscaler);
  const { currentMetrics: _metrics, conditions: _conditions, ...counts } = status ?? {};
  const utilization = cpu?.resource?.target.averageUtilization;
  return {
    ...autoscaler,
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: { ...metadata, ...(Object.keys(annotations).length === 0 ? {} : { annotations }) },
    spec: {
      scaleTargetRef: spec.scaleTargetRef,
      ...(spec.minReplicas === undefined ? {} : { minReplicas: spec.minReplicas }),
      maxReplicas: spec.maxReplicas,
      ...(utilization === undefined ? {} : { targetCPUUtilizationPercentage: utilization }),
    },
    status: {
      currentReplicas: 0,
      ...counts,
      ...(current === undefined ? {} : { currentCPUUtilizationPercentage: current }),
    } as NonNullable<V1['status']>,
  };
}
