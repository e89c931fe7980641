import type {
  ControllerRevision,
  PersistentVolumeClaim,
  Pod,
  StatefulSet,
  StatefulSetStatus,
} from '../../../openapi/generated/types.ts';
import { compact } from './compact.ts';
import { isAvailable, isFinished, isReady } from './pods.ts';
import { isStale, ownersToWrite } from './stateful-claims.ts';
import {
  claimNames,
  isConsistent,
  isInRange,
  ordinalOf,
  replicasOf,
  revisionOf,
  startOf,
  statefulPod,
} from './stateful-pods.ts';

export interface SetState {
  readonly set: StatefulSet;
  readonly pods: readonly Pod[];
  readonly claimOf: (name: string) => PersistentVolumeClaim | undefined;
  /** What pods were made of before the update, and what they are made of now. */
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
  readonly collisionCount: number;
  readonly nowMs: number;
}

/** `claims`: those of the pod are made, and given to whom they should belong. `repair`: that, and the pod's identity. */
export interface Step {
  readonly action: 'create' | 'delete' | 'claims' | 'repair';
  readonly pod: Pod;
  /** The deletion makes room for the pod's successor of the new revision. */
  readonly isUpdate?: boolean;
}

/** What to do now, in this order. An ordered set does one thing at a time, and nothing while a pod before it is not available. */
export function planSet(state: SetState): readonly Step[] {
  if (state.set.metadata?.deletionTimestamp !== undefined) return [];
  const view = viewOf(state);
  const steps: Step[] = [];
  for (const pod of view.replicas) {
    const { step, waits } = replicaStep(state, pod);
    if (step !== undefined) steps.push(step);
    if (waits && view.isOrdered) return steps;
  }
  for (const pod of view.condemned) if (!claimsAreRight(state, pod)) steps.push({ action: 'claims', pod });
  for (const pod of view.condemned) {
    if (!isTerminating(pod) && !(view.isOrdered && mustWait(state, pod, view.firstUnavailable)))
      steps.push({ action: 'delete', pod });
    // The highest ordinal is gone before the next one is looked at.
    if (view.isOrdered) return steps;
  }
  return [...steps, ...updateSteps(state, view.replicas)];
}

interface View {
  readonly isOrdered: boolean;
  /** One for each ordinal in range: the one that is there, or the one to make. */
  readonly replicas: readonly Pod[];
  /** Out of range, the highest ordinal first. */
  readonly condemned: readonly Pod[];
  readonly firstUnavailable: Pod | undefined;
}

function viewOf(state: SetState): View {
  const { set, pods } = state;
  const known = new Map(pods.map((pod) => [ordinalOf(pod), pod]));
  const replicas = Array.from({ length: replicasOf(set) }, (_, i) => {
    const ordinal = startOf(set) + i;
    return known.get(ordinal) ?? newPod(state, ordinal);
  });
  const condemned = pods
    .filter((pod) => ordinalOf(pod) >= 0 && !isInRange(set, ordinalOf(pod)))
    .sort((a, b) => ordinalOf(b) - ordinalOf(a));
  const firstUnavailable = [...replicas, ...[...condemned].reverse()].find((pod) =>
    isUnavailable(state, pod),
  );
  return { isOrdered: set.spec?.podManagementPolicy !== 'Parallel', replicas, condemned, firstUnavailable };
}

/** Below the partition pods keep the old revision, also when they are made anew. */
function newPod({ set, current, update }: SetState, ordinal: number): Pod {
  const { type, rollingUpdate } = set.spec?.updateStrategy ?? {};
  const kept =
    rollingUpdate === undefined
      ? type === 'RollingUpdate'
        ? (set.status?.currentReplicas ?? 0)
        : 0
      : (rollingUpdate.partition ?? 0);
  return statefulPod(set, ordinal < startOf(set) + kept ? current : update, ordinal);
}

