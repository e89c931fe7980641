import { keyOfObject, keyText } from '../../openapi/client/object-cache.ts';
import { controllerRevisions, daemonSets, nodes, pods } from '../../openapi/generated/resources.ts';
import type { DaemonSet, Node, Pod } from '../../openapi/generated/types.ts';
import { isNotFound } from '../../openapi/machinery/status.ts';
import type { Controller, ControllerContext, Watch } from './controller.ts';
import { claimObjects } from './shared/claim.ts';
import { hashOfRevision, syncRevisions, trimRevisions } from './shared/controller-revisions.ts';
import { daemonPod, revisionHashLabel } from './shared/daemon-pods.ts';
import { daemonStatus, planDaemons, type DaemonPlan, type DaemonState } from './shared/daemon-plan.ts';
import { isNamespaceTerminating, textOf } from './shared/errors.ts';
import { Expectations } from './shared/expectations.ts';
import { sameValue } from './shared/hash.ts';
import { availableInMs } from './shared/pods.ts';
import { isEmptySelector } from './shared/selectors.ts';
import { slowStart } from './shared/slow-start.ts';
import { watchControlled, watchOf } from './shared/watches.ts';

const burstPods = 250;
/** An ended daemon is replaced after a while that doubles with each time. */
const failedDelayMsMin = 1000;
const failedDelayMsMax = 15 * 60_000;

/** Keeps one pod on each node that fits. */
export function createDaemonSetController(): Controller {
  let expectations: Expectations | undefined;
  const failures = new Map<string, { count: number; nextMs: number }>();
  return {
    name: 'daemonset',
    watches: [
      watchOf(daemonSets),
      watchControlled(pods, daemonSets),
      watchControlled(controllerRevisions, daemonSets),
      everyNode,
    ],
    async reconcile(key, context) {
      expectations ??= new Expectations(context.clock);
      const set = context.informer(daemonSets).get(key);
      const name = keyText(key);
      if (set === undefined || isEmptySelector(set.spec?.selector)) {
        expectations.forget(name);
        return undefined;
      }
      if (set.metadata?.deletionTimestamp !== undefined) return undefined;
      if (
        !expectations.settled(name, context.informer(pods)) ||
        !expectations.settled(`${name} revisions`, context.informer(controllerRevisions))
      )
        return 1000;
      return await new DaemonSync(set, context, expectations, failures).run();
    },
  };
}

/** A new node, or one with other labels or taints, is work on every set. */
const everyNode: Watch<Node> = {
  resource: nodes,
  keys({ object, old }, { informer }) {
    const parts = [object, old].map(
      (node) => node && [node.metadata?.labels, node.spec?.taints, node.metadata?.name],
    );
    return sameValue(parts[0], parts[1]) ? [] : informer(daemonSets).list().map(keyOfObject);
  },
};

class DaemonSync {
  readonly #set: DaemonSet;
  readonly #context: ControllerContext;
  readonly #expectations: Expectations;
  readonly #failures: Map<string, { count: number; nextMs: number }>;
  readonly #key: string;

  constructor(
    set: DaemonSet,
    context: ControllerContext,
    expectations: Expectations,
    failures: Map<string, { count: number; nextMs: number }>,
  ) {
    this.#set = set;
    this.#context = context;
    this.#expectations = expectations;
    this.#failures = failures;
    this.#key = keyText(keyOfObject(set));
  }

