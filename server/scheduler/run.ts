import { setMaxListeners } from 'node:events';
import type { Client } from '../../openapi/client/client.ts';
import { createEventRecorder } from '../../openapi/client/create-event-recorder.ts';
import type { EventRecorder } from '../../openapi/client/event-recorder.ts';
import type { Change } from '../../openapi/client/informer.ts';
import { createInformers, type Informers } from '../../openapi/client/informers.ts';
import { keyOfObject } from '../../openapi/client/object-cache.ts';
import {
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  podDisruptionBudgets,
  pods,
  storageClasses,
} from '../../openapi/generated/resources.ts';
import type { Namespace, Node, Pod, PodCondition } from '../../openapi/generated/types.ts';
import { timeText, type Clock } from '../../openapi/machinery/clock.ts';
import type { Labels } from '../../openapi/machinery/labels.ts';
import { InvariantError } from '../../openapi/machinery/invariant.ts';
import type { Logger } from '../../openapi/machinery/log.ts';
import { isNotFound, isStatusError } from '../../openapi/machinery/status.ts';
import type { KubeObject } from '../../openapi/machinery/object.ts';
import type { Resource } from '../../openapi/machinery/resource.ts';
import { eventsOfNodeChange } from './cluster-events.ts';
import { evict, isBeingPreempted } from './evict.ts';
import {
  fitErrorText,
  neverPreempts,
  noPreemptionText,
  stillPreempting,
  type Refusals,
} from './fit-error.ts';
import type { ClusterEvent } from './framework.ts';
import { podInfoOf, type PodInfo } from './node-info.ts';
import { Nominations } from './nominations.ts';
import { enqueuePlugins, filterPlugins, scorePlugins } from './plugins/index.ts';
import { findPreemption, type Candidate } from './preemption.ts';
import { SchedulingQueue, type QueuedPod } from './queue.ts';
import { Placer } from './schedule-one.ts';
import { Snapshot, type Lookups } from './snapshot.ts';

export interface SchedulerOptions {
  readonly client: Client;
  /** Shared with others of the process; made from `client` when absent. */
  readonly informers?: Informers;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  /** Pods that name it, or no one. Default "default-scheduler". */
  readonly name?: string;
  /** Bindings on their way at a time. Default 256. */
  readonly bindingsMax?: number;
}

export interface RunningScheduler {
  /** Resolves when nodes and pods have been seen once, and scheduling has begun. */
  readonly synced: Promise<void>;
  /** Resolves when the last binding in flight has ended. */
  stop(): Promise<void>;
}

/** After working for so long without a pause the loop lets others run. */
const sliceMs = 8;
const noPlugins: ReadonlySet<string> = new Set();

/** Starts placing pods that have no node. */
export function startScheduler(options: SchedulerOptions): RunningScheduler {
  const end = new AbortController();
  setMaxListeners(0, end.signal);
  const scheduler = new Scheduler(options, end.signal);
  const synced = scheduler.sync();
  const ended = synced.then(() => scheduler.run());
  ended.catch((error: unknown) => {
    if (error instanceof InvariantError) throw error;
  });
  return {
    synced: synced.catch(() => undefined),
    async stop() {
      end.abort(new Error('The scheduler was stopped'));
      await ended.catch(() => undefined);
      await scheduler.settled();
    },
  };
}

