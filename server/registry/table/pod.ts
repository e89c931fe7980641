import type { ContainerStatus, Pod } from '../../../openapi/generated/types.ts';
import type { TableRow, TableStrategy } from '../strategy.ts';
import { ageText } from './age.ts';
import { columns } from './columns.ts';
import { orNone } from './texts.ts';

export const podTable: TableStrategy<Pod> = {
  columns: columns(
    'Name | Ready | Status | Restarts | Age | IP! | Node! | Nominated Node! | Readiness Gates!',
  ),
  row(pod, now): TableRow {
    const summary = summarizePod(pod);
    const { restarts, lastRestart } = summary;
    const restartsText =
      restarts !== 0 && lastRestart > 0
        ? `${restarts} (${ageText(new Date(lastRestart).toISOString(), now)} ago)`
        : String(restarts);
    return {
      cells: [
        pod.metadata?.name ?? '',
        `${summary.ready}/${summary.total}`,
        summary.status,
        restartsText,
        ageText(pod.metadata?.creationTimestamp, now),
        orNone(pod.status?.podIPs?.[0]?.ip),
        orNone(pod.spec?.nodeName),
        orNone(pod.status?.nominatedNodeName),
        readinessGates(pod),
      ],
      ...endedCondition(pod),
    };
  },
};

interface Summary {
  ready: number;
  total: number;
  status: string;
  restarts: number;
  /** Milliseconds since 1970; 0: none. */
  lastRestart: number;
}

function summarizePod(pod: Pod): Summary {
  const { spec, status } = pod;
  const summary: Summary = {
    ready: 0,
    total: (spec?.containers.length ?? 0) + (spec?.initContainers ?? []).filter(isSidecar).length,
    status: isGated(pod) ? 'SchedulingGated' : (status?.reason ?? status?.phase ?? ''),
    restarts: 0,
    lastRestart: 0,
  };
  const sidecars = { restarts: 0, lastRestart: 0 };
  const initializing = summarizeInit(pod, summary, sidecars);
  if (!initializing || hasCondition(pod, 'Initialized')) {
    Object.assign(summary, sidecars);
    summarizeContainers(pod, summary);
  }
  if (pod.metadata?.deletionTimestamp !== undefined) {
    if (status?.reason === 'NodeLost') summary.status = 'Unknown';
    else if (status?.phase !== 'Succeeded' && status?.phase !== 'Failed') summary.status = 'Terminating';
  }
  return summary;
}

function isGated({ status }: Pod): boolean {
  return (status?.conditions ?? []).some(
    ({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated',
  );
}

/** Returns whether an init container still stands before the others; its state becomes the status. */
function summarizeInit(
  pod: Pod,
  summary: Summary,
  sidecars: Pick<Summary, 'restarts' | 'lastRestart'>,
): boolean {
  const declared = pod.spec?.initContainers ?? [];
  for (const [index, container] of (pod.status?.initContainerStatuses ?? []).entries()) {
    addRestarts(summary, container);
    const sidecar = declared.some((each) => each.name === container.name && isSidecar(each));
    if (sidecar) addRestarts(sidecars, container);
    const { terminated, waiting } = container.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (sidecar && container.started === true) {
      if (container.ready) summary.ready++;
      continue;
    }
    const reason = waiting?.reason ?? '';
    if (terminated !== undefined) summary.status = `Init:${endText(terminated)}`;
    else if (reason !== '' && reason !== 'PodInitializing') summary.status = `Init:${reason}`;
    else summary.status = `Init:${index}/${declared.length}`;
    return true;
  }
  return false;
}

/** From the last container to the first: the first one's state is what stays. */
function summarizeContainers(pod: Pod, summary: Summary): void {
  let running = false;
  let failure = '';
  for (const container of [...(pod.status?.containerStatuses ?? [])].reverse()) {
    addRestarts(summary, container);
    const { terminated, waiting } = container.state ?? {};
    if ((waiting?.reason ?? '') !== '') summary.status = waiting?.reason ?? '';
    else if (terminated !== undefined) {
      summary.status = endText(terminated);
      if (terminated.exitCode !== 0) failure = summary.status;
    } else if (container.ready && container.state?.running !== undefined) {
      running = true;
      summary.ready++;
    }
  }
  if (summary.status !== 'Completed') return;
  if (running && hasCondition(pod, 'Ready')) summary.status = 'Running';
  else if (failure !== '') summary.status = failure;
  else if (running) summary.status = 'NotReady';
}

function addRestarts(sum: Pick<Summary, 'restarts' | 'lastRestart'>, container: ContainerStatus): void {
  sum.restarts += container.restartCount;
  const finished = container.lastState?.terminated?.finishedAt;
  if (finished !== undefined) sum.lastRestart = Math.max(sum.lastRestart, Date.parse(finished));
}

function endText(end: {
  readonly reason?: string;
  readonly signal?: number;
  readonly exitCode: number;
}): string {
  if ((end.reason ?? '') !== '') return end.reason ?? '';
  return (end.signal ?? 0) === 0 ? `ExitCode:${end.exitCode}` : `Signal:${end.signal ?? 0}`;
}

function isSidecar(container: { readonly restartPolicy?: string }): boolean {
  return container.restartPolicy === 'Always';
}

function hasCondition(pod: Pod, type: string): boolean {
  return pod.status?.conditions?.some((each) => each.type === type && each.status === 'True') === true;
}

function readinessGates(pod: Pod): string {
  const gates = pod.spec?.readinessGates ?? [];
  if (gates.length === 0) return '<none>';
  return `${gates.filter(({ conditionType }) => hasCondition(pod, conditionType)).length}/${gates.length}`;
}

function endedCondition(pod: Pod): Partial<TableRow> {
  const phase = pod.status?.phase;
  if (phase !== 'Succeeded' && phase !== 'Failed') return {};
  const message = phase === 'Failed' ? 'The pod failed.' : 'The pod has completed successfully.';
  return { conditions: [{ type: 'Completed', status: 'True', reason: phase, message }] };
}
