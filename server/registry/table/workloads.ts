import type {
  ControllerRevision,
  CronJob,
  DaemonSet,
  Deployment,
  HorizontalPodAutoscaler,
  Job,
  MetricSpec,
  MetricStatus,
  PodDisruptionBudget,
  PodTemplateSpec,
  ReplicaSet,
  StatefulSet,
} from '../../../openapi/generated/types.ts';
import type { TableCell } from '../strategy.ts';
import { ageText, durationText } from './age.ts';
import { table } from './columns.ts';
import { containerImages, containerNames, labelsText, selectorText, shortened } from './texts.ts';

const wide = 'Containers! | Images!';

function templateCells(template: PodTemplateSpec | undefined): TableCell[] {
  return [containerNames(template?.spec?.containers), containerImages(template?.spec?.containers)];
}

export const deploymentTable = table<Deployment>(
  `Name | Ready | Up-to-date | Available | Age | ${wide} | Selector!`,
  ({ spec, status }, age) => [
    `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
    status?.updatedReplicas ?? 0,
    status?.availableReplicas ?? 0,
    age,
    ...templateCells(spec?.template),
    selectorText(spec?.selector),
  ],
);

export const replicaSetTable = table<ReplicaSet>(
  `Name | Desired:integer | Current:integer | Ready:integer | Age | ${wide} | Selector!`,
  ({ spec, status }, age) => [
    spec?.replicas ?? 0,
    status?.replicas ?? 0,
    status?.readyReplicas ?? 0,
    age,
    ...templateCells(spec?.template),
    selectorText(spec?.selector),
  ],
);

export const statefulSetTable = table<StatefulSet>(
  `Name | Ready | Age | ${wide}`,
  ({ spec, status }, age) => [
    `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
    age,
    ...templateCells(spec?.template),
  ],
);

export const daemonSetTable = table<DaemonSet>(
  `Name | Desired:integer | Current:integer | Ready:integer | Up-to-date:integer | Available:integer | Node Selector | Age | ${wide} | Selector!`,
  ({ spec, status }, age) => [
    status?.desiredNumberScheduled ?? 0,
    status?.currentNumberScheduled ?? 0,
    status?.numberReady ?? 0,
    status?.updatedNumberScheduled ?? 0,
    status?.numberAvailable ?? 0,
    labelsText(spec?.template.spec?.nodeSelector),
    age,
    ...templateCells(spec?.template),
    selectorText(spec?.selector),
  ],
);

export const controllerRevisionTable = table<ControllerRevision>(
  'Name | Controller | Revision | Age',
  ({ metadata, revision }, age) => {
    const owner = metadata?.ownerReferences?.find(({ controller }) => controller === true);
    const group = owner?.apiVersion.includes('/') === true ? `.${owner.apiVersion.split('/')[0] ?? ''}` : '';
    const controller = owner === undefined ? '<none>' : `${owner.kind.toLowerCase()}${group}/${owner.name}`;
    return [controller, revision, age];
  },
);

const jobStates: readonly (readonly [string, string])[] = [
  ['Complete', 'Complete'],
  ['Failed', 'Failed'],
  ['', 'Terminating'],
  ['Suspended', 'Suspended'],
  ['FailureTarget', 'FailureTarget'],
  ['SuccessCriteriaMet', 'SuccessCriteriaMet'],
];

export const jobTable = table<Job>(
  `Name | Status | Completions | Duration | Age | ${wide} | Selector!`,
  (job, age, now) => {
    const { spec, status } = job;
    const state = jobStates.find(([condition]) =>
      condition === ''
        ? job.metadata?.deletionTimestamp !== undefined
        : status?.conditions?.some(({ type, status: value }) => type === condition && value === 'True') ===
          true,
    );
    return [
      state?.[1] ?? 'Running',
      completionsText(job),
      jobDuration(job, now),
      age,
      ...templateCells(spec?.template),
      selectorText(spec?.selector),
    ];
  },
);

function completionsText({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec?.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function jobDuration({ status }: Job, now: number): string {
  if (status?.startTime === undefined) return '';
  const end = status.completionTime === undefined ? now : Date.parse(status.completionTime);
  return durationText(end - Date.parse(status.startTime));
}

export const cronJobTable = table<CronJob>(
  `Name | Schedule | Timezone | Suspend:boolean | Active:integer | Last Schedule | Age | ${wide} | Selector!`,
  ({ spec, status }, age, now) => [
    spec.schedule,
    spec.timeZone ?? '<none>',
    spec.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False',
    status?.active?.length ?? 0,
    status?.lastScheduleTime === undefined ? '<none>' : ageText(status.lastScheduleTime, now),
    age,
    ...templateCells(spec.jobTemplate.spec?.template),
    selectorText(spec.jobTemplate.spec?.selector),
  ],
);

export const podDisruptionBudgetTable = table<PodDisruptionBudget>(
  'Name | Min Available | Max Unavailable | Allowed Disruptions:integer | Age',
  ({ spec, status }, age) => [
    String(spec?.minAvailable ?? 'N/A'),
    String(spec?.maxUnavailable ?? 'N/A'),
    status?.disruptionsAllowed ?? 0,
    age,
  ],
);

export const horizontalPodAutoscalerTable = table<HorizontalPodAutoscaler>(
  'Name | Reference | Targets | MinPods | MaxPods | Replicas | Age',
  ({ spec, status }, age) => {
    const metrics = (spec.metrics ?? []).map((metric, i) => metricText(metric, status?.currentMetrics?.[i]));
    return [
      `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`,
      metrics.length === 0 ? '<none>' : shortened(metrics, 2, ', '),
      spec.minReplicas === undefined ? '<unset>' : String(spec.minReplicas),
      spec.maxReplicas,
      status?.currentReplicas ?? 0,
      age,
    ];
  },
);

interface Target {
  readonly averageUtilization?: number;
  readonly averageValue?: string | number;
  readonly value?: string | number;
}

/** "current/wanted", with the resource's name before it and "(avg)" behind averages of one value. */
function metricText(metric: MetricSpec, status: MetricStatus | null | undefined): string {
  const named = metric.resource ?? metric.containerResource;
  if (named !== undefined) {
    const current = (status?.resource ?? status?.containerResource)?.current;
    return `${named.name}: ${resourceTargetText(named.target, current)}`;
  }
  if (metric.pods !== undefined) {
    return `${text(status?.pods?.current.averageValue)}/${text(metric.pods.target.averageValue)}`;
  }
  const single = metric.external ?? metric.object;
  if (single === undefined) return '<unknown type>';
  const current = (status?.external ?? status?.object)?.current;
  return single.target.averageValue === undefined
    ? `${text(current?.value)}/${text(single.target.value)}`
    : `${text(current?.averageValue)}/${single.target.averageValue} (avg)`;
}

function resourceTargetText(target: Target, current: Target | undefined): string {
  if (target.averageValue !== undefined) return `${text(current?.averageValue)}/${target.averageValue}`;
  const wanted = target.averageUtilization === undefined ? '<auto>' : `${target.averageUtilization}%`;
  return current?.averageUtilization === undefined
    ? `<unknown>/${wanted}`
    : `${current.averageUtilization}%/${wanted}`;
}

function text(value: string | number | undefined): string {
  return value === undefined ? '<unknown>' : String(value);
}
