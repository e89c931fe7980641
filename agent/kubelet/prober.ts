import type { Container, ContainerStatus, Pod, PodStatus, Probe } from '../../openapi/generated/types.ts';
import type { Clock } from '../../openapi/machinery/clock.ts';
import type { RuntimeDriver } from '../runtime/driver.ts';
import { allContainers, isDeleting, isSidecar, podRef, shouldRestartOnExit } from './pod.ts';
import { warning, type PodEvents } from './pod-events.ts';
import type { ProbeView } from './pod-status.ts';
import { runProbe, type ProbeOutcome } from './probe-run.ts';
import type { ProbeKind, ProbeResult } from './sync-pod.ts';

export interface ProberOptions {
  readonly driver: RuntimeDriver;
  readonly events: PodEvents;
  readonly clock: Clock;
  readonly random: () => number;
  /** The status that was computed last, reported or not. */
  readonly statusOf: (podUid: string) => PodStatus | undefined;
  /** A result has changed: look at the pod. */
  readonly changed: (podUid: string) => void;
  readonly run?: typeof runProbe;
}

const kinds: readonly ProbeKind[] = ['startup', 'liveness', 'readiness'];
const initialResult: Record<ProbeKind, ProbeResult> = {
  startup: 'unknown',
  liveness: 'success',
  readiness: 'failure',
};
const attemptsMax = 3;

/** One worker for each probe of each container of the pods that it was given. */
export class Prober {
  readonly #options: ProberOptions;
  readonly #results = new Map<string, ProbeResult>();
  readonly #workers = new Map<string, ProbeWorker>();
  readonly #startedMs: number;

  constructor(options: ProberOptions) {
    this.#options = options;
    this.#startedMs = options.clock.now();
  }

  /** Starts what the pod needs and does not have yet. */
  add(pod: Pod): void {
    for (const { kind, spec } of allContainers(pod)) {
      if (kind === 'ephemeral' || (kind === 'init' && !isSidecar(spec))) continue;
      for (const probeKind of kinds) this.#addOne(pod, spec, probeKind);
    }
  }

  /** A pod that ends is not restarted by its probes; its readiness still counts. */
  stopRestarting(pod: Pod): void {
    this.#stop(podRef(pod).uid, (kind) => kind !== 'readiness');
  }

  remove(podUid: string): void {
    this.#stop(podUid, () => true);
  }

  result(kind: ProbeKind, containerId: string): ProbeResult | undefined {
    return this.#results.get(`${kind}/${containerId}`);
  }

  viewOf(pod: Pod): ProbeView {
    const { uid } = podRef(pod);
    return {
      started: (name, id) => {
        const result = this.result('startup', id);
        return result === undefined
          ? !this.#workers.has(workerKey(uid, name, 'startup'))
          : result === 'success';
      },
      ready: (name, id) => {
        if (this.result('readiness', id) === 'success') return true;
        const worker = this.#workers.get(workerKey(uid, name, 'readiness'));
        worker?.hurry();
        return worker === undefined;
      },
    };
  }

  #addOne(pod: Pod, container: Container, kind: ProbeKind): void {
    const probe = probeOf(container, kind);
    const { uid } = podRef(pod);
    const key = workerKey(uid, container.name, kind);
    const known = this.#workers.get(key);
    if (known !== undefined) known.pod = pod;
    if (probe === undefined || known !== undefined) return;
    const worker = new ProbeWorker({
      ...{ pod, container, kind, probe, options: this.#options, agentStartedMs: this.#startedMs },
      set: (id, result) => {
        const before = this.#results.get(`${kind}/${id}`);
        if (result === undefined) this.#results.delete(`${kind}/${id}`);
        else this.#results.set(`${kind}/${id}`, result);
        if (result !== undefined && result !== before) this.#options.changed(uid);
      },
    });
    this.#workers.set(key, worker);
    worker.adopt();
    void worker.run();
  }

  #stop(podUid: string, which: (kind: ProbeKind) => boolean): void {
    for (const [key, worker] of this.#workers) {
      if (!key.startsWith(`${podUid}/`) || !which(worker.kind)) continue;
      worker.stop();
      this.#workers.delete(key);
    }
  }
}

function workerKey(podUid: string, containerName: string, kind: ProbeKind): string {
  return `${podUid}/${containerName}/${kind}`;
}

function probeOf(container: Container, kind: ProbeKind): Probe | undefined {
  return {
    startup: container.startupProbe,
    liveness: container.livenessProbe,
    readiness: container.readinessProbe,
  }[kind];
}

function ownStatus(status: PodStatus, name: string): ContainerStatus | undefined {
  const all = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])];
  return all.find((each) => each.name === name);
}

interface WorkerOptions {
  readonly pod: Pod;
  readonly container: Container;
  readonly kind: ProbeKind;
  readonly probe: Probe;
  readonly options: ProberOptions;
  readonly agentStartedMs: number;
  /** Undefined: forget the container's result. */
  readonly set: (containerId: string, result: ProbeResult | undefined) => void;
}

class ProbeWorker {
  readonly kind: ProbeKind;
  pod: Pod;
  readonly #worker: WorkerOptions;
  readonly #stopped = new AbortController();
  #wait: AbortController | undefined;
  #containerId = '';
  /** After a failed liveness probe: nothing until there is another container. */
  #onHold = false;
  #last: 'success' | 'failure' | undefined;
  #run = 0;

  constructor(worker: WorkerOptions) {
    this.#worker = worker;
    this.kind = worker.kind;
    this.pod = worker.pod;
  }

