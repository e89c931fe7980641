import { StatusError } from '../../../openapi/machinery/status.ts';

export interface InFlightLimits {
  readonly readsMax: number;
  readonly writesMax: number;
}

/** Counts requests under way; more than so many at a time are refused, so that the server stays able to answer at all. */
export class InFlight {
  readonly #limits: InFlightLimits;
  #reads = 0;
  #writes = 0;

  constructor(limits: InFlightLimits) {
    this.#limits = limits;
  }

  get reads(): number {
    return this.#reads;
  }

  get writes(): number {
    return this.#writes;
  }

  /** Runs `work` when there is room. Rejects with TooManyRequests when there is none. */
  async run<T>(kind: 'read' | 'write', work: () => Promise<T>): Promise<T> {
    const full =
      kind === 'read' ? this.#reads >= this.#limits.readsMax : this.#writes >= this.#limits.writesMax;
    if (full) {
      throw new StatusError('TooManyRequests', 'Too many requests, please try again later.', {
        details: { retryAfterSeconds: 1 },
      });
    }
    this.#count(kind, 1);
    try {
      return await work();
    } finally {
      this.#count(kind, -1);
    }
  }

  #count(kind: 'read' | 'write', by: number): void {
    if (kind === 'read') this.#reads += by;
    else this.#writes += by;
  }
}
