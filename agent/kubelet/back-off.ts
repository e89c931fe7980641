interface Entry {
  readonly delayMs: number;
  readonly updatedMs: number;
}

/** Delays that double from 10 s to 300 s for each key, and begin anew after twice the longest without a failure. */
export class BackOff {
  readonly #entries = new Map<string, Entry>();
  readonly #delayMs: number;
  readonly #delayMsMax: number;

  constructor(delayMs = 10_000, delayMsMax = 300_000) {
    this.#delayMs = delayMs;
    this.#delayMsMax = delayMsMax;
  }

  /** Milliseconds still to wait, counted from when it failed (`sinceMs`); 0: go on. */
  waitMs(key: string, sinceMs: number, nowMs: number): number {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#expired(entry, sinceMs)) return 0;
    return Math.max(0, sinceMs + entry.delayMs - nowMs);
  }

  /** The present delay of the key. */
  delayMs(key: string): number {
    return this.#entries.get(key)?.delayMs ?? 0;
  }

  /** When the key's delay was last raised. */
  updatedMs(key: string): number {
    return this.#entries.get(key)?.updatedMs ?? 0;
  }

  /** Notes an attempt: the next one waits longer. */
  next(key: string, sinceMs: number, nowMs: number): void {
    const entry = this.#entries.get(key);
    const fresh = entry === undefined || this.#expired(entry, sinceMs);
    const delayMs = fresh ? this.#delayMs : Math.min(entry.delayMs * 2, this.#delayMsMax);
    this.#entries.set(key, { delayMs, updatedMs: nowMs });
  }

  /** After a restart of the agent: what `failures` in a row would have led to. Does nothing for a key that is known. */
  seed(key: string, failures: number, sinceMs: number): void {
    if (this.#entries.has(key) || failures === 0) return;
    const delayMs = Math.min(this.#delayMs * 2 ** Math.min(failures - 1, 20), this.#delayMsMax);
    this.#entries.set(key, { delayMs, updatedMs: sinceMs });
  }

  forget(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key);
  }

  #expired(entry: Entry, sinceMs: number): boolean {
    return sinceMs - entry.updatedMs > 2 * this.#delayMsMax;
  }
}

/** Go's text of a duration of whole seconds: "10s", "2m40s", "5m0s". */
export function durationText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = `${seconds % 60}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}
