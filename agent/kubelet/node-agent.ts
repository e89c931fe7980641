import type { Client } from '../../openapi/client/client.ts';
import type { EventRecorder } from '../../openapi/client/event-recorder.ts';
import { leases, nodes } from '../../openapi/generated/resources.ts';
import type { Lease, Node, NodeCondition, NodeStatus } from '../../openapi/generated/types.ts';
import type { AgentConfig } from '../../openapi/machinery/agent-contract.ts';
import { microTimeText, type Clock } from '../../openapi/machinery/clock.ts';
import type { JsonObject } from '../../openapi/machinery/json.ts';
import { linkSignals } from '../../openapi/machinery/link-signals.ts';
import type { Logger } from '../../openapi/machinery/log.ts';
import { isConflict, isNotFound } from '../../openapi/machinery/status.ts';
import { nodeLabels, nodeObject, nodeStatus, type MachineFacts, type NodeReading } from './node-object.ts';
import { sameJson } from './status-patch.ts';

export interface NodeAgentOptions {
  readonly client: Client;
  readonly config: AgentConfig;
  readonly machine: MachineFacts;
  /** Everything but the configuration, the machine and the time. */
  readonly read: () => Promise<Omit<NodeReading, 'config' | 'machine' | 'nowMs'>>;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

const checkMs = 10_000;
/** An unchanged status is written this often. */
const writeMs = 300_000;
const leaseMs = 10_000;
const startPatienceMs = 15_000;
const leaseSeconds = 40;
const retryMsMax = 7_000;
const leaseNamespace = 'kube-node-lease';

/** Registers this node, tells how it is, and that it is alive. */
export class NodeAgent {
  readonly #options: NodeAgentOptions;
  readonly #startedMs: number;
  #node: Node | undefined;
  #lastStatus: NodeStatus | undefined;
  /** The status that the API showed since the last write. */
  #shown: NodeStatus | undefined;
  #lastWriteMs = -Infinity;
  #lease: Lease | undefined;
  #wake: AbortController | undefined;
  /** hurry() came while a report was under way: the next follows at once. */
  #hurried = false;

  constructor(options: NodeAgentOptions) {
    this.#options = options;
    this.#startedMs = options.clock.monotonic();
  }

  /** Something has changed that the status tells: the network stands, the runtime answers. */
  hurry(): void {
    this.#hurried = true;
    this.#wake?.abort();
  }

