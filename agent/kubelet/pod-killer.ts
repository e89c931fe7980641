import type { Container, Pod } from '../../openapi/generated/types.ts';
import { linkSignals, withinTime } from '../../openapi/machinery/link-signals.ts';
import type { ContainerStatus } from '../runtime/driver.ts';
import { runHook } from './hooks.ts';
import { normal, warning } from './pod-events.ts';
import { findContainer, graceSeconds, initContainers, isSidecar } from './pod.ts';
import { runningContainers, type PodRuntime } from './pod-runtime.ts';
import type { PodTools } from './pod-tools.ts';
import type { KillReason } from './sync-pod.ts';

/** Every container has at least this long between its stop signal and the kill. */
const graceSecondsMin = 2;
/** What the engine may take beyond the time of the container. */
const stopMsMax = 120_000;

export interface KillRequest {
  readonly pod: Pod;
  readonly status: ContainerStatus;
  /** Of the event; empty: "Stopping container NAME". */
  readonly message: string;
  readonly reason: KillReason;
  readonly podIP: string;
}

/** Ends containers as pods are promised: preStop hook, stop signal, time, kill. */
export class PodKiller {
  readonly #tools: PodTools;
  /** Said already: a kill that begins anew with less time is still one kill. */
  readonly #told = new Set<string>();

  constructor(tools: PodTools) {
    this.#tools = tools;
  }

  async kill(request: KillRequest, signal: AbortSignal): Promise<void> {
    const { pod, status, reason } = request;
    const container = findContainer(pod, status.name)?.spec;
    await this.#end(request, container, graceOf(pod, container, reason), signal);
  }

  /** All that run: side by side; sidecars when the others have ended, the last first, in what is left of the time. */
  async killAll(pod: Pod, runtime: PodRuntime, podIP: string, signal: AbortSignal): Promise<void> {
    const { clock } = this.#tools;
    const sidecars = initContainers(pod).filter(isSidecar);
    const order = new Map(sidecars.map(({ name }, index) => [name, index]));
    const running = runningContainers(runtime);
    const until = clock.monotonic() + graceSeconds(pod) * 1000;
    const requestOf = (status: ContainerStatus): KillRequest => ({
      pod,
      status,
      message: '',
      reason: 'Unknown',
      podIP,
    });
    const app = running.filter(({ name }) => !order.has(name));
    await Promise.all(app.map((status) => this.kill(requestOf(status), signal)));
    const last = running.filter(({ name }) => order.has(name));
    last.sort((a, b) => (order.get(b.name) ?? 0) - (order.get(a.name) ?? 0));
    for (const status of last) {
      const left = Math.max(0, (until - clock.monotonic()) / 1000);
      const container = findContainer(pod, status.name)?.spec;
      await this.#end(requestOf(status), container, Math.min(left, graceSeconds(pod)), signal);
    }
  }

  async #end(
    { pod, status, message, podIP }: KillRequest,
    container: Container | undefined,
    grace: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { events, clock, driver } = this.#tools;
    if (!this.#told.has(status.id)) {
      this.#told.add(status.id);
      events.container(
        pod,
        status.name,
        normal('Killing', message === '' ? `Stopping container ${status.name}` : message),
      );
    }
    const startedMs = clock.monotonic();
    const preStop = container?.lifecycle?.preStop;
    if (preStop !== undefined && grace > 0)
      await this.#preStop(pod, status, podIP, { handler: preStop, grace, signal });
    const left = grace - (clock.monotonic() - startedMs) / 1000;
    const graceMs = Math.max(graceSecondsMin, left) * 1000;
    // The engine answers when the container has ended, so the call itself may take the whole time.
    await withinTime(signal, graceMs + stopMsMax, clock, (limit) =>
      driver.stopContainer(status.id, graceMs, limit),
    );
  }

  async #preStop(
    pod: Pod,
    status: ContainerStatus,
    podIP: string,
    hook: {
      readonly handler: NonNullable<NonNullable<Container['lifecycle']>['preStop']>;
      readonly grace: number;
      readonly signal: AbortSignal;
    },
  ): Promise<void> {
    const { clock, driver, events } = this.#tools;
    const over = new AbortController();
    const { signal, release } = linkSignals(hook.signal, over.signal);
    const target = { pod, containerName: status.name, containerId: status.id, podIP };
    const run = runHook(hook.handler, target, { driver, clock, signal }).catch(() => {
      // What it printed may hold secrets: the event does not tell.
      if (!signal.aborted)
        events.container(pod, status.name, warning('FailedPreStopHook', 'PreStopHook failed'));
    });
    const timer = clock.sleep(hook.grace * 1000, signal).catch(() => undefined);
    await Promise.race([run, timer]);
    over.abort();
    release();
    hook.signal.throwIfAborted();
  }
}

function graceOf(pod: Pod, container: Container | undefined, reason: KillReason): number {
  if (pod.metadata?.deletionGracePeriodSeconds !== undefined) return pod.metadata.deletionGracePeriodSeconds;
  const probe = {
    StartupProbe: container?.startupProbe,
    LivenessProbe: container?.livenessProbe,
    Unknown: undefined,
  };
  return probe[reason]?.terminationGracePeriodSeconds ?? graceSeconds(pod);
}
