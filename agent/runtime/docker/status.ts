import { ContainerState, type ContainerStatus, type PodRef, type SandboxStatus } from '../driver.ts';
import { label } from '../labels.ts';
import type { InspectedContainer } from './wire.ts';

type EngineState =
  'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead' | 'stopped' | 'configured';

/** Docker's states and, from "stopped" on, Podman's own. A new one must be mapped to compile. */
const stateOf: Record<EngineState, ContainerState> = {
  created: ContainerState.Created,
  running: ContainerState.Running,
  paused: ContainerState.Running,
  restarting: ContainerState.Running,
  removing: ContainerState.Exited,
  exited: ContainerState.Exited,
  dead: ContainerState.Exited,
  stopped: ContainerState.Exited,
  configured: ContainerState.Created,
};

export function parseState(status: string): ContainerState {
  if (!Object.hasOwn(stateOf, status)) throw new RangeError(`Cannot read container status "${status}"`);
  return stateOf[status as EngineState];
}

/** The exit code that the CRI gives a container which the runtime could not start. */
const startErrorCode = 128;

export function containerStatusOf(inspected: InspectedContainer, imageId: string): ContainerStatus {
  const { State: state, Config: config } = inspected;
  const labels = config.Labels ?? {};
  // The engine leaves a container that it could not start as "created", with a code and the reason.
  const failedStart = state.Status === 'created' && state.ExitCode !== 0;
  const parsed = failedStart ? ContainerState.Exited : parseState(state.Status);
  const exited = parsed === ContainerState.Exited;
  return {
    id: inspected.Id,
    pod: podOf(labels),
    name: labels[label.containerName] ?? '',
    attempt: Number(labels[label.attempt] ?? 0),
    sandboxId: labels[label.sandboxId] ?? '',
    state: parsed,
    image: config.Image,
    imageId,
    createdMs: timeOf(inspected.Created),
    startedMs: failedStart ? 0 : timeOf(state.StartedAt),
    finishedMs: exited ? timeOf(failedStart ? inspected.Created : state.FinishedAt) : 0,
    exitCode: failedStart ? startErrorCode : exited ? state.ExitCode : 0,
    reason: exited ? reasonOf(inspected, failedStart) : '',
    message: exited ? (state.Error ?? '') : '',
    specHash: labels[label.specHash] ?? '',
    tty: config.Tty === true,
  };
}

function reasonOf({ State: state }: InspectedContainer, failedStart: boolean): string {
  if (failedStart) return 'StartError';
  if (state.OOMKilled === true) return 'OOMKilled';
  return state.ExitCode === 0 ? 'Completed' : 'Error';
}

export function sandboxStatusOf(inspected: InspectedContainer): SandboxStatus {
  const labels = inspected.Config.Labels ?? {};
  const running = parseState(inspected.State.Status) === ContainerState.Running && inspected.State.Pid > 0;
  return {
    id: inspected.Id,
    pod: podOf(labels),
    attempt: Number(labels[label.attempt] ?? 0),
    running,
    pid: running ? inspected.State.Pid : 0,
    network: labels[label.network] === 'host' ? 'host' : 'pod',
    createdMs: timeOf(inspected.Created),
  };
}

function podOf(labels: Readonly<Record<string, string>>): PodRef {
  return {
    name: labels[label.podName] ?? '',
    namespace: labels[label.podNamespace] ?? '',
    uid: labels[label.podUid] ?? '',
  };
}

/** The engine's zero time is the year 1; ours is 0. */
function timeOf(text: string): number {
  const ms = Date.parse(text);
  return Number.isNaN(ms) || ms < 0 ? 0 : ms;
}