  async run(): Promise<number | undefined> {
    const { clock } = this.#context;
    const history = await syncRevisions(this.#context, {
      owner: this.#set,
      resource: daemonSets,
      hashLabel: revisionHashLabel,
    });
    if (history.written) this.#expectations.expectCreated(`${this.#key} revisions`, history.current);
    const claimed = await claimObjects(this.#context, {
      owner: this.#set,
      ownerResource: daemonSets,
      resource: pods,
      selector: this.#set.spec?.selector,
    });
    const state = {
      set: this.#set,
      nodes: this.#context.informer(nodes).list(),
      pods: claimed,
      hash: hashOfRevision(history.current, revisionHashLabel),
      collisionCount: history.collisionCount,
      nowMs: clock.now(),
    };
    const { plan, waitMs } = this.#holdBack(planDaemons(state));
    const error = await this.#apply(plan, state);
    const live = new Set(claimed.map((pod) => pod.metadata?.labels?.[revisionHashLabel] ?? ''));
    await trimRevisions(this.#context, history.old, this.#set.spec?.revisionHistoryLimit ?? 10, (revision) =>
      live.has(hashOfRevision(revision, revisionHashLabel)),
    );
    await this.#writeStatus(state);
    if (error !== undefined) throw error instanceof Error ? error : new Error(textOf(error));
    const waits = claimed.flatMap(
      (pod) => availableInMs(pod, this.#set.spec?.minReadySeconds ?? 0, state.nowMs) ?? [],
    );
    if (waitMs !== undefined) waits.push(waitMs);
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  /** Ended pods stay until their node's delay is over, and hold its place. */
  #holdBack(plan: DaemonPlan): { readonly plan: DaemonPlan; readonly waitMs: number | undefined } {
    const nowMs = this.#context.clock.monotonic();
    const held: Pod[] = [];
    const waits: number[] = [];
    for (const pod of plan.failed) {
      const name = `${this.#key} ${pod.spec?.nodeName ?? ''}`;
      const known = this.#failures.get(name) ?? { count: 0, nextMs: 0 };
      if (nowMs < known.nextMs) {
        held.push(pod);
        waits.push(known.nextMs - nowMs);
        continue;
      }
      const delayMs = Math.min(failedDelayMsMax, failedDelayMsMin * 2 ** Math.min(known.count, 20));
      this.#failures.set(name, { count: known.count + 1, nextMs: nowMs + delayMs });
      const where = `${pod.metadata?.namespace ?? ''}/${pod.metadata?.name ?? ''} on node ${pod.spec?.nodeName ?? ''}`;
      this.#context.events.event(
        this.#set,
        'Warning',
        'FailedDaemonPod',
        `Found failed daemon pod ${where}, will try to kill it`,
      );
    }
    const blocked = new Set(held.map((pod) => pod.spec?.nodeName));
    return {
      plan: {
        create: plan.create.filter((name) => !blocked.has(name)),
        remove: plan.remove.filter((pod) => !held.includes(pod)),
        failed: plan.failed,
      },
      waitMs: waits.length === 0 ? undefined : Math.min(...waits),
    };
  }

  async #apply(plan: DaemonPlan, state: DaemonState): Promise<unknown> {
    const create = plan.create.slice(0, burstPods);
    const { error } = await slowStart(create.length, (i) => this.#create(create[i] ?? '', state.hash));
    const results = await Promise.allSettled(plan.remove.slice(0, burstPods).map((pod) => this.#delete(pod)));
    const failed = results.find((result) => result.status === 'rejected');
    return isNamespaceTerminating(error) ? undefined : (error ?? failed?.reason);
  }

  async #create(nodeName: string, hash: string): Promise<void> {
    const { client, events } = this.#context;
    try {
      const created = await client.create(pods, daemonPod(this.#set, nodeName, hash));
      this.#expectations.expectCreated(this.#key, created);
      events.event(this.#set, 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata?.name ?? ''}`);
    } catch (error) {
      if (!isNamespaceTerminating(error))
        events.event(this.#set, 'Warning', 'FailedCreate', `Error creating: ${textOf(error)}`);
      throw error;
    }
  }

  async #delete(pod: Pod): Promise<void> {
    const { client, events } = this.#context;
    const { name = '', uid = '' } = pod.metadata ?? {};
    this.#expectations.expectDeleted(this.#key, pod);
    try {
      await client.delete(pods, keyOfObject(pod), { preconditions: { uid } });
      events.event(this.#set, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
    } catch (error) {
      if (isNotFound(error)) return;
      this.#expectations.forget(this.#key);
      throw error;
    }
  }

  async #writeStatus(state: DaemonState): Promise<void> {
    const status = daemonStatus(state);
    if (sameValue(status, this.#set.status)) return;
    await this.#context.client.updateStatus(daemonSets, { ...this.#set, status });
  }
}
