import type { ContainerState, ContainerStatus, Pod, PodStatus } from '../../openapi/generated/types.ts';
import { initContainers, isSidecar } from './pod.ts';

/**
 * The last status of a pod of which nothing runs any more. Whether a container that left no trace was successful is not known,
 * so it is told as failed, and so is the pod.
 */
export function finalStatus(pod: Pod, status: PodStatus): PodStatus {
  const app = status.containerStatuses ?? [];
  const init = status.initContainerStatuses ?? [];
  const begun = lastBegun(init);
  const over = status.phase === 'Succeeded' || status.phase === 'Failed';
  return {
    ...status,
    phase: over ? (status.phase ?? 'Failed') : 'Failed',
    containerStatuses: wasInitialized(pod, init, app) ? app.map(asTerminated) : app,
    ...(init.length === 0
      ? {}
      : { initContainerStatuses: init.map((each, index) => (index <= begun ? asTerminated(each) : each)) }),
  };
}

function asTerminated(status: ContainerStatus): ContainerStatus {
  if (status.state?.terminated !== undefined) return status;
  const terminated = {
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was terminated',
    startedAt: null,
    finishedAt: null,
  } as unknown as NonNullable<ContainerState['terminated']>;
  return { ...status, state: { terminated } };
}

function hasBegun({ state, lastState }: ContainerStatus): boolean {
  return lastState?.terminated !== undefined || state?.waiting === undefined;
}

/** The last init container that has begun; the first one counts always. */
function lastBegun(init: readonly ContainerStatus[]): number {
  return Math.max(0, init.map(hasBegun).lastIndexOf(true));
}

function wasInitialized(
  pod: Pod,
  init: readonly ContainerStatus[],
  app: readonly ContainerStatus[],
): boolean {
  const spec = initContainers(pod).at(-1);
  if (spec === undefined || app.some(hasBegun)) return true;
  const last = init.find(({ name }) => name === spec.name);
  if (isSidecar(spec)) return last?.state?.running !== undefined && last.started === true;
  return last?.state?.terminated?.exitCode === 0 || last?.lastState?.terminated?.exitCode === 0;
}
