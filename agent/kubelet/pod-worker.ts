import { timeText } from '../../openapi/machinery/clock.ts';
import type { Container, Pod, PodStatus } from '../../openapi/generated/types.ts';
import { linkSignals } from '../../openapi/machinery/link-signals.ts';
import type { HostPort } from '../network/pod-network.ts';
import { ContainerState } from '../runtime/driver.ts';
import type { MountedVolumes } from '../volumes/pod-volumes.ts';
import { admit, type Rejection } from './admission.ts';
import { sandboxConfig } from './container-config.ts';
import type { WaitingReason } from './container-statuses.ts';
import { allContainers, hasTerminalPhase, initContainers, isDeleting, isHostNetwork, podRef } from './pod.ts';
import { writePodFiles } from './pod-files.ts';
import { finalStatus } from './final-status.ts';
import { PodKiller } from './pod-killer.ts';
import {
  emptyRuntime,
  readPodRuntime,
  runningContainers,
  sandboxNeed,
  type PodRuntime,
} from './pod-runtime.ts';
import { podStatus } from './pod-status.ts';
import { PodStarter } from './pod-starter.ts';
import type { PodTools } from './pod-tools.ts';
import { qosClass } from './qos.ts';
import { planPod, type PodPlan } from './sync-pod.ts';
import { terminationMessage } from './termination-message.ts';

/**
 * starting: not admitted yet. running: kept as its spec says. ending: everything is being stopped. ended: nothing is left but
 * its containers' remains, for their logs. gone: nothing is left at all.
 */
type Stage = 'starting' | 'running' | 'ending' | 'ended' | 'gone';

export interface PodWorkerOptions {
  readonly tools: PodTools;
  /** Pods that this node has taken, without this one. */
  readonly others: () => readonly Pod[];
  readonly signal: AbortSignal;
}

/** Contents of volumes are looked at as often. */
const resyncMs = 40_000;
const retryMsMin = 1_000;
const retryMsMax = 30_000;
/** What a container shows before anything was tried. */
const initialReasons = new Set(['ContainerCreating', 'PodInitializing']);
const networkWaitMs = 500;
const networkWaitsQuiet = 10;

/** The work on one pod: one look at a time, the newest wish wins, until nothing of it is left. */
export class PodWorker {
  readonly #tools: PodTools;
  readonly #options: PodWorkerOptions;
  readonly #killer: PodKiller;
  readonly #starter: PodStarter;
  readonly #waiting = new Map<string, WaitingReason>();
  readonly #messages = new Map<string, string>();
  #pod: Pod;
  #stage: Stage = 'starting';
  /** The API has the pod no more. */
  #removed = false;
  #verdict: Rejection | undefined;
  #podIP: string | undefined;
  #runtime: PodRuntime = emptyRuntime;
  #dirty = false;
  #failures = 0;
  #setbacks = 0;
  #networkWaits = 0;
  #mounted: MountedVolumes | undefined;
  #sleep: AbortController | undefined;
  /** Cuts off what is being done when the pod is to end, or to end sooner. */
  #work = new AbortController();

  constructor(pod: Pod, options: PodWorkerOptions) {
    this.#pod = pod;
    this.#options = options;
    this.#tools = options.tools;
    this.#killer = new PodKiller(options.tools);
    this.#starter = new PodStarter(options.tools, this.#killer);
    // What an agent before this one has told stays so until it is tried again.
    const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
    for (const { name, state } of [...containerStatuses, ...initContainerStatuses]) {
      const { reason = '', message = '' } = state?.waiting ?? {};
      if (reason !== '' && !initialReasons.has(reason)) this.#waiting.set(name, { reason, message });
    }
  }

  get pod(): Pod {
    return this.#pod;
  }

  /** What the runtime had of the pod at the last look. */
  get runtime(): PodRuntime {
    return this.#runtime;
  }

