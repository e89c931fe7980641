import { timeText, type Clock } from '../machinery/clock.ts';
import type { Logger } from '../machinery/log.ts';
import type { KubeObject } from '../machinery/object.ts';
import type { Resource } from '../machinery/resource.ts';
import { isStatusError } from '../machinery/status.ts';
import type { Client } from './client.ts';
import type { EventRecorder } from './event-recorder.ts';

export interface EventRecorderOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Who reports: "replicaset-controller", and where, for an agent: its node. */
  readonly component: string;
  readonly host?: string;
}

/** core/v1 Event, as far as a recorder fills it. */
export interface EventObject extends KubeObject {
  readonly involvedObject: Readonly<Record<string, string>>;
  readonly reason: string;
  readonly message: string;
  readonly type: string;
  readonly source: { readonly component: string; readonly host?: string };
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
  readonly count: number;
  readonly reportingComponent: string;
  readonly reportingInstance: string;
}

const events: Resource<EventObject> = {
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
};
/** Events of one object keep their order in one lane; the lanes send side by side. */
const lanesCount = 8;
const waitingMax = 250;
const knownMax = 4096;
/** One object gets 25 events at once, then one in 5 minutes. */
const burst = 25;
const refillMs = 300_000;
/** From the 10th similar message within 10 minutes on they are told as one. */
const similarMax = 10;
const combinedPrefix = '(combined from similar events): ';
const similarWindowMs = 600_000;
const attemptsMax = 4;

interface Known {
  readonly name: string;
  readonly namespace: string;
  readonly firstTimestamp: string;
  count: number;
}

/** A recorder that sends in the background, one event at a time; what does not fit its bounds is dropped. */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const recorder = new Recorder(options);
  return {
    event(about, type, reason, message) {
      recorder.offer(about, { type, reason, message });
    },
  };
}

interface Lane {
  readonly waiting: EventObject[];
  sending: boolean;
}

interface Told {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
}