class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #signal: AbortSignal;
  readonly #informers: Informers;
  readonly #snapshot: Snapshot;
  readonly #nominations = new Nominations();
  readonly #queue: SchedulingQueue;
  readonly #placer: Placer;
  readonly #events: EventRecorder;
  readonly #name: string;
  /** Pods that we bound, or are binding: their place in the snapshot is ours until the informer confirms it. */
  readonly #assumed = new Set<string>();
  readonly #bindings = new Set<Promise<void>>();
  #onRoom: () => void = () => undefined;

  constructor(options: SchedulerOptions, signal: AbortSignal) {
    const { client, clock, random, log } = options;
    this.#options = options;
    this.#signal = signal;
    this.#name = options.name ?? 'default-scheduler';
    this.#informers = options.informers ?? createInformers({ client, clock, random, log, signal });
    this.#snapshot = new Snapshot(lookupsIn(this.#informers));
    this.#queue = new SchedulingQueue({ clock, signal, wakes });
    this.#placer = new Placer({ filters: filterPlugins, scores: scorePlugins }, random);
    this.#events = createEventRecorder({ client, clock, random, log, signal, component: this.#name });
  }

  /** Nodes first: a pod that were tried before would be told that there are none. */
  async sync(): Promise<void> {
    const all = [...watched, nodes, pods] as readonly Resource[];
    await Promise.all(all.map((resource) => this.#informers.of(resource).waitForSync(this.#signal)));
    this.#subscribe(nodes, (change) => {
      this.#onNode(change);
    });
    for (const resource of volumeResources)
      this.#subscribe(resource, () => {
        this.#queue.wake('VolumeChanged');
      });
    this.#subscribe(namespaces, (change) => {
      this.#onNamespace(change);
    });
    this.#subscribe(pods, (change) => {
      this.#onPod(change);
    });
  }

  #subscribe<T extends KubeObject>(resource: Resource<T>, listener: (change: Change<T>) => void): void {
    const stop = this.#informers.of(resource).subscribe(listener);
    this.#signal.addEventListener('abort', stop, { once: true });
  }

  async run(): Promise<void> {
    const { clock, bindingsMax = 256 } = this.#options;
    let sinceMs = clock.monotonic();
    while (!this.#signal.aborted) {
      const pod = this.#queue.pop();
      if (pod === undefined) {
        await this.#queue.wait();
        sinceMs = clock.monotonic();
        continue;
      }
      this.#scheduleOne(pod);
      while (this.#bindings.size >= bindingsMax)
        await new Promise<void>((resolve) => (this.#onRoom = resolve));
      if (clock.monotonic() - sinceMs < sliceMs) continue;
      await clock.sleep(0, this.#signal);
      sinceMs = clock.monotonic();
    }
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.#bindings);
  }

  #scheduleOne(queued: QueuedPod): void {
    const { info } = queued;
    const placement = this.#placer.place(info, this.#snapshot, this.#nominations);
    if (placement.node === undefined) {
      this.#onUnschedulable(info, placement.refusals);
      return;
    }
    this.#nominations.delete(info.uid);
    const nodeName = placement.node.name;
    this.#assumed.add(info.uid);
    this.#snapshot.place(info, nodeName);
    this.#track(this.#bind(info, nodeName));
  }

  #onUnschedulable(info: PodInfo, refusals: Refusals): void {
    const { candidate, why } = this.#preempt(info, refusals);
    this.#queue.failed(info.uid, refusals.nodeCount === 0 ? new Set(['NodeName']) : refusals.plugins);
    if (candidate !== undefined) {
      this.#nominations.set(info, candidate.node.name);
      this.#track(this.#makeRoom(info, candidate));
    } else if (why !== stillPreempting) this.#nominations.delete(info.uid);
    const node = this.#nominations.nodeOf(info.uid);
    this.#track(this.#tellUnschedulable(info.pod, fitErrorText(refusals, why), node));
  }

  /** Who could go for the pod; or why nobody can. */
  #preempt(
    info: PodInfo,
    refusals: Refusals,
  ): { readonly candidate?: Candidate; readonly why: string | undefined } {
    if (info.pod.spec?.preemptionPolicy === 'Never') return { why: neverPreempts };
    if (this.#waitsForVictims(info, refusals)) return { why: stillPreempting };
    const preemption = findPreemption({
      pod: info,
      nodes: refusals.resolvable,
      snapshot: this.#snapshot,
      placer: this.#placer,
      nominations: this.#nominations,
      budgets: this.#informers.of(podDisruptionBudgets).list(),
      startMs: (pod) => startOf(this.#informers.of(pods).get(keyOfObject(pod.pod))),
      random: this.#options.random,
    });
    const { candidate } = preemption;
    if (candidate !== undefined) return { candidate, why: undefined };
    return { why: noPreemptionText(refusals.nodeCount, preemption.tried) };
  }

  /** True while those whose room the pod was promised are on their way out. */
  #waitsForVictims({ uid, priority }: PodInfo, { resolvable }: Refusals): boolean {
    const name = this.#nominations.nodeOf(uid);
    const node = name === undefined ? undefined : this.#snapshot.info(name);
    // A node that no departure makes fit is promised in vain.
    if (node === undefined || !resolvable.includes(node)) return false;
    return [...node.pods.values()].some((other) => other.priority < priority && isBeingPreempted(other.pod));
  }

  async #makeRoom(info: PodInfo, { node, victims }: Candidate): Promise<void> {
    const { client, clock } = this.#options;
    const options = { client, clock, events: this.#events, schedulerName: this.#name };
    for (const other of this.#nominations.on(node.name))
      if (other.priority < info.priority) this.#takeNominationBack(other);
    const results = await Promise.allSettled(
      victims.map((victim) =>
        evict(this.#informers.of(pods).get(keyOfObject(victim.pod)) ?? victim.pod, info.pod, options),
      ),
    );
    const failed = results.find((result) => result.status === 'rejected');
    if (failed === undefined) return;
    this.#options.log.log('debug', 'Cannot preempt', { pod: info.key, error: String(failed.reason) });
    this.#nominations.delete(info.uid);
    this.#queue.add(info);
  }

  /** The room that was made for a pod goes to a more important one: it looks elsewhere. */
  #takeNominationBack(other: PodInfo): void {
    this.#nominations.delete(other.uid);
    this.#queue.add(other);
    this.#track(this.#writeStatus(other.pod, { nominatedNodeName: null }));
  }

  #track(work: Promise<void>): void {
    this.#bindings.add(work);
    void work.finally(() => {
      this.#bindings.delete(work);
      this.#onRoom();
    });
  }

  async #bind(info: PodInfo, nodeName: string): Promise<void> {
    const { name = '', namespace = '', uid } = info.pod.metadata ?? {};
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name, namespace, uid },
      target: { kind: 'Node', name: nodeName },
    };
    try {
      await this.#options.client.createSubresource(pods, { namespace, name }, 'binding', binding);
      this.#queue.remove(info.uid);
      this.#events.event(
        info.pod,
        'Normal',
        'Scheduled',
        `Successfully assigned ${namespace}/${name} to ${nodeName}`,
      );
    } catch (error) {
      this.#giveUp(info, error);
    }
  }

  /** The server refused the binding, or cannot be reached: the node's room is free again, and the pod is tried again. */
  #giveUp(info: PodInfo, error: unknown): void {
    if (this.#assumed.delete(info.uid)) this.#snapshot.remove(info.uid);
    if (isNotFound(error)) {
      this.#queue.remove(info.uid);
      return;
    }
    this.#queue.failed(info.uid, noPlugins);
    if (this.#signal.aborted) return;
    const message = error instanceof Error ? error.message : String(error);
    this.#options.log.log('debug', 'Cannot bind', { pod: info.key, error: message });
    if (!isStatusError(error, 'Conflict'))
      this.#events.event(
        info.pod,
        'Warning',
        'FailedScheduling',
        `running Bind plugin "DefaultBinder": ${message}`,
      );
  }

  /** Event and status. The status is written only when it says something new. */
  async #tellUnschedulable(pod: Pod, message: string, nominatedNode: string | undefined): Promise<void> {
    this.#events.event(pod, 'Warning', 'FailedScheduling', message);
    const conditions = pod.status?.conditions ?? [];
    const known = conditions.find((condition) => condition.type === 'PodScheduled');
    const isSaid = known?.status === 'False' && known.reason === 'Unschedulable' && known.message === message;
    if (isSaid && pod.status?.nominatedNodeName === nominatedNode) return;
    const lastTransitionTime =
      known?.status === 'False' && known.lastTransitionTime !== undefined
        ? known.lastTransitionTime
        : timeText(this.#options.clock.now());
    const condition: PodCondition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message,
      lastTransitionTime,
      ...(pod.metadata?.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    };
    const others = conditions.filter((each) => each.type !== 'PodScheduled');
    await this.#writeStatus(pod, {
      conditions: [...others, condition],
      ...(pod.status?.nominatedNodeName === nominatedNode
        ? {}
        : { nominatedNodeName: nominatedNode ?? null }),
    });
  }

  async #writeStatus(
    pod: Pod,
    status: { readonly conditions?: readonly PodCondition[]; readonly nominatedNodeName?: string | null },
  ): Promise<void> {
    const { uid = '' } = pod.metadata ?? {};
    const patch = { metadata: { uid }, status };
    try {
      // A JSON merge patch carries the whole list: while a pod has no node nobody else writes it.
      await this.#options.client.patch(pods, keyOfObject(pod), patch as never, {
        type: 'merge',
        subresource: 'status',
      });
    } catch (error) {
      this.#options.log.log('debug', 'Cannot write a status', {
        pod: pod.metadata?.name,
        error: String(error),
      });
    }
  }

  #onNode({ object, old }: Change<Node>): void {
    if (object === undefined) {
      this.#snapshot.removeNode(old?.metadata?.name ?? '');
      return;
    }
    this.#snapshot.setNode(object);
    for (const event of eventsOfNodeChange(old, object)) this.#queue.wake(event);
  }

  #onNamespace({ object, old }: Change<Namespace>): void {
    if (sameLabels(object?.metadata?.labels, old?.metadata?.labels)) return;
    this.#snapshot.forgetNamespaces();
    this.#queue.wake('NamespaceLabels');
  }

  #onPod({ object, old }: Change<Pod>): void {
    const uid = (object ?? old)?.metadata?.uid ?? '';
    const hasNode = (object?.spec?.nodeName ?? '') !== '';
    const ended = object?.status?.phase === 'Succeeded' || object?.status?.phase === 'Failed';
    if (object === undefined || ended) {
      this.#forget(uid);
      return;
    }
    if (hasNode) this.#confirm(object, old);
    else this.#enqueue(object, old);
  }

  #forget(uid: string): void {
    this.#queue.remove(uid);
    this.#assumed.delete(uid);
    this.#nominations.delete(uid);
    if (this.#snapshot.remove(uid) !== undefined) this.#queue.wake('PodRemoved');
  }

  #confirm(pod: Pod, old: Pod | undefined): void {
    const uid = pod.metadata?.uid ?? '';
    const nodeName = pod.spec?.nodeName ?? '';
    this.#queue.remove(uid);
    this.#nominations.delete(uid);
    const wasAssumed = this.#assumed.delete(uid);
    const known = this.#snapshot.nodeOf(uid) === nodeName ? this.#snapshot.podOf(uid) : undefined;
    const isSameSpec = wasAssumed || old?.metadata?.generation === pod.metadata?.generation;
    const isAdded = wasAssumed || known === undefined;
    if (known === undefined || !isSameSpec || pod.metadata?.generation === undefined)
      this.#snapshot.place(podInfoOf(pod), nodeName);
    else if (!saysTheSame(known.pod, pod)) this.#snapshot.place({ ...known, pod }, nodeName);
    else if (!isAdded) return;
    this.#queue.wake(isAdded ? 'PodAdded' : 'PodLabels');
  }

  #enqueue(pod: Pod, old: Pod | undefined): void {
    const uid = pod.metadata?.uid ?? '';
    const ours = (pod.spec?.schedulerName ?? this.#name) === this.#name;
    const wanted =
      ours &&
      pod.metadata?.deletionTimestamp === undefined &&
      enqueuePlugins.every((plugin) => plugin.preEnqueue(pod));
    const nominated = pod.status?.nominatedNodeName ?? '';
    if (!wanted) this.#nominations.delete(uid);
    else if (
      nominated !== '' &&
      this.#nominations.nodeOf(uid) === undefined &&
      !this.#assumed.has(uid) &&
      old === undefined
    )
      this.#nominations.set(podInfoOf(pod), nominated);
    if (this.#assumed.has(uid)) this.#queue.refresh(podInfoOf(pod));
    else if (!wanted) this.#queue.remove(uid);
    else if (old !== undefined && isOnlyStatus(old, pod)) this.#queue.refresh(podInfoOf(pod));
    else this.#queue.add(podInfoOf(pod));
  }
}

