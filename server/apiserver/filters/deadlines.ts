import type { Clock } from '../../../openapi/machinery/clock.ts';
import { StatusError } from '../../../openapi/machinery/status.ts';

const tickMs = 250;

interface Waiting {
  readonly at: number;
  readonly giveUp: (error: Error) => void;
}

/** Lets no request wait for longer than `timeoutMs`, give or take a tick: one timer for all of them. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #waiting = new Set<Waiting>();
  #ticks = false;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Rejects with Timeout when the work takes too long; the work is left to end by itself. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      const waiting = { at: this.#clock.monotonic() + this.#timeoutMs, giveUp: reject };
      this.#waiting.add(waiting);
      this.#tick();
      work()
        .then(resolve, reject)
        .finally(() => {
          this.#waiting.delete(waiting);
        });
    });
  }

  #tick(): void {
    if (this.#ticks) return;
    this.#ticks = true;
    void this.#clock.sleep(tickMs).then(() => {
      this.#ticks = false;
      const now = this.#clock.monotonic();
      for (const waiting of this.#waiting) {
        // In the order of their beginnings, so the first that has time left ends the look.
        if (waiting.at > now) break;
        this.#waiting.delete(waiting);
        waiting.giveUp(timeout());
      }
      if (this.#waiting.size > 0) this.#tick();
    });
  }
}

function timeout(): StatusError {
  return new StatusError('Timeout', 'Timeout: request did not complete within the allotted timeout', {
    details: {},
  });
}