  stop(): void {
    this.#stopped.abort();
    this.#wait?.abort();
    if (this.#containerId !== '') this.#worker.set(this.#containerId, undefined);
  }

  /** A container that ran before this agent keeps what was said of it, from the first report on. */
  adopt(): void {
    const { options, container } = this.#worker;
    const status = options.statusOf(podRef(this.pod).uid) ?? this.pod.status ?? {};
    const own = ownStatus(status, container.name);
    const id = own?.containerID?.split('://')[1] ?? '';
    if (own?.state?.running !== undefined && id !== '') this.#take(id, own);
  }

  /** Probe now instead of at the end of the period. */
  hurry(): void {
    if (this.#last === undefined) this.#wait?.abort();
  }

  async run(): Promise<void> {
    const { options, probe, agentStartedMs } = this.#worker;
    const periodMs = Math.max(1, probe.periodSeconds ?? 10) * 1000;
    // After an agent's start all pods come at once: spread their probes.
    if (options.clock.now() - agentStartedMs < periodMs)
      await this.#sleep(options.random() * Math.min(periodMs, 1000));
    while (!this.#stopped.signal.aborted) {
      const goOn = await this.#step().catch(() => true);
      if (!goOn) return;
      await this.#sleep(periodMs);
    }
  }

  async #sleep(delayMs: number): Promise<void> {
    this.#wait = new AbortController();
    await this.#worker.options.clock.sleep(delayMs, this.#wait.signal).catch(() => undefined);
    this.#wait = undefined;
  }

  /** False: never again for this pod. */
  async #step(): Promise<boolean> {
    const { options, container, kind, set } = this.#worker;
    const status = options.statusOf(podRef(this.pod).uid);
    if (status === undefined) return true;
    if (status.phase === 'Succeeded' || status.phase === 'Failed') return false;
    const own = ownStatus(status, container.name);
    const id = own?.containerID?.split('://')[1] ?? '';
    if (own === undefined || id === '') return true;
    if (id !== this.#containerId) this.#take(id, own);
    if (this.#onHold) return true;
    if (own.state?.running === undefined) {
      set(id, 'failure');
      const exitCode = own.state?.terminated?.exitCode;
      return exitCode === undefined || shouldRestartOnExit(container, this.pod, exitCode);
    }
    if (isDeleting(this.pod) && kind !== 'readiness') {
      set(id, 'success');
      return false;
    }
    if (this.#isEarly(own)) return true;
    await this.#probe(id, status.podIP ?? '');
    return true;
  }

  #take(id: string, own: ContainerStatus): void {
    const { kind, set, agentStartedMs } = this.#worker;
    if (this.#containerId !== '') set(this.#containerId, undefined);
    this.#containerId = id;
    this.#onHold = false;
    this.#last = undefined;
    this.#run = 0;
    // A container from before this agent keeps what was said of it until it is probed: a new agent changes nothing.
    const older = Date.parse(own.state?.running?.startedAt ?? '') < agentStartedMs - 1000;
    const was = { startup: own.started, liveness: undefined, readiness: own.ready }[kind];
    set(id, older && was === true ? 'success' : initialResult[kind]);
  }

  /** Before the initial delay, and, of probes other than startup, before the container has started. */
  #isEarly(own: ContainerStatus): boolean {
    const { options, probe, kind } = this.#worker;
    const runningMs = options.clock.now() - Date.parse(own.state?.running?.startedAt ?? '');
    if (runningMs < (probe.initialDelaySeconds ?? 0) * 1000) return true;
    return kind === 'startup' ? own.started === true : own.started !== true;
  }

  async #probe(id: string, podIP: string): Promise<void> {
    const { probe, kind, set } = this.#worker;
    const result = await this.#outcome(id, podIP);
    if (this.#stopped.signal.aborted) return;
    this.#run = result === this.#last ? this.#run + 1 : 1;
    this.#last = result;
    const threshold = result === 'failure' ? (probe.failureThreshold ?? 3) : (probe.successThreshold ?? 1);
    if (this.#run < threshold) return;
    set(id, result);
    if (result === 'failure' && kind !== 'readiness') {
      this.#onHold = true;
      this.#run = 0;
    }
  }

  async #outcome(id: string, podIP: string): Promise<'success' | 'failure'> {
    const { options, container, probe, kind } = this.#worker;
    const target = {
      ...{ pod: this.pod, containerName: container.name, containerId: id, podIP },
      ...{ driver: options.driver, clock: options.clock, signal: this.#stopped.signal },
    };
    const word = `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
    let failure = '';
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      try {
        return this.#tell(word, await (options.run ?? runProbe)(probe, target));
      } catch (error) {
        if (this.#stopped.signal.aborted) return 'failure';
        failure = error instanceof Error ? error.message : String(error);
      }
    }
    const message = `${word} probe errored and resulted in unknown state: ${failure}`;
    options.events.container(this.pod, container.name, warning('Unhealthy', message));
    return 'failure';
  }

  #tell(word: string, { result, output }: ProbeOutcome): 'success' | 'failure' {
    const { events } = this.#worker.options;
    const { name } = this.#worker.container;
    if (result === 'failure')
      events.container(this.pod, name, warning('Unhealthy', `${word} probe failed: ${output}`));
    if (result === 'warning')
      events.container(this.pod, name, warning('ProbeWarning', `${word} probe warning: ${output}`));
    return result === 'failure' ? 'failure' : 'success';
  }
}
