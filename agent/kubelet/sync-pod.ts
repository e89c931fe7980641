import type { Container, Pod } from '../../openapi/generated/types.ts';
import { ContainerState, type ContainerStatus } from '../runtime/driver.ts';
import {
  appContainers,
  ephemeralContainers,
  initContainers,
  isDeleting,
  isSidecar,
  shouldRestartOnExit,
} from './pod.ts';
import { latestContainer, sandboxNeed, type PodRuntime } from './pod-runtime.ts';
import { specChanged } from './spec-hash.ts';

export type ProbeKind = 'startup' | 'liveness' | 'readiness';
export type ProbeResult = 'success' | 'failure' | 'unknown';

export type KillReason = 'StartupProbe' | 'LivenessProbe' | 'Unknown';

export interface ContainerToKill {
  readonly status: ContainerStatus;
  /** Of the event "Killing". */
  readonly message: string;
  readonly reason: KillReason;
}

/** What one look at a pod says is to be done, in this order: kill, sandbox, ephemeral, init, containers. */
export interface PodPlan {
  /** All containers and the sandbox go. */
  readonly killPod: boolean;
  readonly createSandbox: boolean;
  readonly attempt: number;
  readonly kill: readonly ContainerToKill[];
  readonly startEphemeral: readonly Container[];
  readonly startInit: readonly Container[];
  readonly start: readonly Container[];
}

export interface PlanInput {
  readonly pod: Pod;
  readonly runtime: PodRuntime;
  /** The latest result for a container id; undefined while there is none. */
  readonly probe: (kind: ProbeKind, containerId: string) => ProbeResult | undefined;
}

/** Looks at everything, decides, does nothing: the same input gives the same plan. */
export function planPod(input: PlanInput): PodPlan {
  const need = sandboxNeed(input.pod, input.runtime);
  const base = { killPod: need.create, createSandbox: need.create, attempt: need.attempt };
  if (need.create) return { ...base, ...planWithoutSandbox(input, need.attempt) };
  const ephemeral = ephemeralContainers(input.pod);
  // Never started again, so one that has any history is left alone.
  const startEphemeral = ephemeral.filter(({ name }) => latestContainer(input.runtime, name) === undefined);
  const init = planInit(input);
  if (init.failed || !init.done) {
    return {
      ...base,
      killPod: init.failed,
      kill: init.kill,
      startEphemeral,
      startInit: init.start,
      start: [],
    };
  }
  const app = planApp(input);
  const killPod = app.keep === 0 && app.start.length === 0;
  const kill = [...init.kill, ...app.kill];
  // Sidecars must not keep a pod alive that has nothing else to run.
  return { ...base, killPod, kill, startEphemeral, startInit: killPod ? [] : init.start, start: app.start };
}

type WithoutSandbox = Omit<PodPlan, 'killPod' | 'attempt'>;

/** Everything begins anew, unless the pod has nothing left to run. */
function planWithoutSandbox({ pod, runtime }: PlanInput, attempt: number): WithoutSandbox {
  const nothing = { kill: [], startEphemeral: [], startInit: [], start: [] };
  const none = { ...nothing, createSandbox: false };
  const ran = runtime.containers.length > 0;
  if (pod.spec?.restartPolicy === 'Never' && attempt !== 0 && ran) return none;
  const start = appContainers(pod).filter((container) => !isDoneOnce(container, pod, runtime));
  const initialized = appContainers(pod).some(({ name }) => latestContainer(runtime, name) !== undefined);
  if (start.length === 0 && initialized) return none;
  const firstInit = initContainers(pod)[0];
  if (firstInit !== undefined) return { ...nothing, createSandbox: true, startInit: [firstInit] };
  return { ...nothing, createSandbox: true, start };
}

function isDoneOnce(container: Container, pod: Pod, runtime: PodRuntime): boolean {
  const policy = container.restartPolicy ?? pod.spec?.restartPolicy;
  const latest = latestContainer(runtime, container.name);
  return policy === 'OnFailure' && latest?.state === ContainerState.Exited && latest.exitCode === 0;
}

interface InitPlan {
  /** An init container has failed for good: so has the pod. */
  readonly failed: boolean;
  /** The last one has done its work, or runs beside the others. */
  readonly done: boolean;
  readonly start: readonly Container[];
  readonly kill: readonly ContainerToKill[];
}

interface InitStep {
  readonly failed?: boolean;
  /** This one has done its work (or is up): the next may start. */
  readonly passed?: boolean;
  readonly restart?: boolean;
  readonly kill?: ContainerToKill;
}

/**
 * From the last to the first, since the history of earlier ones may have been removed: the first that has a status tells how
 * far the pod is; of those before it only sidecars are looked after.
 */
