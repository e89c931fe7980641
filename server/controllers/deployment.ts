import { keyOfObject } from '../../openapi/client/object-cache.ts';
import { deployments, pods, replicaSets } from '../../openapi/generated/resources.ts';
import type { Deployment, DeploymentStatus, ReplicaSet } from '../../openapi/generated/types.ts';
import { isNotFound, isStatusError } from '../../openapi/machinery/status.ts';
import type { Controller, ControllerContext } from './controller.ts';
import { claimObjects } from './shared/claim.ts';
import {
  byCreation,
  desiredReplicasOf,
  findNewSet,
  maxRevision,
  newSetAnnotations,
  replicasAnnotations,
  revisionAnnotation,
  revisionOf,
  sameTemplate,
  templateHashLabel,
} from './shared/deployment-revisions.ts';
import {
  isRollingUpdate,
  newSetReplicas,
  planOldSets,
  proportionalSizes,
  replicasOf,
  rolloutBounds,
} from './shared/deployment-rollout.ts';
import {
  conditionOf,
  countedStatus,
  hasDeadline,
  isComplete,
  withCondition,
  withFailure,
  withProgress,
} from './shared/deployment-status.ts';
import { isNamespaceTerminating, textOf } from './shared/errors.ts';
import { Expectations } from './shared/expectations.ts';
import { hashOf, sameValue } from './shared/hash.ts';
import { isFinished } from './shared/pods.ts';
import { isEmptySelector, selects } from './shared/selectors.ts';
import {
  controllerOf,
  controllerReference,
  watchControlled,
  watchMapped,
  watchOf,
} from './shared/watches.ts';

/** Rolls a Deployment's template out through ReplicaSets. */
export function createDeploymentController(): Controller {
  let expectations: Expectations | undefined;
  return {
    name: 'deployment',
    watches: [
      watchOf(deployments),
      watchControlled(replicaSets, deployments),
      watchMapped(replicaSets, (set, context) => {
        if (controllerOf(set) !== undefined) return [];
        const candidates = context.informer(deployments).list(set.metadata?.namespace);
        return candidates
          .filter((each) => selects(each.spec?.selector, set.metadata?.labels))
          .map(keyOfObject);
      }),
      // Recreate waits for the last old pod to go.
      watchMapped(pods, (pod, context) => {
        const owner = controllerOf(pod);
        if (owner?.kind !== 'ReplicaSet') return [];
        const set = context
          .informer(replicaSets)
          .get({ namespace: pod.metadata?.namespace, name: owner.name });
        const parent = controllerOf(set);
        if (parent?.kind !== 'Deployment') return [];
        const key = { namespace: pod.metadata?.namespace, name: parent.name };
        const deployment = context.informer(deployments).get(key);
        return deployment === undefined || isRollingUpdate(deployment) ? [] : [key];
      }),
    ],
    async reconcile(key, context) {
      expectations ??= new Expectations(context.clock);
      const deployment = context.informer(deployments).get(key);
      const name = `${key.namespace ?? ''}/${key.name}`;
      if (deployment === undefined) {
        expectations.forget(name);
        return undefined;
      }
      // A decision on sets that the informer does not show yet would be made twice.
      if (!expectations.settled(name, context.informer(replicaSets))) return 1000;
      const claimed = await claimObjects(context, {
        owner: deployment,
        ownerResource: deployments,
        resource: replicaSets,
        selector: deployment.spec?.selector,
      });
      return await new DeploymentSync(deployment, claimed, context, expectations).run();
    },
  };
}

class DeploymentSync {
  #deployment: Deployment;
  readonly #sets: ReplicaSet[];
  readonly #context: ControllerContext;
  readonly #expectations: Expectations;

  constructor(
    deployment: Deployment,
    sets: readonly ReplicaSet[],
    context: ControllerContext,
    expectations: Expectations,
  ) {
    this.#deployment = deployment;
    this.#sets = [...sets].sort(byCreation);
    this.#context = context;
    this.#expectations = expectations;
  }

