import { keyOfObject, keyText } from '../../openapi/client/object-cache.ts';
import {
  controllerRevisions,
  persistentVolumeClaims,
  pods,
  statefulSets,
} from '../../openapi/generated/resources.ts';
import type { PersistentVolumeClaim, Pod, StatefulSet } from '../../openapi/generated/types.ts';
import type { KubeObject } from '../../openapi/machinery/object.ts';
import type { Resource } from '../../openapi/machinery/resource.ts';
import { isNotFound, isStatusError } from '../../openapi/machinery/status.ts';
import type { Controller, ControllerContext } from './controller.ts';
import { claimObjects } from './shared/claim.ts';
import { syncRevisions, trimRevisions, type History } from './shared/controller-revisions.ts';
import { isNamespaceTerminating, textOf } from './shared/errors.ts';
import { Expectations } from './shared/expectations.ts';
import { sameValue } from './shared/hash.ts';
import { availableInMs } from './shared/pods.ts';
import { isEmptySelector, selects } from './shared/selectors.ts';
import { slowStart } from './shared/slow-start.ts';
import { hasForeignController, ownersToWrite, wantedReferences } from './shared/stateful-claims.ts';
import { planSet, setStatus, type SetState, type Step } from './shared/stateful-plan.ts';
import {
  claimsFor,
  isConsistent,
  isMember,
  madeConsistent,
  ordinalOf,
  revisionOf,
} from './shared/stateful-pods.ts';
import { controllerOf, watchControlled, watchMapped, watchOf } from './shared/watches.ts';

/** Of a revision: not the label of the pods, which holds the revision's whole name. */
const hashLabel = 'controller.kubernetes.io/hash';
/** What the controller writes, and reads again through informers. */
const written = [pods, persistentVolumeClaims, statefulSets, controllerRevisions] as readonly Resource[];

/** Keeps pods with names, claims and an order of their own. */
export function createStatefulSetController(): Controller {
  let expectations: Expectations | undefined;
  return {
    name: 'statefulset',
    watches: [
      watchOf(statefulSets),
      watchControlled(pods, statefulSets),
      watchControlled(controllerRevisions, statefulSets),
      watchMapped(pods, ownersOfOrphan),
      // A claim that goes, or comes, may be what a pod waits for.
      watchMapped(persistentVolumeClaims, ownersOfClaim),
    ],
    async reconcile(key, context) {
      expectations ??= new Expectations(context.clock);
      const set = context.informer(statefulSets).get(key);
      const name = keyText(key);
      if (set === undefined) {
        for (const resource of written) expectations.forget(`${name} ${resource.plural}`);
        return undefined;
      }
      for (const resource of written)
        if (!expectations.settled(`${name} ${resource.plural}`, context.informer(resource))) return 1000;
      if (isEmptySelector(set.spec?.selector)) return undefined;
      return await new SetSync(set, context, expectations).run();
    },
  };
}

function ownersOfOrphan(pod: Pod, context: ControllerContext): ReturnType<typeof keyOfObject>[] {
  if (controllerOf(pod) !== undefined || pod.metadata?.deletionTimestamp !== undefined) return [];
  return context
    .informer(statefulSets)
    .list(pod.metadata?.namespace)
    .filter((set) => selects(set.spec?.selector, pod.metadata?.labels))
    .map(keyOfObject);
}

function ownersOfClaim(
  claim: PersistentVolumeClaim,
  context: ControllerContext,
): ReturnType<typeof keyOfObject>[] {
  const name = claim.metadata?.name ?? '';
  return context
    .informer(statefulSets)
    .list(claim.metadata?.namespace)
    .filter((set) =>
      (set.spec?.volumeClaimTemplates ?? []).some((template) =>
        name.startsWith(`${template.metadata?.name ?? ''}-${set.metadata?.name ?? ''}-`),
      ),
    )
    .map(keyOfObject);
}

