import { Heap } from '../../openapi/client/heap.ts';
import type { Clock } from '../../openapi/machinery/clock.ts';
import type { ClusterEvent } from './framework.ts';
import type { PodInfo } from './node-info.ts';

export interface QueuedPod {
  readonly info: PodInfo;
  /** How often it was tried, this time included. */
  readonly attempts: number;
}

interface Entry {
  info: PodInfo;
  attempts: number;
  place: 'active' | 'backoff' | 'unschedulable' | 'inFlight' | 'gone';
  /** Order of arrival among equal priorities. */
  readonly sequence: number;
  refusedBy: ReadonlySet<string>;
  /** When the back-off of the last attempt ends. */
  readyAtMs: number;
}

interface Alarm {
  readonly atMs: number;
  readonly entry: Entry;
  /** An alarm of an attempt that has passed rings for nobody. */
  readonly attempts: number;
}

export interface QueueOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Which changes may let a pod fit that this plugin refused. */
  wakes(plugin: string, event: ClusterEvent): boolean;
  /** Pods that may wait at a time. Default 250,000; what comes beyond waits for its next change. */
  readonly podsMax?: number;
}

const backoffMsMin = 1000;
const backoffMsMax = 10_000;
/** A pod that nothing woke is tried again after this, lest a missed event strand it. */
const unschedulableMsMax = 300_000;

/**
 * Pods that wait for a node: active ones by priority, then in order of arrival; those that failed wait out a back-off;
 * those that fit nowhere wait until the cluster changes in a way that may help them.
 */
export class SchedulingQueue {
  readonly #options: QueueOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #active = new Heap<Entry>(goesFirst);
  readonly #alarms = new Heap<Alarm>((a, b) => a.atMs < b.atMs);
  /** By place, so that waking costs nothing when nobody waits. */
  readonly #unschedulable = new Set<Entry>();
  /** How many of them a plugin refused: an event that helps against none of these plugins costs nothing. */
  readonly #refusals = new Map<string, number>();
  #notify: (() => void) | undefined;
  #sequence = 0;
  #timer: AbortController | undefined;
  #timerAtMs = Infinity;

  constructor(options: QueueOptions) {
    this.#options = options;
    options.signal.addEventListener('abort', () => this.#timer?.abort(), { once: true });
  }

  get length(): number {
    return this.#entries.size;
  }

  /** Adds a pod, or takes a new state of one; a changed pod that fitted nowhere is tried again. */
  add(info: PodInfo): void {
    const known = this.#entries.get(info.uid);
    if (known !== undefined) {
      known.info = info;
      if (known.place === 'unschedulable') this.#release(known);
      return;
    }
    if (this.#entries.size >= (this.#options.podsMax ?? 250_000)) return;
    const entry: Entry = {
      info,
      attempts: 0,
      place: 'active',
      sequence: ++this.#sequence,
      refusedBy: new Set(),
      readyAtMs: 0,
    };
    this.#entries.set(info.uid, entry);
    this.#activate(entry);
  }

  /** Takes a new state without trying the pod again: what changed cannot matter. */
  refresh(info: PodInfo): void {
    const known = this.#entries.get(info.uid);
    if (known !== undefined) known.info = info;
  }

  /** The pod was placed, or is gone. */
  remove(uid: string): void {
    const entry = this.#entries.get(uid);
    if (entry === undefined) return;
    this.#entries.delete(uid);
    this.#unpark(entry);
    entry.place = 'gone';
  }

  /** The pod to place next. It stays known, in flight, until `remove` or `failed`. */
  pop(): QueuedPod | undefined {
    for (let entry = this.#active.pop(); entry !== undefined; entry = this.#active.pop()) {
      if (entry.place !== 'active') continue;
      entry.place = 'inFlight';
      entry.attempts += 1;
      return { info: entry.info, attempts: entry.attempts };
    }
    return undefined;
  }

  /** Resolves when `pop` may have something. Rejects when the signal aborts. */
  wait(): Promise<void> {
    const { signal } = this.#options;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        reject(signal.reason as Error);
      };
      if (signal.aborted) onAbort();
      else if (this.#active.length > 0) resolve();
      else {
        signal.addEventListener('abort', onAbort, { once: true });
        this.#notify = () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        };
      }
    });
  }