class Recorder {
  readonly #options: EventRecorderOptions;
  readonly #lanes: readonly Lane[] = Array.from({ length: lanesCount }, () => ({
    waiting: [],
    sending: false,
  }));
  readonly #known = new LeastRecent<Known>(knownMax);
  readonly #budgets = new LeastRecent<{ tokens: number; atMs: number }>(knownMax);
  readonly #similar = new LeastRecent<{ messages: Set<string>; atMs: number }>(knownMax);
  #lastStamp = 0n;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  offer(about: KubeObject & { readonly fieldPath?: string }, told: Told): void {
    const event = this.#eventOf(about, this.#combined(about, told));
    const lane = this.#lanes[laneOf(event.metadata?.name ?? '')];
    if (lane === undefined || lane.waiting.length >= waitingMax || this.#options.signal.aborted) return;
    if (!this.#withinBudget(about)) return;
    lane.waiting.push(event);
    if (lane.sending) return;
    lane.sending = true;
    void this.#sendAll(lane);
  }

  #withinBudget(about: KubeObject): boolean {
    const nowMs = this.#options.clock.monotonic();
    const key =
      about.metadata?.uid ??
      `${about.kind ?? ''}/${about.metadata?.namespace ?? ''}/${about.metadata?.name ?? ''}`;
    const budget = this.#budgets.get(key) ?? { tokens: burst, atMs: nowMs };
    budget.tokens = Math.min(burst, budget.tokens + (nowMs - budget.atMs) / refillMs);
    budget.atMs = nowMs;
    this.#budgets.set(key, budget);
    if (budget.tokens < 1) return false;
    budget.tokens -= 1;
    return true;
  }

  #combined(about: KubeObject, told: Told): Told {
    const nowMs = this.#options.clock.monotonic();
    const key = `${about.metadata?.uid ?? about.metadata?.name ?? ''} ${told.type} ${told.reason}`;
    const known = this.#similar.get(key);
    const similar =
      known !== undefined && nowMs - known.atMs < similarWindowMs
        ? known
        : { messages: new Set<string>(), atMs: nowMs };
    similar.messages.add(told.message);
    similar.atMs = nowMs;
    this.#similar.set(key, similar);
    if (similar.messages.size < similarMax) return told;
    similar.messages.delete(told.message);
    return { ...told, message: combinedPrefix + told.message };
  }

  #eventOf(about: KubeObject & { readonly fieldPath?: string }, told: Told): EventObject {
    const { clock, component, host } = this.#options;
    const now = timeText(clock.now());
    const { name = '', namespace = '', uid, resourceVersion } = about.metadata ?? {};
    const parts = {
      kind: about.kind,
      namespace,
      name,
      uid,
      apiVersion: about.apiVersion,
      resourceVersion,
      fieldPath: about.fieldPath,
    };
    const suffix = this.#nextStamp().toString(16);
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${name}.${suffix}`, namespace: namespace === '' ? 'default' : namespace },
      involvedObject: Object.fromEntries(
        Object.entries(parts).filter(
          (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
        ),
      ),
      ...told,
      source: { component, ...(host === undefined ? {} : { host }) },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      reportingComponent: component,
      reportingInstance: host ?? '',
    };
  }

  /** Nanoseconds as client-go names events by, never the same twice. */
  #nextStamp(): bigint {
    const { clock, random } = this.#options;
    const stamp = BigInt(clock.now()) * 1_000_000n + BigInt(Math.floor(random() * 1_000_000));
    this.#lastStamp = stamp > this.#lastStamp ? stamp : this.#lastStamp + 1n;
    return this.#lastStamp;
  }

  async #sendAll(lane: Lane): Promise<void> {
    for (let event = lane.waiting.shift(); event !== undefined; event = lane.waiting.shift())
      await this.#sendOne(event);
    lane.sending = false;
  }

  async #sendOne(event: EventObject): Promise<void> {
    const { clock, random, log, signal } = this.#options;
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        await this.#write(event);
        return;
      } catch (error) {
        const refused = isStatusError(error) && error.code < 500 && error.code !== 429;
        if (refused || attempt >= attemptsMax) {
          log.log('debug', 'Cannot record an event', { reason: event.reason, error: String(error) });
          return;
        }
        await clock.sleep(1000 * 2 ** attempt * (0.5 + random()), signal).catch(() => undefined);
      }
    }
  }

  async #write(event: EventObject): Promise<void> {
    const key = repeatKey(event);
    const known = this.#known.get(key);
    if (known !== undefined && (await this.#repeat(known, event))) return;
    const created = await this.#options.client.create(events, event);
    const { name = '', namespace = '' } = created.metadata ?? {};
    this.#known.set(key, { name, namespace, firstTimestamp: event.firstTimestamp, count: 1 });
  }

  /** False when the first event is gone meanwhile: then this one becomes the first. */
  async #repeat(known: Known, event: EventObject): Promise<boolean> {
    const patch = { count: known.count + 1, lastTimestamp: event.lastTimestamp, message: event.message };
    try {
      await this.#options.client.patch(events, known, patch, { type: 'merge' });
    } catch (error) {
      if (isStatusError(error, 'NotFound')) return false;
      throw error;
    }
    known.count += 1;
    return true;
  }
}

function laneOf(eventName: string): number {
  let hash = 0;
  for (const character of eventName.slice(0, eventName.lastIndexOf('.')))
    hash = (hash * 31 + character.charCodeAt(0)) >>> 0;
  return hash % lanesCount;
}

/** Equal for an event and its repeats; the object's resourceVersion does not count, nor the last text of a combined one. */
function repeatKey({ involvedObject, type, reason, message }: EventObject): string {
  const about = Object.entries(involvedObject).filter(([field]) => field !== 'resourceVersion');
  return JSON.stringify([about, type, reason, message.startsWith(combinedPrefix) ? combinedPrefix : message]);
}

/** A map that forgets what was used longest ago. */
class LeastRecent<V> {
  readonly #entries = new Map<string, V>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get(key: string): V | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, value);
    }
    return value;
  }

  set(key: string, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#max) return;
    const oldest = this.#entries.keys().next();
    if (oldest.done !== true) this.#entries.delete(oldest.value);
  }
}