  get podIP(): string | undefined {
    return isHostNetwork(this.#pod) ? this.#tools.node.hostIP : this.#podIP;
  }

  /** Taken, and not over: its resources count. */
  get isActive(): boolean {
    return this.#stage === 'running' || this.#stage === 'ending';
  }

  update(pod: Pod): void {
    const before = this.#pod;
    this.#pod = pod;
    const sooner =
      (pod.metadata?.deletionGracePeriodSeconds ?? Infinity) <
      (before.metadata?.deletionGracePeriodSeconds ?? Infinity);
    if (isDeleting(pod) && (!isDeleting(before) || sooner)) this.#work.abort();
    this.poke();
  }

  /** The API has the pod no more. */
  remove(): void {
    this.#removed = true;
    if (this.#stage !== 'ending') this.#work.abort();
    this.poke();
  }

  /** Look at the pod soon. */
  poke(): void {
    this.#dirty = true;
    this.#sleep?.abort();
  }

  /** Resolves when nothing is left of the pod, or the signal aborts. */
  async run(): Promise<void> {
    const { clock } = this.#tools;
    const { signal } = this.#options;
    while (!signal.aborted && this.#stage !== 'gone') {
      this.#dirty = false;
      const waitMs = await this.#lookOnce();
      if (this.#isDirty() || this.#isGone()) continue;
      this.#sleep = new AbortController();
      const sleep = linkSignals(signal, this.#sleep.signal);
      await clock.sleep(waitMs, sleep.signal).catch(() => undefined);
      sleep.release();
      this.#sleep = undefined;
    }
  }

  /** Never rejects; resolves with how long to wait before the next look, if nothing happens. */
  async #lookOnce(): Promise<number> {
    const { log, random } = this.#tools;
    this.#work = new AbortController();
    const work = linkSignals(this.#options.signal, this.#work.signal);
    try {
      const waitMs = await this.#look(work.signal);
      this.#failures = 0;
      return Math.min(waitMs, resyncMs * (0.75 + random() / 2));
    } catch (error) {
      if (work.signal.aborted) return 0;
      this.#failures += 1;
      const facts = { pod: podRef(this.#pod).name, error: String(error) };
      log.log('warn', 'Cannot sync pod: trying again', facts);
      return Math.min(retryMsMax, retryMsMin * 2 ** Math.min(this.#failures - 1, 10));
    } finally {
      work.release();
    }
  }

  // Functions, since the compiler does not see that a look changes them.
  #isDirty(): boolean {
    return this.#dirty;
  }
  #isGone(): boolean {
    return this.#stage === 'gone';
  }

  /** Resolves with how long to wait at most before the next look. */
  async #look(signal: AbortSignal): Promise<number> {
    if (this.#stage === 'ended') return await this.#lookAtEnded(signal);
    await this.#readRuntime(signal);
    const over = this.#removed || isDeleting(this.#pod) || hasTerminalPhase(this.#pod);
    if (this.#stage === 'starting' && hasTerminalPhase(this.#pod) && isEmpty(this.#runtime))
      return await this.#settle();
    if (this.#stage === 'starting' && !over) this.#admit();
    if (over || this.#verdict !== undefined) this.#stage = 'ending';
    if (this.#stage === 'ending') return await this.#end(signal);
    await this.#rejoinNetwork(signal);
    const deadlineMs = this.#deadlineMs();
    if (deadlineMs <= 0) {
      const message = 'Pod was active on the node longer than the specified deadline';
      this.#tools.events.pod(this.#pod, 'Normal', 'DeadlineExceeded', message);
      this.#verdict = { reason: 'DeadlineExceeded', message };
      this.#stage = 'ending';
      return await this.#end(signal);
    }
    this.#tools.prober.add(this.#pod);
    const status = this.#report(false);
    if (status.phase === 'Succeeded' || status.phase === 'Failed') {
      this.#stage = 'ending';
      return await this.#end(signal);
    }
    return Math.min(deadlineMs, await this.#converge(signal));
  }

  async #readRuntime(signal: AbortSignal): Promise<void> {
    const { driver, node } = this.#tools;
    this.#runtime = await readPodRuntime(driver, podRef(this.#pod).uid, signal);
    for (const status of this.#runtime.containers) {
      if (status.state !== ContainerState.Exited || this.#messages.has(status.id)) continue;
      this.#messages.set(status.id, await terminationMessage(this.#pod, status, driver, node.podsFolder));
    }
  }

  #admit(): void {
    this.#stage = 'running';
    // What this node has taken before an agent's restart it does not refuse now.
    if (this.#runtime.sandboxes.length > 0 || this.#pod.status?.startTime !== undefined) return;
    const rejection = admit(this.#pod, this.#tools.node.node(), this.#options.others());
    if (rejection === undefined) return;
    this.#tools.events.pod(this.#pod, 'Warning', rejection.reason, rejection.message);
    this.#verdict = { reason: rejection.reason, message: `Pod was rejected: ${rejection.message}` };
  }

  #deadlineMs(): number {
    const seconds = this.#pod.spec?.activeDeadlineSeconds;
    const started = this.#tools.statuses.get(podRef(this.#pod).uid)?.startTime ?? this.#pod.status?.startTime;
    if (seconds === undefined || started === undefined) return Infinity;
    return Date.parse(started) + seconds * 1000 - this.#tools.clock.now();
  }

  /** After an agent's restart: the pod's address is asked of the network again. */
  async #rejoinNetwork(signal: AbortSignal): Promise<void> {
    const { current } = sandboxNeed(this.#pod, this.#runtime);
    if (current === undefined || this.#podIP !== undefined || isHostNetwork(this.#pod)) return;
    if (this.#tools.network.gateway === undefined) return;
    await this.#attach(current.pid, signal);
  }

  /** Tells the API, and whoever asks on this node, how the pod is. `terminal`: nothing of it runs, or will. */
  #report(terminal: boolean): PodStatus {
    const { statuses } = this.#tools;
    const pod = this.#pod;
    const old = statuses.get(podRef(pod).uid) ?? pod.status ?? {};
    const status = this.#isRejected()
      ? rejectedStatus(pod, old, this.#verdict, this.#tools.clock.now())
      : this.#statusNow(old, terminal);
    if (!this.#removed) statuses.set(pod, status);
    return status;
  }

  /** Turned away before anything of it was made. */
  #isRejected(): boolean {
    return this.#verdict !== undefined && this.#runtime.sandboxes.length === 0;
  }

  #statusNow(old: PodStatus, terminal: boolean): PodStatus {
    const { driver, node, clock, prober } = this.#tools;
    const pod = this.#pod;
    const need = sandboxNeed(pod, this.#runtime);
    const podIP = this.#podIP ?? (need.current === undefined && !terminal ? undefined : old.podIP);
    const status = podStatus({
      ...{ pod, runtime: this.#runtime, runtimeName: driver.name, old, waiting: this.#waiting, terminal },
      terminationMessage: ({ id }) => this.#messages.get(id) ?? '',
      probes: prober.viewOf(pod),
      ...{ hostIP: node.hostIP, podIP, nowMs: clock.now(), verdict: this.#verdict },
      sandboxReady: need.current !== undefined && (isHostNetwork(pod) || podIP !== undefined),
    });
    return terminal ? finalStatus(pod, status) : status;
  }

  /** Brings the pod to what its spec says. */
  async #converge(signal: AbortSignal): Promise<number> {
    const { prober, network } = this.#tools;
    const plan = planPod({
      pod: this.#pod,
      runtime: this.#runtime,
      probe: (kind, id) => prober.result(kind, id),
    });
    if (plan.createSandbox && !isHostNetwork(this.#pod) && network.gateway === undefined) {
      this.#tellNetworkNotReady();
      return networkWaitMs;
    }
    await this.#kill(plan, signal);
    if (plan.killPod && !plan.createSandbox) return 0;
    const mounted = await this.#setUpVolumes();
    if (mounted === undefined) return this.#setback();
    const sandboxId = plan.createSandbox
      ? await this.#runSandbox(plan, signal)
      : sandboxNeed(this.#pod, this.#runtime).current?.id;
    if (sandboxId === undefined) return this.#setback();
    this.#setbacks = 0;
    const starts = [...plan.startEphemeral, ...plan.startInit, ...plan.start];
    const retryMs = await this.#startAll(starts, { sandboxId, mounted }, signal);
    if (starts.length > 0 || plan.kill.length > 0) {
      await this.#readRuntime(signal);
      this.#report(false);
    }
    return retryMs;
  }

  /** How long to wait after a step that failed, longer each time. */
  #setback(): number {
    this.#setbacks += 1;
    return Math.min(retryMsMax, retryMsMin * 2 ** Math.min(this.#setbacks - 1, 10));
  }

  /** Once, and not while an agent that has just started brings the network up. */
  #tellNetworkNotReady(): void {
    this.#networkWaits += 1;
    if (this.#networkWaits !== networkWaitsQuiet) return;
    const message = 'network is not ready: the node has no pod network yet';
    this.#tools.events.pod(this.#pod, 'Warning', 'NetworkNotReady', message);
  }

  async #kill(plan: PodPlan, signal: AbortSignal): Promise<void> {
    const { driver, events, prober } = this.#tools;
    const pod = this.#pod;
    const podIP = this.podIP ?? '';
    for (const each of plan.kill) {
      await this.#killer.kill(
        { pod, status: each.status, message: each.message, reason: each.reason, podIP },
        signal,
      );
    }
    if (!plan.killPod) return;
    if (plan.createSandbox && this.#runtime.sandboxes.length > 0) {
      events.pod(pod, 'Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
    }
    if (!plan.createSandbox) prober.stopRestarting(pod);
    await this.#killer.killAll(pod, this.#runtime, podIP, signal);
    for (const { id } of this.#runtime.sandboxes) await driver.stopSandbox(id, signal);
    if (!plan.createSandbox) return;
    // In a new sandbox they run anew.
    const init = new Set(initContainers(pod).map(({ name }) => name));
    for (const { id, name } of this.#runtime.containers)
      if (init.has(name)) await driver.removeContainer(id, signal);
    for (const { id } of this.#runtime.sandboxes) await driver.removeSandbox(id, signal);
    await this.#readRuntime(signal);
  }

  /** Undefined when a volume was never to be had; the user reads why in an event. */
  async #setUpVolumes(): Promise<MountedVolumes | undefined> {
    const { volumes, events } = this.#tools;
    try {
      this.#mounted = await volumes.setUp(this.#pod);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      events.pod(this.#pod, 'Warning', 'FailedMount', message);
    }
    // What was set up once stays as it is when its source is gone.
    return this.#mounted;
  }

  async #runSandbox(plan: PodPlan, signal: AbortSignal): Promise<string | undefined> {
    const { driver, events, node } = this.#tools;
    const pod = this.#pod;
    try {
      const id = await driver.runSandbox(sandboxConfig(pod, plan.attempt, node.clusterDomain), signal);
      const sandboxes = await driver.listSandboxes({ podUid: podRef(pod).uid }, signal);
      const pid = sandboxes.find((each) => each.id === id)?.pid ?? 0;
      if (isHostNetwork(pod)) await writePodFiles(pod, node.hostIP, node, this.#tools.files);
      else await this.#attach(pid, signal);
      this.#runtime = { ...this.#runtime, sandboxes };
      this.#report(false);
      return id;
    } catch (error) {
      signal.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      events.pod(pod, 'Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${reason}`);
      return undefined;
    }
  }

  async #attach(pid: number, signal: AbortSignal): Promise<void> {
    const { network, node, files } = this.#tools;
    const address = await network.attach(podRef(this.#pod).uid, pid, hostPortsOf(this.#pod), signal);
    this.#podIP = address.ip;
    await writePodFiles(this.#pod, address.ip, node, files);
  }

  /** One after the other, in their order; resolves with when the first that did not start is to be tried again. */
  async #startAll(
    starts: readonly Container[],
    place: { readonly sandboxId: string; readonly mounted: MountedVolumes },
    signal: AbortSignal,
  ): Promise<number> {
    let retryMs = Infinity;
    const pod = this.#podWithAddresses();
    for (const container of starts) {
      const input = { pod, runtime: this.#runtime, podIP: this.podIP ?? '', ...place };
      const result = await this.#starter.start(input, container, signal);
      if (result.started) {
        this.#waiting.delete(container.name);
        continue;
      }
      this.#waiting.set(container.name, result.waiting);
      retryMs = Math.min(retryMs, result.retryMs);
    }
    return retryMs;
  }

  #podWithAddresses(): Pod {
    const { hostIP } = this.#tools.node;
    const ip = this.podIP;
    const addresses = ip === undefined ? {} : { podIP: ip, podIPs: [{ ip }] };
    const status = { ...this.#pod.status, hostIP, hostIPs: [{ ip: hostIP }], ...addresses };
    return { ...this.#pod, status };
  }

  /** Stops everything, tells how it ended, clears up. */
  async #end(signal: AbortSignal): Promise<number> {
    const { prober, driver, network } = this.#tools;
    const { uid } = podRef(this.#pod);
    if (runningContainers(this.#runtime).length > 0) {
      await this.#rejoinNetwork(signal);
      this.#report(false);
      prober.stopRestarting(this.#pod);
      await this.#killer.killAll(this.#pod, this.#runtime, this.podIP ?? '', signal);
      await this.#readRuntime(signal);
      if (runningContainers(this.#runtime).length > 0)
        throw new Error('containers still run after they were stopped');
    }
    prober.remove(uid);
    const sandboxes = this.#runtime.sandboxes.filter(({ running }) => running);
    for (const { id } of sandboxes) await driver.stopSandbox(id, signal);
    if (sandboxes.length > 0) await this.#readRuntime(signal);
    this.#report(true);
    if (!isHostNetwork(this.#pod)) await network.detach(uid, signal);
    return await this.#settle();
  }

  /** Nothing of the pod runs: clear up, and let it go where it is to be deleted. */
  async #settle(): Promise<number> {
    const { volumes, statuses } = this.#tools;
    await volumes.tearDown(podRef(this.#pod).uid);
    if (!this.#removed) statuses.finish(this.#pod);
    this.#stage = 'ended';
    return this.#removed ? 0 : Infinity;
  }

  async #lookAtEnded(signal: AbortSignal): Promise<number> {
    const { statuses, driver, images, backOff } = this.#tools;
    const { uid } = podRef(this.#pod);
    if (!this.#removed) {
      statuses.finish(this.#pod);
      return Infinity;
    }
    const runtime = await readPodRuntime(driver, uid, signal);
    for (const { id } of runtime.containers) await driver.removeContainer(id, signal);
    for (const { id } of runtime.sandboxes) await driver.removeSandbox(id, signal);
    statuses.forget(uid);
    images.forget(uid);
    backOff.forget(`${uid}_`);
    this.#stage = 'gone';
    return 0;
  }
}

function isEmpty({ sandboxes, containers }: PodRuntime): boolean {
  return sandboxes.length === 0 && containers.length === 0;
}

function rejectedStatus(pod: Pod, old: PodStatus, verdict: Rejection | undefined, nowMs: number): PodStatus {
  const generation = pod.metadata?.generation;
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase: 'Failed',
    ...(old.conditions === undefined ? {} : { conditions: old.conditions }),
    ...verdict,
    startTime: old.startTime ?? timeText(nowMs),
    qosClass: old.qosClass ?? qosClass(pod),
  };
}

function hostPortsOf(pod: Pod): HostPort[] {
  return allContainers(pod).flatMap(({ spec }) =>
    (spec.ports ?? []).flatMap(({ hostPort = 0, containerPort, protocol = 'TCP', hostIP = '' }) =>
      hostPort === 0 ? [] : [{ hostPort, containerPort, protocol: protocol as HostPort['protocol'], hostIP }],
    ),
  );
}