  /** How the API shows this node. While we were not heard, somebody may have called it lost: that is put right at once. */
  see(node: Node): void {
    if (node.metadata?.name !== this.#options.config.nodeName) return;
    this.#shown = node.status;
    if (this.#doubt() !== undefined) this.hurry();
  }

  /** What the API shows, if it is not what we said last. */
  #doubt(): NodeStatus | undefined {
    if (this.#lastStatus === undefined || this.#shown === undefined) return undefined;
    return readyOf(this.#shown) === readyOf(this.#lastStatus) ? undefined : this.#shown;
  }

  async run(): Promise<void> {
    await Promise.all([
      this.#repeat(checkMs, () => this.#check(), 'status'),
      this.#repeat(leaseMs, () => this.#renew(), 'lease'),
    ]);
  }

  async #repeat(periodMs: number, work: () => Promise<void>, what: string): Promise<void> {
    const { clock, random, log, signal } = this.#options;
    for (let failures = 0; !signal.aborted;) {
      let waitMs = periodMs * (0.9 + random() * 0.2);
      if (what === 'status') this.#hurried = false;
      try {
        await work();
        failures = 0;
      } catch (error) {
        failures += 1;
        waitMs = Math.min(retryMsMax, 200 * 2 ** failures);
        const facts = { what, error: error instanceof Error ? error.message : String(error) };
        log.log(failures === 4 ? 'warn' : 'debug', 'Cannot report the node: trying on', facts);
      }
      if (what === 'status' && this.#hurried) continue;
      const wake = new AbortController();
      if (what === 'status') this.#wake = wake;
      const sleep = linkSignals(signal, wake.signal);
      await clock.sleep(waitMs, sleep.signal).catch(() => undefined);
      sleep.release();
    }
  }

  async #check(): Promise<void> {
    const { config, machine, clock, client, read, recorder } = this.#options;
    const reading: NodeReading = { ...(await read()), config, machine, nowMs: clock.now() };
    this.#node ??= await this.#register(reading);
    const before = this.#doubt() ?? this.#lastStatus ?? this.#node.status ?? {};
    const status = nodeStatus(reading, before.conditions ?? []);
    const due = clock.monotonic() - this.#lastWriteMs >= writeMs;
    if (!due && sameJson(withoutHeartbeats(before), withoutHeartbeats(status))) return;
    if (this.#isStarting(before, status)) return;
    try {
      const patch = { status } as unknown as JsonObject;
      const options = { type: 'strategic', subresource: 'status' } as const;
      await client.patch(nodes, { name: config.nodeName }, patch, options);
    } catch (error) {
      if (isNotFound(error)) this.#node = undefined; // Somebody deleted it: register anew.
      throw error;
    }
    const ready = readyOf(status);
    if (this.#lastStatus !== undefined && ready !== readyOf(before)) {
      const reason = ready === 'True' ? 'NodeReady' : 'NodeNotReady';
      recorder.event(this.#node, 'Normal', reason, `Node ${config.nodeName} status is now: ${reason}`);
    }
    this.#lastStatus = status;
    this.#shown = undefined;
    this.#lastWriteMs = clock.monotonic();
  }

  /** A restarted agent needs a moment to take up its network: the node, and its pods, stay ready meanwhile. */
  #isStarting(before: NodeStatus, status: NodeStatus): boolean {
    const isFirst = this.#lastStatus === undefined && readyOf(before) === 'True';
    const { clock } = this.#options;
    return isFirst && readyOf(status) !== 'True' && clock.monotonic() - this.#startedMs < startPatienceMs;
  }

  async #register(reading: NodeReading): Promise<Node> {
    const { client, config, machine, recorder } = this.#options;
    const wanted = nodeObject(reading);
    try {
      const found = await client.get(nodes, { name: config.nodeName });
      const labels = nodeLabels(config, machine);
      const missing = Object.entries(labels).filter(
        ([key, value]) => found.metadata?.labels?.[key] !== value,
      );
      if (missing.length === 0) return found;
      const patch = { metadata: { labels: Object.fromEntries(missing) } };
      return await client.patch(nodes, { name: config.nodeName }, patch, { type: 'merge' });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    const created = await client.create(nodes, wanted);
    recorder.event(created, 'Normal', 'Starting', 'Starting kubelet.');
    return created;
  }

  async #renew(): Promise<void> {
    const { client, config, clock } = this.#options;
    const key = { namespace: leaseNamespace, name: config.nodeName };
    this.#lease ??= await client.get(leases, key).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    const renewTime = microTimeText(clock.now());
    try {
      this.#lease =
        this.#lease === undefined
          ? await client.create(leases, this.#newLease(renewTime))
          : await client.update(leases, {
              ...this.#lease,
              metadata: { ...this.#lease.metadata, ownerReferences: this.#leaseOwners(this.#lease) },
              spec: { ...this.#lease.spec, ...this.#leaseSpec(renewTime) },
            });
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) this.#lease = undefined;
      throw error;
    }
  }

  #leaseSpec(renewTime: string): NonNullable<Lease['spec']> {
    return { holderIdentity: this.#options.config.nodeName, leaseDurationSeconds: leaseSeconds, renewTime };
  }

  #newLease(renewTime: string): Lease {
    const name = this.#options.config.nodeName;
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace: leaseNamespace, ownerReferences: this.#leaseOwners(undefined) },
      spec: this.#leaseSpec(renewTime),
    };
  }

  /** The node, as soon as it is known: the first lease may come before it. */
  #leaseOwners(lease: Lease | undefined): NonNullable<NonNullable<Lease['metadata']>['ownerReferences']> {
    const { ownerReferences = [] } = lease?.metadata ?? {};
    const uid = this.#node?.metadata?.uid;
    if (ownerReferences.length > 0 || uid === undefined) return ownerReferences;
    return [{ apiVersion: 'v1', kind: 'Node', name: this.#options.config.nodeName, uid }];
  }
}

function readyOf(status: NodeStatus): string | undefined {
  return status.conditions?.find(({ type }) => type === 'Ready')?.status;
}

/** Times of heartbeats, and what changes all the time without meaning anything. */
function withoutHeartbeats({
  conditions = [],
  capacity = {},
  allocatable = {},
  ...rest
}: NodeStatus): object {
  const own = new Set(['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready']);
  const told = conditions.filter(({ type }) => own.has(type));
  const amounts = (all: Readonly<Record<string, string>>): object => ({
    cpu: all['cpu'],
    memory: all['memory'],
    pods: all['pods'],
  });
  return {
    conditions: told.map((each: NodeCondition) => ({ ...each, lastHeartbeatTime: null })),
    capacity: amounts(capacity),
    allocatable: amounts(allocatable),
    addresses: rest.addresses,
    nodeInfo: rest.nodeInfo,
    images: rest.images,
  };
}
