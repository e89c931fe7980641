import type { Client } from '../../openapi/client/client.ts';
import { hosts } from '../../openapi/generated/resources.ts';
import type { Condition, Host, HostStatus, HostSystem } from '../../openapi/generated/types.ts';
import type { Clock } from '../../openapi/machinery/clock.ts';
import type { JsonValue } from '../../openapi/machinery/json.ts';
import type { Logger } from '../../openapi/machinery/log.ts';
import { isNotFound } from '../../openapi/machinery/status.ts';
import { stepIndex, withCondition, type Phase, type Told } from './conditions.ts';
import type { HostFailure } from './ssh/failure.ts';

/** What was learned about a host beside how far it is. */
export interface StatusFacts {
  readonly nodeName?: string;
  readonly hostKey?: string;
  readonly address?: string;
  readonly agentVersion?: string;
  readonly system?: HostSystem;
}

/**
 * Writes one Host's status. After a failure, the steps up to the failed one are silent until they succeed, so that whoever looks
 * between two attempts sees why the last one failed.
 */
export class StatusWriter {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #name: string;
  #written: HostStatus;
  #failedAt = -1;

  constructor(options: { client: Client; clock: Clock; log: Logger; host: Host }) {
    this.#client = options.client;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#name = options.host.metadata?.name ?? '';
    this.#written = options.host.status ?? {};
  }

  get conditions(): readonly Condition[] {
    return this.#written.conditions ?? [];
  }

  async tell(host: Host, phase: Phase, told: Told, facts: StatusFacts = {}): Promise<void> {
    const index = stepIndex(phase);
    const isSilent = index < this.#failedAt || (index === this.#failedAt && told.status === 'Unknown');
    const isPast = told.status === 'True' && index >= this.#failedAt;
    if (isPast) this.#failedAt = -1;
    if (isSilent) {
      await this.#write({ ...this.#written, ...facts });
      return;
    }
    await this.#write({ ...this.#written, ...facts, phase, conditions: this.#with(host, phase, told) });
  }

  /** Shows that the host is being taken out; how it was joined stays to be seen. */
  async tellRemoving(): Promise<void> {
    await this.#write({ ...this.#written, phase: 'Removing' });
  }

  /** Records why the step of `phase` failed. `isPassing`: it was well a moment ago, and is going to be tried again at once. */
  async tellFailure(host: Host, phase: Phase, failure: HostFailure, isPassing: boolean): Promise<void> {
    this.#failedAt = stepIndex(phase);
    const told: Told = { status: 'False', reason: failure.reason, message: failure.message };
    const shown = isPassing ? phase : 'Failed';
    await this.#write({ ...this.#written, phase: shown, conditions: this.#with(host, phase, told) });
  }

  #with(host: Host, phase: Phase, told: Told): Condition[] {
    const at = { nowMs: this.#clock.now(), generation: host.metadata?.generation ?? 0 };
    return withCondition(this.conditions, phase, told, at);
  }

  async #write(status: HostStatus): Promise<void> {
    if (JSON.stringify(status) === JSON.stringify(this.#written)) return;
    this.#written = status;
    const patch = { status } as unknown as JsonValue;
    try {
      await this.#client.patch(hosts, { name: this.#name }, patch, { type: 'merge', subresource: 'status' });
    } catch (error) {
      if (!isNotFound(error))
        this.#log.log('warn', 'Cannot write the status of a host', {
          host: this.#name,
          error: String(error),
        });
    }
  }
}
