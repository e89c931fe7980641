import type { Duplex } from 'node:stream';
import { paths } from '../../openapi/machinery/agent-contract.ts';
import { hosts, nodes } from '../../openapi/generated/resources.ts';
import type { Host } from '../../openapi/generated/types.ts';
import { linkSignals } from '../../openapi/machinery/link-signals.ts';
import type { Logger } from '../../openapi/machinery/log.ts';
import { isConflict, isNotFound } from '../../openapi/machinery/status.ts';
import { isAgentHealthy } from './agent-start.ts';
import { steps, type Phase } from './conditions.ts';
import { nodeNameOf, takeOverAnnotation, type Joiner, type Tell } from './join.ts';
import type { FleetOptions } from './options.ts';
import type { Slots } from './slots.ts';
import type { SshConnection } from './ssh/connection.ts';
import { HostFailure, printable } from './ssh/failure.ts';
import { StatusWriter } from './status.ts';

/** Holds a Host until its machine is clean. */
export const hostFinalizer = 'flotilla.dev/host';

const conflictDelayMs = 100;
const retryDelayMs = 1_000;
const retryDelayMsMax = 60_000;
/** A host that is off may be on again at any time; asking costs it nothing. */
const awayDelayMsMax = 15_000;
/** How often a joined host's agent is asked whether it is well; after so many silences the host is joined anew. */
const healthEveryMs = 30_000;
const silenceDelayMs = 3_000;
const silencesMax = 3;
/** Who dials while a connection is being made, as after a start of the server, waits for it this long. */
const dialPatienceMs = 15_000;

interface WorkerOptions {
  readonly fleet: FleetOptions;
  readonly joiner: Joiner;
  readonly slots: Slots;
  readonly log: Logger;
  readonly name: string;
  readonly signal: AbortSignal;
}

/** What of a Host, when it changes, makes the work start over. */
function intentOf(host: Host): string {
  const { deletionTimestamp, annotations, uid } = host.metadata ?? {};
  return JSON.stringify([uid, host.spec, deletionTimestamp, annotations?.[takeOverAnnotation]]);
}