/** `waits`: an ordered set goes no further. */
function replicaStep(state: SetState, pod: Pod): { readonly step?: Step; readonly waits: boolean } {
  const { set } = state;
  if (isFinished(pod)) {
    // Whatever ended it: its successor comes when it is gone.
    return isTerminating(pod) ? { waits: true } : { step: { action: 'delete', pod }, waits: true };
  }
  if (!isThere(pod)) {
    const stale = claimsOf(state, pod).some((claim) => isStale(set, pod, claim));
    return stale ? { waits: true } : { step: { action: 'create', pod }, waits: true };
  }
  const lacksClaims =
    claimNames(set, ordinalOf(pod)).some((name) => state.claimOf(name) === undefined) ||
    !claimsAreRight(state, pod);
  if (pod.status?.phase === 'Pending' && lacksClaims)
    return { step: { action: 'claims', pod }, waits: isUnavailable(state, pod) };
  if (isUnavailable(state, pod)) return { waits: true };
  if (isConsistent(set, pod) && claimsAreRight(state, pod)) return { waits: false };
  return { step: { action: 'repair', pod }, waits: false };
}

function claimsOf(state: SetState, pod: Pod): readonly PersistentVolumeClaim[] {
  return claimNames(state.set, ordinalOf(pod)).flatMap((name) => state.claimOf(name) ?? []);
}

function claimsAreRight(state: SetState, pod: Pod): boolean {
  return claimsOf(state, pod).every((claim) => ownersToWrite(state.set, pod, claim) === undefined);
}

/** A pod that is not well goes only when it is the first that is not. */
function mustWait(state: SetState, pod: Pod, firstUnavailable: Pod | undefined): boolean {
  return isUnavailable(state, pod) && pod !== firstUnavailable;
}

/** The highest pod of another revision goes, when all above it are available. */
function updateSteps(state: SetState, replicas: readonly Pod[]): readonly Step[] {
  const { updateStrategy } = state.set.spec ?? {};
  if (updateStrategy?.type === 'OnDelete') return [];
  const first = updateStrategy?.rollingUpdate?.partition ?? 0;
  for (const pod of replicas.slice(first).reverse()) {
    if (revisionOf(pod) !== nameOf(state.update) && !isTerminating(pod))
      return isThere(pod) ? [{ action: 'delete', pod, isUpdate: true }] : [];
    if (isUnavailable(state, pod)) return [];
  }
  return [];
}

function nameOf(revision: ControllerRevision): string {
  return revision.metadata?.name ?? '';
}

function isTerminating(pod: Pod): boolean {
  return pod.metadata?.deletionTimestamp !== undefined;
}

/** False for one that is only planned. */
function isThere(pod: Pod): boolean {
  return pod.metadata?.uid !== undefined;
}

function isRunningReady(pod: Pod): boolean {
  return pod.status?.phase === 'Running' && isReady(pod);
}

function isUnavailable({ set, nowMs }: SetState, pod: Pod): boolean {
  return (
    isTerminating(pod) || !isRunningReady(pod) || !isAvailable(pod, set.spec?.minReadySeconds ?? 0, nowMs)
  );
}

/** The status after the steps: an update's deletion counts at once. */
export function setStatus(state: SetState, steps: readonly Step[]): StatefulSetStatus {
  const { set, pods, current, update, nowMs } = state;
  const [currentName, updateName] = [nameOf(current), nameOf(update)];
  const alive = pods.filter((pod) => !isTerminating(pod));
  const counts = {
    readyReplicas: pods.filter(isRunningReady).length,
    currentReplicas:
      alive.filter((pod) => revisionOf(pod) === currentName).length -
      steps.filter((step) => step.isUpdate === true).length,
    updatedReplicas: alive.filter((pod) => revisionOf(pod) === updateName).length,
  };
  const isUpdated =
    set.spec?.updateStrategy?.type === 'RollingUpdate' &&
    [counts.updatedReplicas, counts.readyReplicas, pods.length].every((count) => count === replicasOf(set));
  const { conditions } = set.status ?? {};
  return {
    observedGeneration: set.metadata?.generation ?? 0,
    replicas: pods.length,
    ...compact({
      ...counts,
      currentReplicas: isUpdated ? counts.updatedReplicas : Math.max(0, counts.currentReplicas),
    }),
    availableReplicas: pods.filter(
      (pod) => isRunningReady(pod) && isAvailable(pod, set.spec?.minReadySeconds ?? 0, nowMs),
    ).length,
    currentRevision: isUpdated ? updateName : currentName,
    updateRevision: updateName,
    collisionCount: state.collisionCount,
    ...(conditions === undefined ? {} : { conditions }),
  };
}