  async run(): Promise<number | undefined> {
    if (isEmptySelector(this.#deployment.spec?.selector)) {
      this.#event(
        'Warning',
        'SelectingAll',
        'This deployment is selecting all pods. A non-empty selector is required.',
      );
      return undefined;
    }
    if (this.#deployment.metadata?.deletionTimestamp !== undefined) {
      await this.#writeStatus(findNewSet(this.#deployment, this.#sets), false);
      return undefined;
    }
    await this.#notePause();
    if (this.#deployment.spec?.paused === true || this.#isScaled()) await this.#scaleOnly();
    else if (isRollingUpdate(this.#deployment)) await this.#rollOut();
    else await this.#recreate();
    return this.#deadlineInMs();
  }

  #old(newSet: ReplicaSet | undefined): readonly ReplicaSet[] {
    return this.#sets.filter((set) => set !== newSet);
  }

  /** True when spec.replicas changed since the running sets were sized. */
  #isScaled(): boolean {
    const wanted = replicasOf(this.#deployment);
    return this.#sets.some((set) => replicasOf(set) > 0 && (desiredReplicasOf(set) ?? wanted) !== wanted);
  }

  async #scaleOnly(): Promise<void> {
    await this.#updateNewSet(findNewSet(this.#deployment, this.#sets));
    const newSet = findNewSet(this.#deployment, this.#sets);
    await this.#scaleInProportion(newSet);
    if (this.#deployment.spec?.paused === true) await this.#cleanUp(this.#old(newSet));
    await this.#writeStatus(newSet, false);
  }

  async #scaleInProportion(newSet: ReplicaSet | undefined): Promise<void> {
    const active = this.#sets.filter((set) => replicasOf(set) > 0);
    const wanted = replicasOf(this.#deployment);
    const single = active.length > 1 ? undefined : (active[0] ?? newSet ?? this.#sets.at(-1));
    if (single !== undefined) {
      if (replicasOf(single) !== wanted) await this.#scale(single, wanted);
      return;
    }
    if (newSet !== undefined && isSaturated(this.#deployment, newSet)) {
      for (const set of this.#old(newSet)) if (replicasOf(set) > 0) await this.#scale(set, 0);
      return;
    }
    if (!isRollingUpdate(this.#deployment)) return;
    for (const { set, replicas } of proportionalSizes(this.#deployment, active))
      await this.#scale(set, replicas);
  }

  async #rollOut(): Promise<void> {
    const newSet = await this.#ensureNewSet();
    if (newSet === undefined) return;
    const grown = newSetSizeOf(this.#deployment, this.#sets, newSet);
    if (grown !== replicasOf(newSet)) await this.#scale(newSet, grown);
    else await this.#shrinkOld(newSet);
    const current = findNewSet(this.#deployment, this.#sets);
    if (isComplete(this.#deployment, countedStatus(this.#deployment, this.#sets, current, 0)))
      await this.#cleanUp(this.#old(current));
    await this.#writeStatus(current, true);
  }

  async #shrinkOld(newSet: ReplicaSet): Promise<void> {
    const old = this.#old(newSet).filter((set) => replicasOf(set) > 0);
    for (const { set, replicas } of planOldSets(this.#deployment, this.#sets, old, newSet))
      await this.#scale(set, replicas);
  }

  /** Recreate: all old pods end before the first new one starts. */
  async #recreate(): Promise<void> {
    const found = findNewSet(this.#deployment, this.#sets);
    await this.#updateNewSet(found);
    const newSet = findNewSet(this.#deployment, this.#sets);
    const old = this.#old(newSet);
    const running = old.filter((set) => replicasOf(set) > 0);
    for (const set of running) await this.#scale(set, 0);
    if (running.length > 0 || this.#hasOldPods(old)) {
      await this.#writeStatus(newSet, true);
      return;
    }
    const created = newSet ?? (await this.#ensureNewSet());
    if (created === undefined) return;
    if (replicasOf(created) !== replicasOf(this.#deployment))
      await this.#scale(created, replicasOf(this.#deployment));
    const current = findNewSet(this.#deployment, this.#sets);
    if (isComplete(this.#deployment, countedStatus(this.#deployment, this.#sets, current, 0)))
      await this.#cleanUp(this.#old(current));
    await this.#writeStatus(current, true);
  }

  #hasOldPods(old: readonly ReplicaSet[]): boolean {
    return old.some((set) =>
      this.#context
        .informer(pods)
        .ownedBy(set.metadata?.uid ?? '')
        .some((pod) => !isFinished(pod)),
    );
  }

  /** The set of the present template, created when there is none; undefined when the next run must look again. */
  async #ensureNewSet(): Promise<ReplicaSet | undefined> {
    const found = findNewSet(this.#deployment, this.#sets);
    if (found !== undefined) {
      await this.#updateNewSet(found);
      return findNewSet(this.#deployment, this.#sets);
    }
    return await this.#createNewSet();
  }

  /** Brings revision, annotations and Progressing of the known new set up to date. */
  async #updateNewSet(newSet: ReplicaSet | undefined): Promise<void> {
    if (newSet === undefined) return;
    const revision = maxRevision(this.#old(newSet)) + 1n;
    const annotations = newSetAnnotations(this.#deployment, newSet.metadata?.annotations ?? {}, revision);
    const minReadySeconds = this.#deployment.spec?.minReadySeconds ?? 0;
    let current = newSet;
    if (
      !sameValue(annotations, newSet.metadata?.annotations ?? {}) ||
      minReadySeconds !== (newSet.spec?.minReadySeconds ?? 0)
    ) {
      const patch = { metadata: { annotations }, spec: { minReadySeconds } };
      current = await this.#patchSet(newSet, patch);
    }
    await this.#setRevision(revisionOf(current));
    if (hasDeadline(this.#deployment) && conditionOf(this.#deployment.status, 'Progressing') === undefined) {
      const message = `Found new replica set "${newSet.metadata?.name ?? ''}"`;
      await this.#say({ type: 'Progressing', status: 'True', reason: 'FoundNewReplicaSet', message });
    }
  }

  async #createNewSet(): Promise<ReplicaSet | undefined> {
    const deployment = this.#deployment;
    const revision = maxRevision(this.#sets) + 1n;
    const wanted = this.#newSetOf(revision);
    try {
      const created = await this.#context.client.create(replicaSets, wanted);
      this.#expectations.expectCreated(this.#name(), created);
      this.#sets.push(created);
      const { name = '' } = created.metadata ?? {};
      if (replicasOf(created) > 0)
        this.#event(
          'Normal',
          'ScalingReplicaSet',
          `Scaled up replica set ${name} from 0 to ${replicasOf(created)}`,
        );
      await this.#setRevision(revision);
      if (hasDeadline(deployment))
        await this.#say({
          type: 'Progressing',
          status: 'True',
          reason: 'NewReplicaSetCreated',
          message: `Created new replica set "${name}"`,
        });
      return created;
    } catch (error) {
      if (isStatusError(error, 'AlreadyExists')) {
        await this.#resolveCollision(wanted);
        return undefined;
      }
      if (isNamespaceTerminating(error) || isStatusError(error, 'Conflict')) throw error;
      const message = `Failed to create new replica set "${wanted.metadata?.name ?? ''}": ${textOf(error)}`;
      if (hasDeadline(deployment))
        await this.#say({ type: 'Progressing', status: 'False', reason: 'ReplicaSetCreateError', message });
      this.#event('Warning', 'ReplicaSetCreateError', message);
      throw error;
    }
  }

  /** A set of that name exists: ours (the informer was behind), or another template with the same hash. */
  async #resolveCollision(wanted: ReplicaSet): Promise<void> {
    const existing = await this.#context.client.get(replicaSets, keyOfObject(wanted));
    const ours =
      controllerOf(existing)?.uid === this.#deployment.metadata?.uid &&
      sameTemplate(existing.spec?.template, wanted.spec?.template);
    if (ours) {
      this.#expectations.expectCreated(this.#name(), existing);
      return;
    }
    const collisionCount = (this.#deployment.status?.collisionCount ?? 0) + 1;
    const status = { ...this.#deployment.status, collisionCount };
    this.#deployment = await this.#context.client.updateStatus(deployments, { ...this.#deployment, status });
  }

  #newSetOf(revision: bigint): ReplicaSet {
    const deployment = this.#deployment;
    const { name = '', namespace = '' } = deployment.metadata ?? {};
    const template = deployment.spec?.template;
    const hash = hashOf(template, deployment.status?.collisionCount);
    const labels = { ...template?.metadata?.labels, [templateHashLabel]: hash };
    const { matchLabels, ...selector } = deployment.spec?.selector ?? {};
    const minReadySeconds = deployment.spec?.minReadySeconds;
    const replicas = newSetReplicas(deployment, this.#sets, undefined);
    const { maxSurge } = rolloutBounds(deployment);
    return {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${name}-${hash}`,
        namespace,
        labels,
        annotations: {
          ...newSetAnnotations(deployment, {}, revision),
          ...replicasAnnotations(replicasOf(deployment), replicasOf(deployment) + maxSurge),
        },
        ownerReferences: [controllerReference(deployment, deployments)],
      },
      spec: {
        replicas,
        ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
        selector: { ...selector, matchLabels: { ...matchLabels, [templateHashLabel]: hash } },
        template: { ...template, metadata: { ...template?.metadata, labels } },
      },
    };
  }

  /** Sizes a set, and notes what it was sized for. */
  async #scale(set: ReplicaSet, replicas: number): Promise<void> {
    const wanted = replicasOf(this.#deployment);
    const annotations = replicasAnnotations(wanted, wanted + rolloutBounds(this.#deployment).maxSurge);
    const before = replicasOf(set);
    const noted = { ...set.metadata?.annotations, ...annotations };
    if (before === replicas && sameValue(noted, set.metadata?.annotations)) return;
    await this.#patchSet(set, { metadata: { annotations }, spec: { replicas } });
    if (before === replicas) return;
    const direction = replicas > before ? 'up' : 'down';
    this.#event(
      'Normal',
      'ScalingReplicaSet',
      `Scaled ${direction} replica set ${set.metadata?.name ?? ''} from ${before} to ${replicas}`,
    );
  }

  async #patchSet(
    set: ReplicaSet,
    patch: { readonly metadata: object; readonly spec: object },
  ): Promise<ReplicaSet> {
    const { uid = '', resourceVersion = '' } = set.metadata ?? {};
    const body = {
      metadata: { uid, resourceVersion, ...patch.metadata },
      spec: patch.spec as Record<string, number>,
    };
    const patched = await this.#context.client.patch(replicaSets, keyOfObject(set), body, { type: 'merge' });
    this.#expectations.expectCreated(this.#name(), patched);
    this.#sets[this.#sets.indexOf(set)] = patched;
    return patched;
  }

  async #setRevision(revision: bigint): Promise<void> {
    if (this.#deployment.metadata?.annotations?.[revisionAnnotation] === String(revision)) return;
    const patch = { metadata: { annotations: { [revisionAnnotation]: String(revision) } } };
    this.#deployment = await this.#context.client.patch(deployments, keyOfObject(this.#deployment), patch, {
      type: 'merge',
      // With the status, since annotations of the object itself count as a change of what is wanted.
      subresource: 'status',
    });
  }

  async #notePause(): Promise<void> {
    if (!hasDeadline(this.#deployment)) return;
    const condition = conditionOf(this.#deployment.status, 'Progressing');
    if (condition?.reason === 'ProgressDeadlineExceeded') return;
    const isPaused = this.#deployment.spec?.paused === true;
    const knowsPause = condition?.reason === 'DeploymentPaused';
    if (isPaused && !knowsPause)
      await this.#say({
        type: 'Progressing',
        status: 'Unknown',
        reason: 'DeploymentPaused',
        message: 'Deployment is paused',
      });
    if (!isPaused && knowsPause)
      await this.#say({
        type: 'Progressing',
        status: 'Unknown',
        reason: 'DeploymentResumed',
        message: 'Deployment is resumed',
      });
  }

  async #say(said: Parameters<typeof withCondition>[1]): Promise<void> {
    const status = withCondition(this.#deployment.status ?? {}, said, this.#context.clock.now());
    this.#deployment = await this.#context.client.updateStatus(deployments, { ...this.#deployment, status });
  }

  async #writeStatus(newSet: ReplicaSet | undefined, isRollout: boolean): Promise<void> {
    const nowMs = this.#context.clock.now();
    const deployment = this.#deployment;
    const counted = countedStatus(deployment, this.#sets, newSet, nowMs);
    const progress = isRollout ? withProgress(deployment, counted, newSet, nowMs) : counted;
    const status: DeploymentStatus = isRollout ? withFailure(progress, this.#sets, newSet, nowMs) : progress;
    if (sameValue(status, deployment.status)) return;
    this.#deployment = await this.#context.client.updateStatus(deployments, { ...deployment, status });
  }

  /** Old sets beyond the history limit go, the oldest revisions first. */
  async #cleanUp(old: readonly ReplicaSet[]): Promise<void> {
    const limit = this.#deployment.spec?.revisionHistoryLimit;
    if (limit === undefined || limit === 2147483647) return;
    const alive = old.filter((set) => set.metadata?.deletionTimestamp === undefined);
    const surplus = [...alive]
      .sort((a, b) => Number(revisionOf(a) - revisionOf(b)))
      .slice(0, Math.max(0, alive.length - limit));
    for (const set of surplus) {
      const isEmpty = (set.status?.replicas ?? 0) === 0 && replicasOf(set) === 0;
      if (!isEmpty || (set.metadata?.generation ?? 0) > (set.status?.observedGeneration ?? 0)) continue;
      await this.#context.client
        .delete(replicaSets, keyOfObject(set), { preconditions: { uid: set.metadata?.uid ?? '' } })
        .catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        });
    }
  }

  /** When to look again whether the progress deadline has passed. */
  #deadlineInMs(): number | undefined {
    const condition = conditionOf(this.#deployment.status, 'Progressing');
    const waits =
      condition !== undefined &&
      condition.reason !== 'NewReplicaSetAvailable' &&
      condition.reason !== 'ProgressDeadlineExceeded';
    if (!hasDeadline(this.#deployment) || !waits || this.#deployment.spec?.paused === true) return undefined;
    const sinceMs = this.#context.clock.now() - Date.parse(condition.lastUpdateTime ?? '');
    return Math.max(1000, (this.#deployment.spec?.progressDeadlineSeconds ?? 600) * 1000 - sinceMs + 1000);
  }

  #name(): string {
    return `${this.#deployment.metadata?.namespace ?? ''}/${this.#deployment.metadata?.name ?? ''}`;
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#context.events.event(this.#deployment, type, reason, message);
  }
}

/** The new set is as large as wanted, was sized for that, and all of it is available. */
function isSaturated(deployment: Deployment, set: ReplicaSet): boolean {
  const wanted = replicasOf(deployment);
  return (
    replicasOf(set) === wanted &&
    desiredReplicasOf(set) === wanted &&
    (set.status?.availableReplicas ?? 0) === wanted
  );
}

function newSetSizeOf(deployment: Deployment, sets: readonly ReplicaSet[], newSet: ReplicaSet): number {
  const wanted = replicasOf(deployment);
  if (replicasOf(newSet) > wanted) return wanted;
  return newSetReplicas(deployment, sets, newSet);
}