/** The life of one Host: joins it, keeps it joined, takes it out. One loop, which reads all state anew each time. */
export class HostWorker {
  readonly #options: WorkerOptions;
  #wake = new AbortController();
  /** Aborts when an attempt to connect has come to something, or to nothing. */
  #attempt = new AbortController();
  #intent = '';
  #connection: { readonly connection: SshConnection; readonly way: string } | undefined;
  #status: StatusWriter | undefined;
  #phase: Phase = 'Connecting';
  #failures = 0;
  #lastFailure = 'it is not connected yet';
  readonly #ended: Promise<void>;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#ended = this.#run();
  }

  get ended(): Promise<void> {
    return this.#ended;
  }

  get nodeName(): string {
    const host = this.#read();
    return host === undefined ? '' : nodeNameOf(host);
  }

  /** Tells that the Host may have changed. */
  notify(): void {
    const host = this.#read();
    const intent = host === undefined ? '' : intentOf(host);
    if (intent === this.#intent) return;
    this.#intent = intent;
    this.#failures = 0;
    this.#wake.abort(new Error('the Host changed'));
  }

  /** Opens a stream to the agent. Rejects with an Error that says why there is none. */
  async dial(signal: AbortSignal): Promise<Duplex> {
    if (this.#live() === undefined && this.#failures <= 1) {
      const patience = linkSignals(signal, this.#options.signal, this.#attempt.signal);
      await this.#options.fleet.clock.sleep(dialPatienceMs, patience.signal).catch(() => undefined);
      patience.release();
    }
    const connection = this.#live();
    if (connection === undefined) throw new Error(this.#lastFailure);
    return connection.dial(paths.agentSocket);
  }

  #live(): SshConnection | undefined {
    const connection = this.#connection?.connection;
    return connection?.closed.aborted === true ? undefined : connection;
  }

  #attemptEnded(): void {
    this.#attempt.abort();
    this.#attempt = new AbortController();
  }

  #read(): Host | undefined {
    return this.#options.fleet.informers.of(hosts).get({ name: this.#options.name });
  }

  async #run(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      const host = this.#read();
      this.#intent = host === undefined ? '' : intentOf(host);
      if (host === undefined) break;
      const turn = linkSignals(signal, this.#wake.signal);
      try {
        if (await this.#turn(host, turn.signal)) break;
      } catch (error) {
        await this.#afterFailure(host, error, turn.signal);
      } finally {
        turn.release();
      }
    }
    this.#disconnect();
  }

  /** Returns true when the Host is no more. Otherwise it ends when the Host has changed, by rejecting when something fails. */
  async #turn(host: Host, turn: AbortSignal): Promise<boolean> {
    if (host.metadata?.deletionTimestamp !== undefined) {
      await this.#remove(host, turn);
      return true;
    }
    await this.#addFinalizer(host);
    const renewAtMs = await this.#joinInSlot(host, turn);
    await this.#untilChange(renewAtMs, turn);
    return false;
  }

  /** A failure is told and waited for; a change of the Host ends the wait. */
  async #afterFailure(host: Host, error: unknown, turn: AbortSignal): Promise<void> {
    const { signal, fleet, log, name } = this.#options;
    if (isConflict(error)) {
      // The copy that we read was old; the next turn reads a newer one.
      await fleet.clock.sleep(conflictDelayMs, signal).catch(() => undefined);
      return;
    }
    // What was cut off by a change of the Host or by the end of the server is no failure.
    if (turn.aborted && !(error instanceof HostFailure)) return;
    const failure = failureOf(error);
    this.#lastFailure = failure.message;
    this.#attemptEnded();
    if (!(error instanceof HostFailure))
      log.log('error', 'A step failed unexpectedly', { host: name, error: String(error) });
    const wasReady = this.#phase === 'Ready';
    const isLost = failure.reason === 'ConnectionLost';
    const phase = isLost ? 'Connecting' : this.#phase;
    log.log('warn', failure.message, { host: name, reason: failure.reason });
    if (isLost) this.#disconnect();
    await this.#writer(host).tellFailure(host, phase, failure, isLost && wasReady);
    if (this.#failures === 0) fleet.events.event(host, 'Warning', failure.reason, failure.message);
    this.#phase = phase;
    const isAway = isLost || failure.reason === 'Unreachable';
    const delayMsMax = isAway ? awayDelayMsMax : retryDelayMsMax;
    const delayMs = Math.min(delayMsMax, retryDelayMs * 2 ** Math.min(this.#failures++, 16));
    await fleet.clock.sleep(delayMs * (0.5 + fleet.random() / 2), turn).catch(() => undefined);
  }

  async #joinInSlot(host: Host, turn: AbortSignal): Promise<number> {
    this.#assertNameIsFree(host);
    const { slots, joiner, fleet } = this.#options;
    const release = await slots.take(turn);
    try {
      const connection = await this.#connect(host, this.#tell(host), turn);
      const { renewAtMs } = await joiner.join(host, connection, this.#tell(host), turn);
      connection.closed.throwIfAborted();
      const nodeName = nodeNameOf(host);
      const ready = { status: 'True', reason: 'Joined', message: `joined as node ${nodeName}` } as const;
      await this.#tell(host)('Ready', ready, { nodeName });
      if (this.#failures > 0 || host.status?.phase !== 'Ready')
        fleet.events.event(host, 'Normal', 'Joined', `Joined as node ${nodeName}`);
      this.#failures = 0;
      return renewAtMs;
    } finally {
      release();
    }
  }

  #tell(host: Host): Tell {
    return async (phase, told, facts) => {
      this.#phase = phase;
      this.#options.log.log(phase === 'Ready' ? 'info' : 'debug', told.message, {
        host: this.#options.name,
        phase,
      });
      await this.#writer(host).tell(host, phase, told, facts);
    };
  }

  #writer(host: Host): StatusWriter {
    const { fleet, log } = this.#options;
    this.#status ??= new StatusWriter({ client: fleet.client, clock: fleet.clock, log, host });
    return this.#status;
  }

  /** The connection that is there, when it leads the same way. */
  async #connect(host: Host, tell: Tell, turn: AbortSignal): Promise<SshConnection> {
    const way = JSON.stringify([host.spec.ssh, nodeNameOf(host)]);
    const there = this.#connection;
    if (there?.way === way && !there.connection.closed.aborted) return there.connection;
    this.#disconnect();
    this.#phase = 'Connecting';
    const connection = await this.#options.joiner.connect(host, tell, turn);
    this.#connection = { connection, way };
    this.#attemptEnded();
    return connection;
  }

  #disconnect(): void {
    this.#connection?.connection.close();
    this.#connection = undefined;
  }

  /** Rejects when the connection is lost; resolves when the Host changes, the certificate is due or the agent is silent. */
  async #untilChange(renewAtMs: number, turn: AbortSignal): Promise<void> {
    const connection = this.#connection?.connection;
    if (connection === undefined) return;
    const { clock } = this.#options.fleet;
    const { signal: either, release } = linkSignals(turn, connection.closed);
    const isOver = (): boolean => either.aborted;
    let silences = 0;
    while (!isOver() && clock.now() < renewAtMs && silences < silencesMax) {
      const waitMs = silences > 0 ? silenceDelayMs : healthEveryMs;
      await clock
        .sleep(Math.min(waitMs, Math.max(1000, renewAtMs - clock.now())), either)
        .catch(() => undefined);
      if (!isOver()) silences = (await isAgentHealthy(connection)) ? 0 : silences + 1;
    }
    release();
    if (!turn.aborted) connection.closed.throwIfAborted();
  }

  /** Two Hosts cannot be one node; the older has the name. */
  #assertNameIsFree(host: Host): void {
    const nodeName = nodeNameOf(host);
    const age = (each: Host): string =>
      `${each.metadata?.creationTimestamp ?? ''} ${each.metadata?.name ?? ''}`;
    const other = this.#options.fleet.informers
      .of(hosts)
      .list()
      .find(
        (each) =>
          each.metadata?.name !== host.metadata?.name &&
          nodeNameOf(each) === nodeName &&
          age(each) < age(host),
      );
    if (other === undefined) return;
    this.#phase = 'Connecting';
    throw new HostFailure(
      'NodeNameTaken',
      `spec.nodeName: Cannot use "${nodeName}": the Host "${other.metadata?.name ?? ''}" is that node`,
    );
  }

  async #addFinalizer(host: Host): Promise<void> {
    const finalizers = host.metadata?.finalizers ?? [];
    if (finalizers.includes(hostFinalizer)) return;
    const resourceVersion = host.metadata?.resourceVersion ?? '';
    const patch = { metadata: { resourceVersion, finalizers: [...finalizers, hostFinalizer] } };
    await this.#options.fleet.client.patch(hosts, { name: this.#options.name }, patch, { type: 'merge' });
  }

  /** Cleans the machine, then takes the node and at last the Host away. */
  async #remove(host: Host, turn: AbortSignal): Promise<void> {
    const { joiner, fleet, name, log } = this.#options;
    const finalizers = host.metadata?.finalizers ?? [];
    if (!finalizers.includes(hostFinalizer)) return;
    log.log('info', 'taking the host out', { host: name });
    await this.#writer(host).tellRemoving();
    if (wasTouched(host)) {
      const connection = await this.#connect(host, () => Promise.resolve(), turn);
      this.#phase = 'Ready';
      await joiner.leave(host, connection, turn);
    }
    this.#disconnect();
    await deleteNode(fleet, nodeNameOf(host));
    const rest = finalizers.filter((each) => each !== hostFinalizer);
    const patch = { metadata: { finalizers: rest.length === 0 ? null : rest } };
    try {
      await fleet.client.patch(hosts, { name }, patch, { type: 'merge' });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

/** False for a Host whose machine was never reached: there is nothing of ours on it. */
function wasTouched(host: Host): boolean {
  const { conditions = [], nodeName, agentVersion } = host.status ?? {};
  const isPast = conditions.some(({ type }) => steps.slice(1).some(({ condition }) => condition === type));
  return isPast || nodeName !== undefined || agentVersion !== undefined;
}

export async function deleteNode({ client }: Pick<FleetOptions, 'client'>, name: string): Promise<void> {
  try {
    await client.delete(nodes, { name });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

function failureOf(error: unknown): HostFailure {
  if (error instanceof HostFailure) return error;
  const words = error instanceof Error ? error.message : String(error);
  return new HostFailure('CommandFailed', printable(words), { cause: error });
}