  /**
   * The pod has no node. With plugins in `refusedBy` it waits for a change that helps against one of them;
   * without any it waits for its back-off only.
   */
  failed(uid: string, refusedBy: ReadonlySet<string>): void {
    const entry = this.#entries.get(uid);
    if (entry?.place !== 'inFlight') return;
    const nowMs = this.#options.clock.monotonic();
    entry.refusedBy = refusedBy;
    entry.readyAtMs = nowMs + Math.min(backoffMsMax, backoffMsMin * 2 ** (entry.attempts - 1));
    if (refusedBy.size === 0) {
      this.#backOff(entry);
      return;
    }
    entry.place = 'unschedulable';
    this.#unschedulable.add(entry);
    for (const plugin of refusedBy) this.#refusals.set(plugin, (this.#refusals.get(plugin) ?? 0) + 1);
    this.#ringAt(entry, nowMs + unschedulableMsMax);
  }

  /** Something changed in the cluster: pods that it may help come back, after their back-off. */
  wake(event: ClusterEvent): void {
    if (!this.#mayHelp(event)) return;
    for (const entry of this.#unschedulable) if (this.#helps(entry, event)) this.#release(entry);
  }

  #unpark(entry: Entry): void {
    if (!this.#unschedulable.delete(entry)) return;
    for (const plugin of entry.refusedBy) {
      const count = (this.#refusals.get(plugin) ?? 0) - 1;
      if (count > 0) this.#refusals.set(plugin, count);
      else this.#refusals.delete(plugin);
    }
  }

  #mayHelp(event: ClusterEvent): boolean {
    if (event === 'NodeAdded') return true;
    for (const plugin of this.#refusals.keys()) if (this.#options.wakes(plugin, event)) return true;
    return false;
  }

  #helps(entry: Entry, event: ClusterEvent): boolean {
    if (event === 'NodeAdded') return true;
    for (const plugin of entry.refusedBy) if (this.#options.wakes(plugin, event)) return true;
    return false;
  }

  #release(entry: Entry): void {
    this.#unpark(entry);
    if (entry.readyAtMs <= this.#options.clock.monotonic()) this.#activate(entry);
    else this.#backOff(entry);
  }

  #backOff(entry: Entry): void {
    entry.place = 'backoff';
    this.#ringAt(entry, entry.readyAtMs);
  }

  #activate(entry: Entry): void {
    entry.place = 'active';
    this.#active.push(entry);
    const notify = this.#notify;
    this.#notify = undefined;
    notify?.();
  }

  #ringAt(entry: Entry, atMs: number): void {
    this.#alarms.push({ atMs, entry, attempts: entry.attempts });
    this.#arm();
  }

  #arm(): void {
    const next = this.#alarms.peek();
    const { clock, signal } = this.#options;
    if (next === undefined || next.atMs >= this.#timerAtMs || signal.aborted) return;
    this.#timer?.abort();
    const timer = new AbortController();
    this.#timer = timer;
    this.#timerAtMs = next.atMs;
    clock.sleep(Math.max(0, next.atMs - clock.monotonic()), timer.signal).then(
      () => {
        this.#timerAtMs = Infinity;
        this.#ring();
        this.#arm();
      },
      () => undefined,
    );
  }

  #ring(): void {
    const nowMs = this.#options.clock.monotonic();
    for (
      let next = this.#alarms.peek();
      next !== undefined && next.atMs <= nowMs;
      next = this.#alarms.peek()
    ) {
      this.#alarms.pop();
      const { entry, attempts } = next;
      const waits =
        entry.place === 'backoff' || (entry.place === 'unschedulable' && nowMs >= entry.readyAtMs);
      if (!waits || attempts !== entry.attempts) continue;
      this.#unpark(entry);
      this.#activate(entry);
    }
  }
}

function goesFirst(a: Entry, b: Entry): boolean {
  const difference = (a.info.pod.spec?.priority ?? 0) - (b.info.pod.spec?.priority ?? 0);
  return difference === 0 ? a.sequence < b.sequence : difference > 0;
}
