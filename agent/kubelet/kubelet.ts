import type { Informer } from '../../openapi/client/informer.ts';
import type { Pod } from '../../openapi/generated/types.ts';
import { podRef } from './pod.ts';
import { referredObjects } from './referred-objects.ts';
import { removeOrphans } from './orphans.ts';
import type { PodTools } from './pod-tools.ts';
import { PodWorker } from './pod-worker.ts';

/** The part of an informer that works from the disk too. */
export type PodSource = Pick<Informer<Pod>, 'synced' | 'list' | 'subscribe' | 'waitForSync'>;

export interface KubeletOptions {
  readonly tools: PodTools;
  /** Pods bound to this node. */
  readonly pods: PodSource;
  /** True once the API itself has said which pods there are: until then nothing is removed. */
  readonly isLive: () => boolean;
  /** Drops what only pods that are gone referred to. */
  readonly retainObjects: (podUids: ReadonlySet<string>, referred: ReadonlySet<string>) => Promise<void>;
  readonly signal: AbortSignal;
}

const housekeepingMs = 60_000;
const firstHousekeepingMs = 10_000;
const orphanGraceMs = 30_000;
const eventsRetryMs = 1_000;

/** All pods of this node: a worker each, woken by the API, by the runtime, by probes and by time. */
export class Kubelet {
  readonly #options: KubeletOptions;
  readonly #workers = new Map<string, PodWorker>();

  constructor(options: KubeletOptions) {
    this.#options = options;
  }

  worker(podUid: string): PodWorker | undefined {
    return this.#workers.get(podUid);
  }

  /** The newest worker of a pod by its name. */
  find(namespace: string, name: string): PodWorker | undefined {
    const all = [...this.#workers.values()].filter(({ pod }) => {
      const ref = podRef(pod);
      return ref.namespace === namespace && ref.name === name;
    });
    return all.at(-1);
  }

  workers(): readonly PodWorker[] {
    return [...this.#workers.values()];
  }

  pokeAll(): void {
    for (const worker of this.#workers.values()) worker.poke();
  }

  /** Ends with the signal; containers run on. */
  async run(): Promise<void> {
    const { pods, signal } = this.#options;
    const watching = this.#watchRuntime();
    await pods.waitForSync(signal).catch(() => undefined);
    const stop = pods.subscribe(({ object, old }) => {
      if (old !== undefined && old.metadata?.uid !== object?.metadata?.uid)
        this.#workers.get(podRef(old).uid)?.remove();
      if (object !== undefined) this.#take(object);
    });
    await this.#keepHouse();
    stop();
    await watching;
  }

  #take(pod: Pod): void {
    const { uid } = podRef(pod);
    const known = this.#workers.get(uid);
    if (known !== undefined) {
      known.update(pod);
      return;
    }
    const { tools, signal } = this.#options;
    const others = (): readonly Pod[] =>
      [...this.#workers.values()].filter((each) => each !== worker && each.isActive).map((each) => each.pod);
    const worker: PodWorker = new PodWorker(pod, { tools, others, signal });
    this.#workers.set(uid, worker);
    void worker.run().finally(() => {
      if (this.#workers.get(uid) === worker && !signal.aborted) this.#workers.delete(uid);
    });
  }

  /** Events say where to look; whenever they may have been lost, everything is looked at. */
  async #watchRuntime(): Promise<void> {
    const { signal, tools } = this.#options;
    while (!signal.aborted) {
      try {
        for await (const event of tools.driver.events(signal)) this.#workers.get(event.podUid)?.poke();
      } catch (error) {
        this.#warn('Cannot hear the runtime: trying again', error);
      }
      await tools.clock.sleep(eventsRetryMs, signal).catch(() => undefined);
      this.pokeAll();
    }
  }

  async #keepHouse(): Promise<void> {
    const { signal, tools } = this.#options;
    for (let waitMs = firstHousekeepingMs; !signal.aborted; waitMs = housekeepingMs) {
      await tools.clock.sleep(waitMs, signal).catch(() => undefined);
      if (!this.#options.isLive()) continue;
      try {
        await this.#clearUp();
      } catch (error) {
        this.#warn('Cannot clear up', error);
      }
    }
  }

  #warn(message: string, error: unknown): void {
    const { signal, tools } = this.#options;
    if (!signal.aborted) tools.log.log('warn', message, { error: String(error) });
  }

  async #clearUp(): Promise<void> {
    const { tools, signal, pods, retainObjects } = this.#options;
    signal.throwIfAborted();
    const known = new Set([...this.#workers.keys(), ...pods.list().map((pod) => podRef(pod).uid)]);
    await removeOrphans(tools.driver, known, orphanGraceMs, signal);
    await tools.volumes.retainOnly(known);
    if (tools.network.gateway !== undefined) await tools.network.retainOnly(known, signal);
    await retainObjects(known, new Set(this.workers().flatMap(({ pod }) => referredObjects(pod))));
  }
}
