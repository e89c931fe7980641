import type { Clock } from '../machinery/clock.ts';
import { Heap } from './heap.ts';

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Keys that may wait at a time, delayed ones included. Default 200,000. */
  readonly keysMax?: number;
  /** First and longest delay of `retry`. Defaults 5 ms and 16 min. */
  readonly retryDelayMs?: number;
  readonly retryDelayMsMax?: number;
}

/**
 * Keys waiting for work. A key is there at most once, and is never handed out twice at a time: added while it is
 * being worked on, it comes again after `done`. `add` and the others answer false when the queue is full.
 */
export class WorkQueue {
  readonly #options: Required<WorkQueueOptions>;
  readonly #ready = new Set<string>();
  readonly #working = new Set<string>();
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, number>();
  readonly #heap = new Heap<{ readonly at: number; readonly key: string }>((a, b) => a.at < b.at);
  readonly #failures = new Map<string, number>();
  readonly #takers: ((key: string) => void)[] = [];
  #timer: AbortController | undefined;
  #timerAt = Infinity;

  constructor(options: WorkQueueOptions) {
    this.#options = { keysMax: 200_000, retryDelayMs: 5, retryDelayMsMax: 16 * 60_000, ...options };
    options.signal.addEventListener('abort', () => this.#timer?.abort(), { once: true });
  }

  /** Keys that wait, delayed ones included. */
  get length(): number {
    return this.#ready.size + this.#again.size + this.#delayed.size;
  }

  get idle(): boolean {
    return this.#ready.size + this.#again.size + this.#working.size === 0;
  }

  add(key: string): boolean {
    if (this.#ready.has(key) || this.#again.has(key)) return true;
    const wasDelayed = this.#delayed.delete(key);
    if (!wasDelayed && this.length >= this.#options.keysMax) return false;
    if (this.#working.has(key)) this.#again.add(key);
    else this.#offer(key);
    return true;
  }

  /** Adds `key` after a while, or sooner when it is due sooner already. */
  addAfter(key: string, delayMs: number): boolean {
    if (delayMs <= 0) return this.add(key);
    if (this.#ready.has(key) || this.#again.has(key)) return true;
    const at = this.#options.clock.monotonic() + delayMs;
    const known = this.#delayed.get(key);
    if (known !== undefined && known <= at) return true;
    if (known === undefined && this.length >= this.#options.keysMax) return false;
    this.#delayed.set(key, at);
    this.#heap.push({ at, key });
    this.#arm();
    return true;
  }

  /** Adds `key` after a delay that doubles with each call until `forget`. */
  retry(key: string): boolean {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const { retryDelayMs, retryDelayMsMax } = this.#options;
    return this.addAfter(key, Math.min(retryDelayMsMax, retryDelayMs * 2 ** Math.min(failures, 40)));
  }

  /** How often `key` was retried since it last succeeded. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, when there is one. The caller must call `done` with it. Rejects when the queue's signal aborts. */
  take(): Promise<string> {
    const { signal } = this.#options;
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    const next = this.#ready.values().next();
    if (next.done !== true) {
      this.#ready.delete(next.value);
      this.#working.add(next.value);
      return Promise.resolve(next.value);
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#takers.push((key) => {
        signal.removeEventListener('abort', onAbort);
        this.#working.add(key);
        resolve(key);
      });
    });
  }

  done(key: string): void {
    this.#working.delete(key);
    if (this.#again.delete(key)) this.#offer(key);
  }

  #offer(key: string): void {
    const taker = this.#takers.shift();
    if (taker === undefined) this.#ready.add(key);
    else taker(key);
  }

  #arm(): void {
    const next = this.#heap.peek();
    if (next === undefined || next.at >= this.#timerAt || this.#options.signal.aborted) return;
    this.#timer?.abort();
    const timer = new AbortController();
    this.#timer = timer;
    this.#timerAt = next.at;
    const delayMs = Math.max(0, next.at - this.#options.clock.monotonic());
    this.#options.clock.sleep(delayMs, timer.signal).then(
      () => {
        this.#timerAt = Infinity;
        this.#release();
        this.#arm();
      },
      () => undefined,
    );
  }

  #release(): void {
    const now = this.#options.clock.monotonic();
    for (let next = this.#heap.peek(); next !== undefined && next.at <= now; next = this.#heap.peek()) {
      this.#heap.pop();
      if (this.#delayed.get(next.key) === next.at) this.add(next.key);
    }
  }
}