class SetSync {
  readonly #set: StatefulSet;
  readonly #context: ControllerContext;
  readonly #expectations: Expectations;
  readonly #key: string;

  constructor(set: StatefulSet, context: ControllerContext, expectations: Expectations) {
    this.#set = set;
    this.#context = context;
    this.#expectations = expectations;
    this.#key = keyText(keyOfObject(set));
  }

  async run(): Promise<number | undefined> {
    const context = this.#context;
    const set = this.#set;
    const history = await syncRevisions(context, { owner: set, resource: statefulSets, hashLabel });
    if (history.written) this.#expect(controllerRevisions, history.current);
    const claimed = await claimObjects(context, {
      owner: set,
      ownerResource: statefulSets,
      resource: pods,
      selector: set.spec?.selector,
      adoptable: (pod) => isMember(set, pod),
    });
    const state = this.#stateOf(history, claimed);
    const steps = planSet(state);
    const { done, error } = await this.#apply(steps);
    await this.#writeStatus(state, steps.slice(0, done));
    await this.#trim(history, state);
    if (error !== undefined && !isNamespaceTerminating(error))
      throw error instanceof Error ? error : new Error(textOf(error));
    const waits = claimed.flatMap(
      (pod) => availableInMs(pod, set.spec?.minReadySeconds ?? 0, state.nowMs) ?? [],
    );
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  #stateOf(history: History, claimed: readonly Pod[]): SetState {
    const { clock, informer } = this.#context;
    const { namespace } = this.#set.metadata ?? {};
    const name = this.#set.status?.currentRevision;
    const current = history.old.find((revision) => revision.metadata?.name === name);
    return {
      set: this.#set,
      pods: claimed,
      claimOf: (claim) => informer(persistentVolumeClaims).get({ namespace, name: claim }),
      current: current ?? history.current,
      update: history.current,
      collisionCount: history.collisionCount,
      nowMs: clock.now(),
    };
  }

