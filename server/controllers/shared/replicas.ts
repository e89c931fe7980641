import { keyOfObject, keyText } from '../../../openapi/client/object-cache.ts';
import { pods } from '../../../openapi/generated/resources.ts';
import type {
  LabelSelector,
  Pod,
  PodTemplateSpec,
  ReplicaSetCondition,
  ReplicaSetStatus,
} from '../../../openapi/generated/types.ts';
import { timeText } from '../../../openapi/machinery/clock.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import type { Resource } from '../../../openapi/machinery/resource.ts';
import { isNotFound } from '../../../openapi/machinery/status.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { claimObjects } from './claim.ts';
import { compact } from './compact.ts';
import { isNamespaceTerminating, textOf } from './errors.ts';
import { Expectations } from './expectations.ts';
import { sameValue } from './hash.ts';
import { inDeletionOrder } from './pod-ranking.ts';
import { availableInMs, isActive, isAvailable, isFinished, isReady, podFromTemplate } from './pods.ts';
import { containsAll, selects } from './selectors.ts';
import { slowStart } from './slow-start.ts';
import { controllerOf, watchControlled, watchMapped, watchOf } from './watches.ts';

/** What a ReplicaSet and a ReplicationController have in common. */
export interface Replicated extends KubeObject {
  readonly spec?: {
    readonly replicas?: number;
    readonly minReadySeconds?: number;
    readonly template?: PodTemplateSpec;
  };
  readonly status?: Omit<ReplicaSetStatus, 'terminatingReplicas'> & { readonly terminatingReplicas?: number };
}

export interface ReplicaKind<T extends Replicated> {
  readonly name: string;
  readonly resource: Resource<T>;
  readonly countsTerminating: boolean;
  selectorOf(owner: T): LabelSelector | undefined;
}

/** One run creates or deletes at most so many pods of one owner. */
const burstPods = 500;
/** Looks again when an informer is late without an event to say so. */
const unsettledMs = 30_000;

/** The controller of ReplicaSets and of ReplicationControllers: keeps `spec.replicas` pods of the template alive. */
export function createReplicaController<T extends Replicated>(kind: ReplicaKind<T>): Controller {
  let expectations: Expectations | undefined;
  return {
    name: kind.name,
    watches: [
      watchOf(kind.resource),
      watchControlled(pods, kind.resource),
      watchMapped(pods, (pod, context) => ownersOfOrphan(kind, pod, context)),
    ],
    async reconcile(key, context) {
      expectations ??= new Expectations(context.clock);
      const owner = context.informer(kind.resource).get(key);
      if (owner === undefined) {
        expectations.forget(keyText(key));
        return undefined;
      }
      return await new ReplicaSync(kind, owner, context, expectations).run();
    },
  };
}

function ownersOfOrphan<T extends Replicated>(
  kind: ReplicaKind<T>,
  pod: Pod,
  context: ControllerContext,
): ReturnType<typeof keyOfObject>[] {
  if (controllerOf(pod) !== undefined || pod.metadata?.deletionTimestamp !== undefined) return [];
  return context
    .informer(kind.resource)
    .list(pod.metadata?.namespace)
    .filter((owner) => selects(kind.selectorOf(owner), pod.metadata?.labels))
    .map(keyOfObject);
}

class ReplicaSync<T extends Replicated> {
  readonly #kind: ReplicaKind<T>;
  readonly #owner: T;
  readonly #context: ControllerContext;
  readonly #expectations: Expectations;
  readonly #key: string;

  constructor(kind: ReplicaKind<T>, owner: T, context: ControllerContext, expectations: Expectations) {
    this.#kind = kind;
    this.#owner = owner;
    this.#context = context;
    this.#expectations = expectations;
    this.#key = keyText(keyOfObject(owner));
  }