function planInit(input: PlanInput): InitPlan {
  const all = initContainers(input.pod);
  const first = all[0];
  if (first === undefined) return { failed: false, done: true, start: [], kill: [] };
  let done = appContainers(input.pod).some(({ name }) => hasRun(latestContainer(input.runtime, name)));
  let initialized = done;
  const start: Container[] = [];
  const kill: ContainerToKill[] = [];
  for (const [index, container] of [...all.entries()].reverse()) {
    const status = latestContainer(input.runtime, container.name);
    if (status === undefined) {
      if (initialized && isSidecar(container)) start.unshift(container);
      continue;
    }
    if (initialized && !isSidecar(container)) continue;
    const step = initStep(input, container, status);
    if (step.failed === true) return { failed: true, done: false, start: [], kill: [] };
    if (step.kill !== undefined) kill.push(step.kill);
    const next = all[index + 1];
    if (step.passed === true && next === undefined) done = true;
    if (step.passed === true && next !== undefined && !initialized) start.unshift(next);
    if (step.restart === true) start.unshift(container);
    initialized = true;
  }
  return { failed: false, done, start: initialized ? start : [first], kill };
}

function hasRun(status: ContainerStatus | undefined): boolean {
  return status !== undefined && status.state !== ContainerState.Exited;
}

function initStep(input: PlanInput, container: Container, status: ContainerStatus): InitStep {
  switch (status.state) {
    case ContainerState.Created:
      // Made, but its start was cut off: start it.
      return { restart: true };
    case ContainerState.Running:
      return isSidecar(container) ? sidecarStep(input, container, status) : {};
    case ContainerState.Exited:
      if (isSidecar(container)) return { restart: true };
      if (status.exitCode === 0) return { passed: true };
      return shouldRestartOnExit(container, input.pod, status.exitCode) && !isDeleting(input.pod)
        ? { restart: true }
        : { failed: true };
  }
}

function sidecarStep(input: PlanInput, container: Container, status: ContainerStatus): InitStep {
  if (container.startupProbe !== undefined) {
    const startup = input.probe('startup', status.id);
    if (startup === 'failure') {
      return {
        restart: true,
        kill: killed(status, `Init container ${status.name} failed startup probe`, 'StartupProbe'),
      };
    }
    if (startup !== 'success') return {};
  }
  if (specChanged(container, status)) {
    const message = `Init container ${status.name} definition changed`;
    return { passed: true, restart: true, kill: killed(status, message, 'Unknown') };
  }
  if (container.livenessProbe !== undefined && input.probe('liveness', status.id) === 'failure') {
    const message = `Init container ${status.name} failed liveness probe`;
    return { passed: true, restart: true, kill: killed(status, message, 'LivenessProbe') };
  }
  return { passed: true };
}

interface AppPlan {
  readonly keep: number;
  readonly start: readonly Container[];
  readonly kill: readonly ContainerToKill[];
}

function planApp(input: PlanInput): AppPlan {
  let keep = 0;
  const start: Container[] = [];
  const kill: ContainerToKill[] = [];
  for (const container of appContainers(input.pod)) {
    const status = latestContainer(input.runtime, container.name);
    if (status?.state !== ContainerState.Running) {
      if (shouldStart(container, input.pod, status)) start.push(container);
      continue;
    }
    const fault = faultOf(input, container, status);
    if (fault === undefined) {
      keep += 1;
      continue;
    }
    const policy = container.restartPolicy ?? input.pod.spec?.restartPolicy;
    const restart = fault.always || policy !== 'Never';
    if (restart) start.push(container);
    kill.push(killed(status, restart ? `${fault.message}, will be restarted` : fault.message, fault.reason));
  }
  return { keep, start, kill };
}

/** Whether a container that does not run is to be started. */
export function shouldStart(container: Container, pod: Pod, status: ContainerStatus | undefined): boolean {
  if (isDeleting(pod)) return false;
  if (status?.state !== ContainerState.Exited) return status?.state !== ContainerState.Running;
  return shouldRestartOnExit(container, pod, status.exitCode);
}

interface Fault {
  readonly message: string;
  readonly reason: KillReason;
  /** Restart whatever the policy says. */
  readonly always: boolean;
}

function faultOf(input: PlanInput, container: Container, status: ContainerStatus): Fault | undefined {
  const name = `Container ${container.name}`;
  if (specChanged(container, status))
    return { message: `${name} definition changed`, reason: 'Unknown', always: true };
  if (input.probe('liveness', status.id) === 'failure') {
    return { message: `${name} failed liveness probe`, reason: 'LivenessProbe', always: false };
  }
  if (input.probe('startup', status.id) === 'failure') {
    return { message: `${name} failed startup probe`, reason: 'StartupProbe', always: false };
  }
  return undefined;
}

function killed(status: ContainerStatus, message: string, reason: KillReason): ContainerToKill {
  return { status, message, reason };
}
