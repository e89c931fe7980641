import type { Container, Pod } from '../../openapi/generated/types.ts';
import { ContainerState } from '../runtime/driver.ts';
import type { MountedVolumes } from '../volumes/pod-volumes.ts';
import { durationText } from './back-off.ts';
import { containerConfig } from './container-config.ts';
import type { WaitingReason } from './container-statuses.ts';
import { ConfigError } from './environment.ts';
import { runHook } from './hooks.ts';
import { parseImage } from './image-reference.ts';
import { ImageError } from './images.ts';
import { normal, warning } from './pod-events.ts';
import { podRef, podText } from './pod.ts';
import type { PodKiller } from './pod-killer.ts';
import { latestContainer, type PodRuntime } from './pod-runtime.ts';
import type { PodTools } from './pod-tools.ts';
import { verifyNonRoot } from './security.ts';

export interface StartInput {
  /** With the addresses filled into its status. */
  readonly pod: Pod;
  readonly runtime: PodRuntime;
  readonly sandboxId: string;
  readonly mounted: MountedVolumes;
  readonly podIP: string;
}

/** Started, or why not and when to try again. */
export type StartResult =
  | { readonly started: true }
  | { readonly started: false; readonly waiting: WaitingReason; readonly retryMs: number };

/** A failed start is tried again after this long, unless something happens before. */
const retryMs = 10_000;
/** A container that ran this long counts as good. */
const goodRunMs = 600_000;

export class PodStarter {
  readonly #tools: PodTools;
  readonly #killer: PodKiller;

  constructor(tools: PodTools, killer: PodKiller) {
    this.#tools = tools;
    this.#killer = killer;
  }

  /** Rejects only when the signal aborts or the runtime cannot be reached. */
  async start(input: StartInput, container: Container, signal: AbortSignal): Promise<StartResult> {
    const held = this.#backOff(input, container);
    if (held !== undefined) return held;
    try {
      await this.#tools.images.ensure(input.pod, container, signal);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      this.#failed(input.pod, container, error.reason);
      return {
        started: false,
        waiting: { reason: error.reason, message: error.message },
        retryMs: error.retryMs,
      };
    }
    return await this.#create(input, container, signal);
  }

  /** A container that has ended before waits, longer each time. */
  #backOff({ pod, runtime }: StartInput, container: Container): StartResult | undefined {
    const { backOff, clock, events } = this.#tools;
    // Not the latest: one that is only now being killed for its probes has no end yet, and must wait all the same.
    const latest = runtime.containers.find(
      ({ name, state }) => name === container.name && state === ContainerState.Exited,
    );
    if (latest === undefined || latestContainer(runtime, container.name)?.state === ContainerState.Created)
      return undefined;
    const key = `${podRef(pod).uid}_${container.name}`;
    const wasShort = latest.startedMs === 0 || latest.finishedMs - latest.startedMs < goodRunMs;
    backOff.seed(key, wasShort ? latest.attempt : 0, latest.finishedMs);
    const waitMs = backOff.waitMs(key, latest.finishedMs, clock.now());
    if (waitMs === 0) {
      backOff.next(key, latest.finishedMs, clock.now());
      return undefined;
    }
    const text = `Back-off restarting failed container ${container.name} in pod ${podText(pod)}`;
    events.container(pod, container.name, warning('BackOff', text));
    const delay = durationText(backOff.delayMs(key));
    const message = `back-off ${delay} restarting failed container=${container.name} pod=${podText(pod)}`;
    return { started: false, waiting: { reason: 'CrashLoopBackOff', message }, retryMs: waitMs };
  }

  async #create(input: StartInput, container: Container, signal: AbortSignal): Promise<StartResult> {
    const { driver, events } = this.#tools;
    const { pod } = input;
    let id: string;
    try {
      id = await this.#createContainer(input, container, signal);
    } catch (error) {
      signal.throwIfAborted();
      const message = messageOf(error);
      this.#failed(pod, container, message);
      const reason = error instanceof ConfigError ? 'CreateContainerConfigError' : 'CreateContainerError';
      return { started: false, waiting: { reason, message }, retryMs };
    }
    events.container(pod, container.name, normal('Created', 'Container created'));
    try {
      await driver.startContainer(id, signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#failed(pod, container, messageOf(error));
      return { started: false, waiting: { reason: 'RunContainerError', message: messageOf(error) }, retryMs };
    }
    events.container(pod, container.name, normal('Started', 'Container started'));
    await this.#forgetOlder(input, container, signal);
    return await this.#postStart(input, container, id, signal);
  }

  async #createContainer(input: StartInput, container: Container, signal: AbortSignal): Promise<string> {
    const { driver } = this.#tools;
    const { pod, runtime, mounted, sandboxId } = input;
    const image = parseImage(container.image ?? '')?.full ?? '';
    const status = await driver.imageStatus(image, signal);
    verifyNonRoot(pod, container, status?.user ?? '');
    const attempt = nextAttempt(pod, runtime, container.name);
    const config = await containerConfig({ pod, container, runtime, attempt, image, mounted }, this.#tools);
    return await driver.createContainer(sandboxId, config, signal);
  }

  /** The one before stays, for its logs and its last state; older ones go. */
  async #forgetOlder({ runtime }: StartInput, container: Container, signal: AbortSignal): Promise<void> {
    const older = runtime.containers.filter(({ name }) => name === container.name).slice(1);
    for (const { id } of older) await this.#tools.driver.removeContainer(id, signal);
  }

  async #postStart(
    input: StartInput,
    container: Container,
    id: string,
    signal: AbortSignal,
  ): Promise<StartResult> {
    const handler = container.lifecycle?.postStart;
    if (handler === undefined) return { started: true };
    const { driver, clock, events } = this.#tools;
    const { pod, podIP } = input;
    try {
      await runHook(
        handler,
        { pod, containerName: container.name, containerId: id, podIP },
        { driver, clock, signal },
      );
      return { started: true };
    } catch (error) {
      signal.throwIfAborted();
      events.container(pod, container.name, warning('FailedPostStartHook', 'PostStartHook failed'));
      const all = await driver.listContainers({ podUid: podRef(pod).uid }, signal);
      const status = all.find((each) => each.id === id);
      const message = 'FailedPostStartHook';
      if (status !== undefined)
        await this.#killer.kill({ pod, status, message, reason: 'Unknown', podIP }, signal);
      return {
        started: false,
        waiting: { reason: 'PostStartHookError', message: messageOf(error) },
        retryMs,
      };
    }
  }

  #failed(pod: Pod, container: Container, message: string): void {
    this.#tools.events.container(pod, container.name, warning('Failed', `Error: ${message}`));
  }
}

/** One that was made and not started is started; any other start is a new attempt. */
function nextAttempt(pod: Pod, runtime: PodRuntime, name: string): number {
  const latest = latestContainer(runtime, name);
  if (latest !== undefined)
    return latest.state === ContainerState.Created ? latest.attempt : latest.attempt + 1;
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const reported = [...containerStatuses, ...initContainerStatuses].find((each) => each.name === name);
  // Somebody removed it: the count goes on.
  return reported?.containerID === undefined || reported.containerID === '' ? 0 : reported.restartCount + 1;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
