import { setMaxListeners } from 'node:events';
import type { Client } from '../../openapi/client/client.ts';
import { createEventRecorder } from '../../openapi/client/create-event-recorder.ts';
import type { EventRecorder } from '../../openapi/client/event-recorder.ts';
import type { Change } from '../../openapi/client/informer.ts';
import { createInformers, type Informers } from '../../openapi/client/informers.ts';
import { keyOfObject } from '../../openapi/client/object-cache.ts';
import { nodes, pods } from '../../openapi/generated/resources.ts';
import type { Node, Pod, PodCondition } from '../../openapi/generated/types.ts';
import { timeText, type Clock } from '../../openapi/machinery/clock.ts';
import { InvariantError } from '../../openapi/machinery/invariant.ts';
import type { Logger } from '../../openapi/machinery/log.ts';
import { isNotFound, isStatusError } from '../../openapi/machinery/status.ts';
import { eventsOfNodeChange } from './cluster-events.ts';
import { fitErrorText, type Refusals } from './fit-error.ts';
import type { ClusterEvent } from './framework.ts';
import { podInfoOf, type PodInfo } from './node-info.ts';
import { enqueuePlugins, filterPlugins, scorePlugins } from './plugins/index.ts';
import { SchedulingQueue, type QueuedPod } from './queue.ts';
import { Placer } from './schedule-one.ts';
import { Snapshot } from './snapshot.ts';

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
  readonly #snapshot = new Snapshot();
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
    this.#queue = new SchedulingQueue({ clock, signal, wakes });
    this.#placer = new Placer({ filters: filterPlugins, scores: scorePlugins }, random);
    this.#events = createEventRecorder({ client, clock, random, log, signal, component: this.#name });
  }

  /** Nodes first: a pod that were tried before would be told that there are none. */
  async sync(): Promise<void> {
    const nodeInformer = this.#informers.of(nodes);
    const podInformer = this.#informers.of(pods);
    await Promise.all([nodeInformer.waitForSync(this.#signal), podInformer.waitForSync(this.#signal)]);
    this.#signal.addEventListener(
      'abort',
      nodeInformer.subscribe((change) => {
        this.#onNode(change);
      }),
      { once: true },
    );
    this.#signal.addEventListener(
      'abort',
      podInformer.subscribe((change) => {
        this.#onPod(change);
      }),
      { once: true },
    );
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
    const placement = this.#placer.place(info, this.#snapshot);
    if (placement.node === undefined) {
      const { refusals } = placement;
      this.#queue.failed(info.uid, refusals.nodeCount === 0 ? new Set(['NodeName']) : refusals.plugins);
      this.#track(this.#tellUnschedulable(info.pod, refusals));
      return;
    }
    const nodeName = placement.node.name;
    this.#assumed.add(info.uid);
    this.#snapshot.place(info, nodeName);
    this.#track(this.#bind(info, nodeName));
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

  /** Event and condition. The condition is written only when it says something new. */
  async #tellUnschedulable(pod: Pod, refusals: Refusals): Promise<void> {
    const message = fitErrorText(refusals, pod.spec?.preemptionPolicy);
    this.#events.event(pod, 'Warning', 'FailedScheduling', message);
    const conditions = pod.status?.conditions ?? [];
    const known = conditions.find((condition) => condition.type === 'PodScheduled');
    if (known?.status === 'False' && known.reason === 'Unschedulable' && known.message === message) return;
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
    await this.#writeConditions(pod, [...others, condition]);
  }

  async #writeConditions(pod: Pod, conditions: readonly PodCondition[]): Promise<void> {
    const { uid = '' } = pod.metadata ?? {};
    const patch = { metadata: { uid }, status: { conditions } };
    try {
      // A JSON merge patch carries the whole list: while a pod has no node nobody else writes it.
      await this.#options.client.patch(pods, keyOfObject(pod), patch as never, {
        type: 'merge',
        subresource: 'status',
      });
    } catch (error) {
      this.#options.log.log('debug', 'Cannot write a condition', {
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
    if (this.#snapshot.remove(uid) !== undefined) this.#queue.wake('PodRemoved');
  }

  #confirm(pod: Pod, old: Pod | undefined): void {
    const uid = pod.metadata?.uid ?? '';
    const nodeName = pod.spec?.nodeName ?? '';
    this.#queue.remove(uid);
    const wasAssumed = this.#assumed.delete(uid);
    const isKnown = this.#snapshot.nodeOf(uid) === nodeName;
    const isSameSpec = wasAssumed || old?.metadata?.generation === pod.metadata?.generation;
    if (isKnown && isSameSpec && pod.metadata?.generation !== undefined) return;
    this.#snapshot.place(podInfoOf(pod), nodeName);
  }

  #enqueue(pod: Pod, old: Pod | undefined): void {
    const uid = pod.metadata?.uid ?? '';
    const ours = (pod.spec?.schedulerName ?? this.#name) === this.#name;
    const wanted =
      ours &&
      pod.metadata?.deletionTimestamp === undefined &&
      enqueuePlugins.every((plugin) => plugin.preEnqueue(pod));
    if (this.#assumed.has(uid)) this.#queue.refresh(podInfoOf(pod));
    else if (!wanted) this.#queue.remove(uid);
    else if (old !== undefined && isOnlyStatus(old, pod)) this.#queue.refresh(podInfoOf(pod));
    else this.#queue.add(podInfoOf(pod));
  }
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
