import { timeText } from '../../openapi/machinery/clock.ts';
import type { ContainerStatus as ApiStatus, Pod, PodStatus } from '../../openapi/generated/types.ts';
import { ContainerState, type ContainerStatus } from '../runtime/driver.ts';
import { containerStatuses, type StatusInput, type WaitingReason } from './container-statuses.ts';
import { ownConditions, podConditions } from './conditions.ts';
import { phaseOf, type Phase } from './phase.ts';
import { appContainers, ephemeralContainers, initContainers, isHostNetwork, isSidecar } from './pod.ts';
import { latestContainer, type PodRuntime } from './pod-runtime.ts';
import { qosClass } from './qos.ts';

/** What the probes say of a running container. */
export interface ProbeView {
  started(containerName: string, containerId: string): boolean;
  ready(containerName: string, containerId: string): boolean;
}

export interface PodStatusInput {
  readonly pod: Pod;
  readonly runtime: PodRuntime;
  readonly runtimeName: string;
  /** As it was reported last; before that, what the API has. */
  readonly old: PodStatus;
  readonly waiting: ReadonlyMap<string, WaitingReason>;
  readonly terminationMessage: (status: ContainerStatus) => string;
  readonly probes: ProbeView;
  readonly hostIP: string;
  /** Undefined until the pod's network stands. */
  readonly podIP: string | undefined;
  readonly sandboxReady: boolean;
  readonly nowMs: number;
  /** The pod is over: nothing of it runs, or will. */
  readonly terminal: boolean;
  /** The node's verdict on the pod, which outlasts what its containers say. */
  readonly verdict: { readonly reason: string; readonly message: string } | undefined;
}

/** The whole status of a pod as the kubelet reports it. */
export function podStatus(input: PodStatusInput): PodStatus {
  const { pod, old, nowMs } = input;
  const init = statusesOf(input, 'init');
  const app = statusesOf(input, 'app');
  const ephemeral = statusesOf(input, 'ephemeral');
  const all = [...init, ...app];
  const phase = settledPhase(input, all);
  const foreign = (pod.status?.conditions ?? []).filter(({ type }) => !ownConditions.has(type));
  const now = timeText(nowMs);
  const generation = pod.metadata?.generation;
  const own = podConditions({
    ...{ pod, phase, statuses: all, sandboxReady: input.sandboxReady && input.verdict === undefined },
    ...{ old: old.conditions ?? [], now },
  });
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase,
    conditions: [...foreign, ...own],
    ...reasonOf(input, phase),
    ...addresses(input),
    startTime: old.startTime ?? now,
    ...(init.length === 0 ? {} : { initContainerStatuses: init }),
    containerStatuses: app,
    qosClass: old.qosClass ?? pod.status?.qosClass ?? qosClass(pod),
    ...(ephemeral.length === 0 ? {} : { ephemeralContainerStatuses: ephemeral }),
  };
}

function statusesOf(input: PodStatusInput, kind: 'init' | 'app' | 'ephemeral'): ApiStatus[] {
  const { pod, old, runtime, runtimeName, waiting, terminationMessage } = input;
  const of = {
    init: { containers: initContainers(pod), statuses: old.initContainerStatuses },
    app: { containers: appContainers(pod), statuses: old.containerStatuses },
    ephemeral: { containers: ephemeralContainers(pod), statuses: old.ephemeralContainerStatuses },
  }[kind];
  const base: StatusInput = {
    pod,
    runtime,
    runtimeName,
    old: of.statuses ?? [],
    waiting,
    terminationMessage,
  };
  const sidecars = new Set(
    initContainers(pod)
      .filter(isSidecar)
      .map(({ name }) => name),
  );
  return containerStatuses(base, of.containers, kind).map((status) => {
    if (kind === 'ephemeral') return status;
    const id = status.containerID?.split('://')[1] ?? '';
    const running = status.state?.running !== undefined;
    const started = running && input.probes.started(status.name, id);
    if (kind === 'init' && !sidecars.has(status.name)) {
      return { ...status, started, ready: status.state?.terminated?.exitCode === 0 };
    }
    return { ...status, started, ready: started && input.probes.ready(status.name, id) };
  });
}

/** A pod that is over stays over, whatever is found later. */
function settledPhase(input: PodStatusInput, statuses: readonly ApiStatus[]): Phase {
  const { pod, old, runtime, terminal } = input;
  for (const before of [pod.status?.phase, old.phase]) {
    if (before === 'Failed' || before === 'Succeeded') return before;
  }
  if (input.verdict !== undefined) return 'Failed';
  const initialized = appContainers(pod).some(({ name }) => {
    const state = latestContainer(runtime, name)?.state;
    return state === ContainerState.Running || state === ContainerState.Exited;
  });
  return phaseOf({ pod, statuses, terminal, initialized });
}

function reasonOf(input: PodStatusInput, phase: Phase): { reason?: string; message?: string } {
  if (input.verdict !== undefined) return input.verdict;
  const { old } = input;
  if (old.phase !== phase) return {};
  return {
    ...(old.reason === undefined ? {} : { reason: old.reason }),
    ...(old.message === undefined ? {} : { message: old.message }),
  };
}

function addresses(input: PodStatusInput): Partial<PodStatus> {
  const { hostIP, podIP, pod } = input;
  const host = { hostIP, hostIPs: [{ ip: hostIP }] };
  const ip = isHostNetwork(pod) ? hostIP : podIP;
  return ip === undefined ? host : { ...host, podIP: ip, podIPs: [{ ip }] };
}
