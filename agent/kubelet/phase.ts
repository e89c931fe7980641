import type { Container, ContainerStatus, Pod } from '../../openapi/generated/types.ts';
import { appContainers, initContainers, isSidecar, shouldRestartOnExit } from './pod.ts';

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

interface Counts {
  pendingInit: number;
  pendingSidecars: number;
  failedForGood: number;
  unknown: number;
  running: number;
  waiting: number;
  stopped: number;
  stoppedForGood: number;
  succeeded: number;
}

export interface PhaseInput {
  readonly pod: Pod;
  /** Of init and app containers. */
  readonly statuses: readonly ContainerStatus[];
  /** The pod is being ended: nothing will be restarted. */
  readonly terminal: boolean;
  /** An app container runs, or ran in this sandbox. */
  readonly initialized: boolean;
}

export function phaseOf({ pod, statuses, terminal, initialized }: PhaseInput): Phase {
  const counts = count(pod, statuses);
  if (counts.failedForGood > 0) return 'Failed';
  const pendingSidecar = counts.pendingSidecars > 0 && !initialized;
  if (counts.pendingInit > 0 || pendingSidecar || counts.waiting > 0 || counts.unknown > 0) return 'Pending';
  if (counts.running > 0) return 'Running';
  if (counts.stopped === 0) return 'Pending';
  if (!terminal && counts.stopped !== counts.stoppedForGood) return 'Running';
  return counts.stopped === counts.succeeded ? 'Succeeded' : 'Failed';
}

function count(pod: Pod, statuses: readonly ContainerStatus[]): Counts {
  const counts: Counts = {
    ...{ pendingInit: 0, pendingSidecars: 0, failedForGood: 0, unknown: 0, running: 0 },
    ...{ waiting: 0, stopped: 0, stoppedForGood: 0, succeeded: 0 },
  };
  const byName = new Map(statuses.map((each) => [each.name, each]));
  for (const container of initContainers(pod)) {
    const status = byName.get(container.name);
    if (isSidecar(container)) countSidecar(counts, status);
    else countInit(counts, pod, container, status);
  }
  for (const container of appContainers(pod)) countApp(counts, pod, container, byName.get(container.name));
  return counts;
}

/** The exit code of the state, or of the one before where the container waits to be started again. */
function exitCodeOf(status: ContainerStatus | undefined): number | undefined {
  const state = status?.state;
  if (state?.terminated !== undefined) return state.terminated.exitCode;
  return state?.waiting === undefined ? undefined : status?.lastState?.terminated?.exitCode;
}

function countInit(
  counts: Counts,
  pod: Pod,
  container: Container,
  status: ContainerStatus | undefined,
): void {
  const exitCode = exitCodeOf(status);
  if (exitCode === undefined) counts.pendingInit += 1;
  else if (exitCode !== 0 && !shouldRestartOnExit(container, pod, exitCode)) counts.failedForGood += 1;
}

function countSidecar(counts: Counts, status: ContainerStatus | undefined): void {
  const state = status?.state;
  if (state?.running !== undefined) {
    if (status?.started !== true) counts.pendingSidecars += 1;
    counts.running += 1;
  } else if (state?.terminated !== undefined || exitCodeOf(status) !== undefined) {
    return; // Ended sidecars do not count.
  } else {
    counts.pendingSidecars += 1;
    if (state?.waiting === undefined) counts.unknown += 1;
    else counts.waiting += 1;
  }
}

function countApp(counts: Counts, pod: Pod, container: Container, status: ContainerStatus | undefined): void {
  const state = status?.state;
  if (state?.running !== undefined) {
    counts.running += 1;
    return;
  }
  const exitCode = exitCodeOf(status);
  if (exitCode === undefined) {
    if (state?.waiting === undefined) counts.unknown += 1;
    else counts.waiting += 1;
    return;
  }
  counts.stopped += 1;
  if (!shouldRestartOnExit(container, pod, exitCode)) counts.stoppedForGood += 1;
  if (exitCode === 0 && state?.terminated !== undefined) counts.succeeded += 1;
}
