import { timeText } from '../../openapi/machinery/clock.ts';
import type {
  Container,
  ContainerState as ApiState,
  ContainerStatus as ApiStatus,
  Pod,
  VolumeMountStatus,
} from '../../openapi/generated/types.ts';
import { ContainerState, type ContainerStatus } from '../runtime/driver.ts';
import { initContainers, isSidecar, type ContainerKind } from './pod.ts';
import { latestContainer, type PodRuntime } from './pod-runtime.ts';
import { shouldStart } from './sync-pod.ts';

/** Why a container that should run does not: "CrashLoopBackOff", "ErrImagePull" … */
export interface WaitingReason {
  readonly reason: string;
  readonly message: string;
}

export interface StatusInput {
  readonly pod: Pod;
  readonly runtime: PodRuntime;
  /** The scheme of container ids: "docker". */
  readonly runtimeName: string;
  /** The statuses that were reported last, of containers of this kind. */
  readonly old: readonly ApiStatus[];
  readonly waiting: ReadonlyMap<string, WaitingReason>;
  /** What the container left at its termination message path, by container id. */
  readonly terminationMessage: (status: ContainerStatus) => string;
}

/** Statuses by name, of init containers in their order; `started` and `ready` are left to the probes. */
export function containerStatuses(
  input: StatusInput,
  containers: readonly Container[],
  kind: ContainerKind,
): ApiStatus[] {
  const statuses = containers.map((container) => statusOf(input, container, kind));
  return kind === 'init' ? statuses : statuses.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function statusOf(input: StatusInput, container: Container, kind: ContainerKind): ApiStatus {
  const [latest, previous] = input.runtime.containers.filter(({ name }) => name === container.name);
  const old = input.old.find(({ name }) => name === container.name);
  const status =
    latest === undefined
      ? neverSeen(input, container, old)
      : seen(input, container, { latest, previous, old });
  return asWaiting(input, container, kind, status);
}

/** No container of this name: it has not been made yet, or somebody removed it. */
function neverSeen(input: StatusInput, container: Container, old: ApiStatus | undefined): ApiStatus {
  if (old?.state?.terminated !== undefined) return old;
  const reason = initContainers(input.pod).length > 0 ? 'PodInitializing' : 'ContainerCreating';
  const base: ApiStatus = {
    ...{ name: container.name, state: { waiting: { reason } }, lastState: old?.lastState ?? {} },
    ...{ ready: false, restartCount: old?.restartCount ?? 0, image: container.image ?? '', imageID: '' },
    ...volumeMounts(container),
  };
  if (old?.state?.running === undefined || old.lastState?.terminated !== undefined) return base;
  const terminated = {
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was deleted.  The container used to be Running',
    startedAt: null,
    finishedAt: null,
  } as unknown as NonNullable<ApiState['terminated']>;
  const restarted = input.pod.metadata?.deletionTimestamp === undefined ? 1 : 0;
  return { ...base, lastState: { terminated }, restartCount: base.restartCount + restarted };
}

interface Seen {
  readonly latest: ContainerStatus;
  readonly previous: ContainerStatus | undefined;
  readonly old: ApiStatus | undefined;
}

function seen(input: StatusInput, container: Container, { latest, previous }: Seen): ApiStatus {
  const resources = container.resources ?? {};
  return {
    name: container.name,
    state: stateOf(input, latest),
    lastState: previous?.state === ContainerState.Exited ? stateOf(input, previous) : {},
    ready: false,
    restartCount: latest.attempt,
    image: latest.image,
    imageID: latest.imageId,
    containerID: `${input.runtimeName}://${latest.id}`,
    ...(resources.requests === undefined ? {} : { allocatedResources: resources.requests }),
    resources,
    ...volumeMounts(container),
  };
}

function stateOf(input: StatusInput, status: ContainerStatus): ApiState {
  switch (status.state) {
    case ContainerState.Running:
      return { running: { startedAt: timeText(status.startedMs) } };
    case ContainerState.Created:
      return { waiting: {} };
    case ContainerState.Exited: {
      const message =
        [input.terminationMessage(status), status.message, reportedMessage(input, status)].find(
          (each) => each !== '',
        ) ?? '';
      return {
        terminated: {
          exitCode: status.exitCode,
          reason: status.reason,
          ...(message === '' ? {} : { message }),
          // A container that never started has Kubernetes' zero time.
          startedAt: status.startedMs === 0 ? zeroTime : timeText(status.startedMs),
          finishedAt: status.finishedMs === 0 ? zeroTime : timeText(status.finishedMs),
          containerID: `${input.runtimeName}://${status.id}`,
        },
      };
    }
  }
}

/** Told before the files of a pod that is over were removed. */
function reportedMessage({ old, runtimeName }: StatusInput, status: ContainerStatus): string {
  const id = `${runtimeName}://${status.id}`;
  const states = old.flatMap(({ state, lastState }) => [state?.terminated, lastState?.terminated]);
  return states.find((each) => each?.containerID === id)?.message ?? '';
}

/** What a container status shows of the Unix epoch, which is how the CRI says "never". */
const zeroTime = '1970-01-01T00:00:00Z';

function volumeMounts(container: Container): { volumeMounts?: readonly VolumeMountStatus[] } {
  const mounts = container.volumeMounts ?? [];
  if (mounts.length === 0) return {};
  return {
    volumeMounts: mounts.map(({ name, mountPath, readOnly }) => ({
      name,
      mountPath,
      ...(readOnly === true ? { readOnly, recursiveReadOnly: 'Disabled' } : {}),
    })),
  };
}

/** One that is to be started, and could not be, waits; what it last was goes to lastState. */
function asWaiting(
  input: StatusInput,
  container: Container,
  kind: ContainerKind,
  status: ApiStatus,
): ApiStatus {
  const latest = latestContainer(input.runtime, container.name);
  if (kind === 'init' && !isSidecar(container)) {
    if (latest?.state === ContainerState.Exited && latest.exitCode === 0) return status;
    if (latest === undefined && status.state?.waiting !== undefined && anyAppContainer(input))
      return inferredDone(status);
  }
  if (kind === 'ephemeral' ? latest !== undefined : !shouldStart(container, input.pod, latest)) return status;
  const waiting = input.waiting.get(container.name);
  if (waiting === undefined) return status;
  const lastState = status.state?.terminated === undefined ? (status.lastState ?? {}) : status.state;
  const { reason, message } = waiting;
  return { ...status, state: { waiting: { reason, ...(message === '' ? {} : { message }) } }, lastState };
}

function anyAppContainer({ pod, runtime }: StatusInput): boolean {
  const names = new Set((pod.spec?.containers ?? []).map(({ name }) => name));
  return runtime.containers.some(({ name }) => names.has(name));
}

function inferredDone(status: ApiStatus): ApiStatus {
  const terminated = {
    exitCode: 0,
    reason: 'Completed',
    message:
      'Unable to get init container status from container runtime and pod has been initialized, treat it as exited normally',
    startedAt: null,
    finishedAt: null,
  } as unknown as NonNullable<ApiState['terminated']>;
  return { ...status, state: { terminated } };
}