const volumeResources = [persistentVolumeClaims, persistentVolumes, storageClasses] as readonly Resource[];
/** What is only read, or wakes pods. */
const watched = [...volumeResources, namespaces, podDisruptionBudgets] as readonly Resource[];

function lookupsIn(informers: Informers): Lookups {
  return {
    namespaceLabels: (name) => informers.of(namespaces).get({ name })?.metadata?.labels,
    claim: (namespace, name) => informers.of(persistentVolumeClaims).get({ namespace, name }),
    volume: (name) => informers.of(persistentVolumes).get({ name }),
    storageClass: (name) => informers.of(storageClasses).get({ name }),
  };
}

function startOf(pod: Pod | undefined): number {
  const ms = Date.parse(pod?.status?.startTime ?? '');
  return Number.isNaN(ms) ? Infinity : ms;
}

/** True when two states of a pod mean the same to others. */
function saysTheSame(a: Pod, b: Pod): boolean {
  return (
    a.metadata?.deletionTimestamp === b.metadata?.deletionTimestamp &&
    sameLabels(a.metadata?.labels, b.metadata?.labels)
  );
}

function sameLabels(a: Labels | undefined = {}, b: Labels | undefined = {}): boolean {
  if (a === b) return true;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/** Our own condition came back: nothing that could make the pod fit. */
function isOnlyStatus(old: Pod, pod: Pod): boolean {
  return (
    old.metadata?.generation !== undefined &&
    old.metadata.generation === pod.metadata?.generation &&
    JSON.stringify(old.spec) === JSON.stringify(pod.spec) &&
    JSON.stringify(old.metadata.labels) === JSON.stringify(pod.metadata.labels)
  );
}

const wokenBy: ReadonlyMap<string, ReadonlySet<ClusterEvent>> = new Map(
  filterPlugins.map((plugin) => [plugin.name, new Set(plugin.wokenBy)]),
);

function wakes(plugin: string, event: ClusterEvent): boolean {
  return wokenBy.get(plugin)?.has(event) ?? false;
}