  async run(): Promise<number | undefined> {
    const { clock } = this.#context;
    const settled = this.#expectations.settled(this.#key, this.#context.informer(pods));
    const claimed = await claimObjects(this.#context, {
      owner: this.#owner,
      ownerResource: this.#kind.resource,
      resource: pods,
      selector: this.#kind.selectorOf(this.#owner),
      adoptable: (pod) => !isFinished(pod),
    });
    const active = claimed.filter(isActive);
    const difference = active.length - (this.#owner.spec?.replicas ?? 1);
    const manages = settled && this.#owner.metadata?.deletionTimestamp === undefined;
    const failure = manages ? await this.#manage(active, difference) : undefined;
    const terminating = claimed.filter(
      (pod) => !isFinished(pod) && pod.metadata?.deletionTimestamp !== undefined,
    );
    await this.#writeStatus(active, terminating.length, { difference, failure });
    if (failure !== undefined) throw failure instanceof Error ? failure : new Error(textOf(failure));
    const waits = active.flatMap(
      (pod) => availableInMs(pod, this.#owner.spec?.minReadySeconds ?? 0, clock.now()) ?? [],
    );
    if (!settled) waits.push(unsettledMs);
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  /** The first failure, or undefined. */
  async #manage(active: readonly Pod[], difference: number): Promise<unknown> {
    if (difference < 0) return await this.#create(Math.min(-difference, burstPods));
    if (difference === 0) return undefined;
    const ranked = inDeletionOrder(active, this.#relatedPods(active), this.#context.clock.now());
    const doomed = ranked.slice(0, Math.min(difference, burstPods));
    const results = await Promise.all(doomed.map((pod) => this.#delete(pod)));
    return results.find((error) => error !== undefined);
  }

  async #create(count: number): Promise<unknown> {
    const { client, events } = this.#context;
    const { error } = await slowStart(count, async () => {
      const pod = podFromTemplate(this.#owner.spec?.template, this.#owner, this.#kind.resource);
      try {
        const created = await client.create(pods, pod);
        this.#expectations.expectCreated(this.#key, created);
        events.event(
          this.#owner,
          'Normal',
          'SuccessfulCreate',
          `Created pod: ${created.metadata?.name ?? ''}`,
        );
      } catch (failure) {
        if (!isNamespaceTerminating(failure))
          events.event(this.#owner, 'Warning', 'FailedCreate', `Error creating: ${textOf(failure)}`);
        throw failure;
      }
    });
    return isNamespaceTerminating(error) ? undefined : error;
  }

  async #delete(pod: Pod): Promise<unknown> {
    const { client, events } = this.#context;
    const { name = '', uid = '' } = pod.metadata ?? {};
    this.#expectations.expectDeleted(this.#key, pod);
    try {
      await client.delete(pods, keyOfObject(pod), { preconditions: { uid } });
      events.event(this.#owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
      return undefined;
    } catch (failure) {
      if (isNotFound(failure)) return undefined;
      this.#expectations.forget(this.#key);
      events.event(this.#owner, 'Warning', 'FailedDelete', `Error deleting: ${textOf(failure)}`);
      return failure;
    }
  }

  /** Pods of all owners that the owner's own controller has: a node that is crowded by them gives pods up first. */
  #relatedPods(active: readonly Pod[]): readonly Pod[] {
    const parent = controllerOf(this.#owner);
    if (parent === undefined) return active;
    const siblings = this.#context.informer(this.#kind.resource).ownedBy(parent.uid);
    return siblings
      .flatMap((sibling) => this.#context.informer(pods).ownedBy(sibling.metadata?.uid ?? ''))
      .filter(isActive);
  }

  async #writeStatus(
    active: readonly Pod[],
    terminating: number,
    managed: { readonly difference: number; readonly failure: unknown },
  ): Promise<void> {
    const { replicas, ...counts } = replicaCounts(this.#owner, active, this.#context.clock.now());
    const status: ReplicaSetStatus = {
      replicas,
      ...compact(counts),
      ...(this.#kind.countsTerminating ? { terminatingReplicas: terminating } : {}),
      observedGeneration: this.#owner.metadata?.generation ?? 0,
      ...conditionsAfter(this.#owner.status?.conditions ?? [], managed, this.#context.clock.now()),
    };
    if (sameValue(status, this.#owner.status)) return;
    await this.#context.client.updateStatus(this.#kind.resource, { ...this.#owner, status });
  }
}

export function replicaCounts(
  owner: Replicated,
  active: readonly Pod[],
  nowMs: number,
): Omit<Required<ReplicaSetStatus>, 'conditions' | 'observedGeneration' | 'terminatingReplicas'> {
  const minReadySeconds = owner.spec?.minReadySeconds ?? 0;
  const labels = owner.spec?.template?.metadata?.labels;
  return {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) => containsAll(pod.metadata?.labels, labels)).length,
    readyReplicas: active.filter(isReady).length,
    availableReplicas: active.filter((pod) => isAvailable(pod, minReadySeconds, nowMs)).length,
  };
}

/** ReplicaFailure is there while pods cannot be created or deleted. */
function conditionsAfter(
  known: readonly ReplicaSetCondition[],
  { difference, failure }: { readonly difference: number; readonly failure: unknown },
  nowMs: number,
): { readonly conditions?: readonly ReplicaSetCondition[] } {
  const others = known.filter((condition) => condition.type !== 'ReplicaFailure');
  if (failure === undefined) return others.length === 0 ? {} : { conditions: others };
  const present = known.find((condition) => condition.type === 'ReplicaFailure');
  const condition = present ?? {
    type: 'ReplicaFailure',
    status: 'True',
    reason: difference < 0 ? 'FailedCreate' : 'FailedDelete',
    message: textOf(failure),
    lastTransitionTime: timeText(nowMs),
  };
  return { conditions: [...others, condition] };
}