  /** How many steps were made, and what stopped it. An ordered set takes them one by one. */
  async #apply(steps: readonly Step[]): Promise<{ readonly done: number; readonly error: unknown }> {
    const isParallel = this.#set.spec?.podManagementPolicy === 'Parallel';
    if (isParallel) {
      const { succeeded, error } = await slowStart(steps.length, async (i) => {
        const step = steps[i];
        if (step !== undefined) await this.#take(step);
      });
      return { done: succeeded, error };
    }
    for (const [done, step] of steps.entries()) {
      try {
        await this.#take(step);
      } catch (error) {
        return { done, error };
      }
    }
    return { done: steps.length, error: undefined };
  }

  async #take({ action, pod }: Step): Promise<void> {
    switch (action) {
      case 'create':
        await this.#create(pod);
        return;
      case 'delete':
        await this.#delete(pod);
        return;
      case 'claims':
        await this.#ensureClaims(pod);
        return;
      case 'repair':
        await this.#repair(pod);
        return;
    }
  }

  async #create(pod: Pod): Promise<void> {
    try {
      await this.#ensureClaims(pod);
      this.#expect(pods, await this.#context.client.create(pods, pod));
    } catch (error) {
      if (!isStatusError(error, 'AlreadyExists') && !isNamespaceTerminating(error))
        this.#tell('create', pod, error);
      throw error;
    }
    this.#tell('create', pod, undefined);
  }

  async #delete(pod: Pod): Promise<void> {
    const { uid = '' } = pod.metadata ?? {};
    const key = `${this.#key} ${pods.plural}`;
    this.#expectations.expectDeleted(key, pod);
    try {
      await this.#context.client.delete(pods, keyOfObject(pod), { preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error)) {
        this.#expectations.forget(key);
        this.#tell('delete', pod, error);
        throw error;
      }
    }
    this.#tell('delete', pod, undefined);
  }

  async #repair(pod: Pod): Promise<void> {
    try {
      await this.#ensureClaims(pod);
      if (isConsistent(this.#set, pod)) return;
      this.#expect(pods, await this.#context.client.update(pods, madeConsistent(this.#set, pod)));
    } catch (error) {
      this.#tell('update', pod, error);
      throw error;
    }
    this.#tell('update', pod, undefined);
  }

  /** Makes the claims that the pod lacks, and gives those that are there to their owner. */
  async #ensureClaims(pod: Pod): Promise<void> {
    for (const wanted of claimsFor(this.#set, ordinalOf(pod))) {
      const known = this.#context.informer(persistentVolumeClaims).get(keyOfObject(wanted));
      if (known === undefined) await this.#createClaim(pod, wanted);
      else if (known.metadata?.deletionTimestamp !== undefined)
        throw new Error(`pvc ${known.metadata.name ?? ''} is being deleted`);
      else await this.#handOver(pod, known);
    }
  }

  async #createClaim(pod: Pod, claim: PersistentVolumeClaim): Promise<void> {
    const ownerReferences = wantedReferences(this.#set, pod);
    const owned =
      ownerReferences.length === 0 ? claim : { ...claim, metadata: { ...claim.metadata, ownerReferences } };
    const name = claim.metadata?.name ?? '';
    const what = `Create Claim ${name}`;
    const where = `Pod ${pod.metadata?.name ?? ''} in StatefulSet ${this.#set.metadata?.name ?? ''}`;
    try {
      this.#expect(persistentVolumeClaims, await this.#context.client.create(persistentVolumeClaims, owned));
      this.#event('Normal', 'SuccessfulCreate', `${what} ${where} success`);
    } catch (error) {
      if (isStatusError(error, 'AlreadyExists')) throw error;
      this.#event('Warning', 'FailedCreate', `${what} for ${where} failed error: ${textOf(error)}`);
      throw new Error(`failed to create PVC ${name}: ${textOf(error)}`, { cause: error });
    }
  }

  async #handOver(pod: Pod, claim: PersistentVolumeClaim): Promise<void> {
    if (hasForeignController(this.#set, pod, claim))
      this.#event(
        'Warning',
        'ConflictingController',
        `PersistentVolumeClaim ${claim.metadata?.name ?? ''} has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim`,
      );
    const ownerReferences = ownersToWrite(this.#set, pod, claim);
    if (ownerReferences === undefined) return;
    const updated = { ...claim, metadata: { ...claim.metadata, ownerReferences } };
    this.#expect(persistentVolumeClaims, await this.#context.client.update(persistentVolumeClaims, updated));
  }

  async #writeStatus(state: SetState, steps: readonly Step[]): Promise<void> {
    const status = setStatus(state, steps);
    if (sameValue(status, this.#set.status)) return;
    const updated = await this.#context.client.updateStatus(statefulSets, { ...this.#set, status });
    this.#expect(statefulSets, updated);
  }

  /** Revisions that no pod runs go beyond the limit. */
  async #trim(history: History, { current, pods: claimed }: SetState): Promise<void> {
    const live = new Set([current.metadata?.name ?? '', ...claimed.map(revisionOf)]);
    await trimRevisions(this.#context, history.old, this.#set.spec?.revisionHistoryLimit ?? 10, (revision) =>
      live.has(revision.metadata?.name ?? ''),
    );
  }

  #expect(resource: Resource, object: KubeObject): void {
    this.#expectations.expectCreated(`${this.#key} ${resource.plural}`, object);
  }

  #tell(verb: 'create' | 'delete' | 'update', pod: Pod, error: unknown): void {
    const title = `${verb.slice(0, 1).toUpperCase()}${verb.slice(1)}`;
    const what = `${title} Pod ${pod.metadata?.name ?? ''} in StatefulSet ${this.#set.metadata?.name ?? ''}`;
    if (error === undefined) this.#event('Normal', `Successful${title}`, `${what} successful`);
    else this.#event('Warning', `Failed${title}`, `${what} failed error: ${textOf(error)}`);
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#context.events.event(this.#set, type, reason, message);
  }
}
