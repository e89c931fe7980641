import type {
  Deployment,
  DeploymentCondition,
  DeploymentStatus,
  ReplicaSet,
} from '../../../openapi/generated/types.ts';
import { timeText } from '../../../openapi/machinery/clock.ts';
import { compact } from './compact.ts';
import { maxUnavailableOf, replicasOf, totalOf } from './deployment-rollout.ts';

export function conditionOf(
  status: DeploymentStatus | undefined,
  type: string,
): DeploymentCondition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

type Said = Pick<DeploymentCondition, 'type' | 'status' | 'reason' | 'message'>;

/** With `said` in the place of the condition of its type. Nothing changes when status and reason are as they were. */
export function withCondition(status: DeploymentStatus, said: Said, nowMs: number): DeploymentStatus {
  const known = conditionOf(status, said.type);
  if (known?.status === said.status && known.reason === said.reason) return status;
  const now = timeText(nowMs);
  const lastTransitionTime = known?.status === said.status ? (known.lastTransitionTime ?? now) : now;
  const condition = { ...said, lastUpdateTime: now, lastTransitionTime };
  return {
    ...status,
    conditions: [...(status.conditions ?? []).filter((each) => each.type !== said.type), condition],
  };
}

export function withoutCondition(status: DeploymentStatus, type: string): DeploymentStatus {
  const conditions = (status.conditions ?? []).filter((each) => each.type !== type);
  return { ...status, conditions };
}

/** The counts of all sets, and Available. */
export function countedStatus(
  deployment: Deployment,
  all: readonly ReplicaSet[],
  newSet: ReplicaSet | undefined,
  nowMs: number,
): DeploymentStatus {
  const availableReplicas = totalOf(all, 'availableReplicas');
  const { collisionCount, conditions } = deployment.status ?? {};
  const status: DeploymentStatus = {
    observedGeneration: deployment.metadata?.generation ?? 0,
    ...compact({
      replicas: totalOf(all, 'replicas'),
      updatedReplicas: newSet?.status?.replicas ?? 0,
      readyReplicas: totalOf(all, 'readyReplicas'),
      availableReplicas,
      unavailableReplicas: Math.max(
        0,
        all.reduce((sum, set) => sum + replicasOf(set), 0) - availableReplicas,
      ),
    }),
    terminatingReplicas: totalOf(all, 'terminatingReplicas'),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    ...(conditions === undefined ? {} : { conditions }),
  };
  const enough = availableReplicas >= replicasOf(deployment) - maxUnavailableOf(deployment);
  return withCondition(
    status,
    enough
      ? {
          type: 'Available',
          status: 'True',
          reason: 'MinimumReplicasAvailable',
          message: 'Deployment has minimum availability.',
        }
      : {
          type: 'Available',
          status: 'False',
          reason: 'MinimumReplicasUnavailable',
          message: 'Deployment does not have minimum availability.',
        },
    nowMs,
  );
}

/** Everything runs the new template and nothing else is left. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const wanted = replicasOf(deployment);
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (deployment.metadata?.generation ?? 0)
  );
}

function isProgressing(before: DeploymentStatus | undefined, after: DeploymentStatus): boolean {
  const oldBefore = (before?.replicas ?? 0) - (before?.updatedReplicas ?? 0);
  const oldAfter = (after.replicas ?? 0) - (after.updatedReplicas ?? 0);
  return (
    (after.updatedReplicas ?? 0) > (before?.updatedReplicas ?? 0) ||
    oldAfter < oldBefore ||
    (after.readyReplicas ?? 0) > (before?.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before?.availableReplicas ?? 0)
  );
}

/** Kubernetes' "no deadline" is the largest int32. */
export function hasDeadline(deployment: Deployment): boolean {
  const seconds = deployment.spec?.progressDeadlineSeconds;
  return seconds !== undefined && seconds !== 2147483647;
}

function timedOut(deployment: Deployment, status: DeploymentStatus, nowMs: number): boolean {
  const condition = conditionOf(status, 'Progressing');
  if (condition === undefined || condition.reason === 'NewReplicaSetAvailable') return false;
  if (condition.reason === 'ProgressDeadlineExceeded') return true;
  const since = Date.parse(condition.lastUpdateTime ?? condition.lastTransitionTime ?? '');
  return nowMs - since > (deployment.spec?.progressDeadlineSeconds ?? 600) * 1000;
}

/** The Progressing condition after a run, for a Deployment with a deadline. */
export function withProgress(
  deployment: Deployment,
  status: DeploymentStatus,
  newSet: ReplicaSet | undefined,
  nowMs: number,
): DeploymentStatus {
  const current = conditionOf(deployment.status, 'Progressing');
  const name =
    newSet === undefined
      ? `Deployment "${deployment.metadata?.name ?? ''}"`
      : `ReplicaSet "${newSet.metadata?.name ?? ''}"`;
  const finishedBefore =
    status.replicas === status.updatedReplicas && current?.reason === 'NewReplicaSetAvailable';
  if (!hasDeadline(deployment) || finishedBefore) return status;
  if (isComplete(deployment, status)) {
    const message = `${name} has successfully progressed.`;
    return withCondition(
      status,
      { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable', message },
      nowMs,
    );
  }
  if (isProgressing(deployment.status, status))
    return progressed(status, current, `${name} is progressing.`, nowMs);
  if (!timedOut(deployment, status, nowMs)) return status;
  const message = `${name} has timed out progressing.`;
  return withCondition(
    status,
    { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message },
    nowMs,
  );
}

/** Renews lastUpdateTime even when nothing else changes: the deadline counts from the last progress. */
function progressed(
  status: DeploymentStatus,
  current: DeploymentCondition | undefined,
  message: string,
  nowMs: number,
): DeploymentStatus {
  const said: Said = { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated', message };
  const fresh = withCondition(withoutCondition(status, 'Progressing'), said, nowMs);
  if (current?.status !== 'True' || current.lastTransitionTime === undefined) return fresh;
  const { lastTransitionTime } = current;
  return {
    ...fresh,
    conditions: (fresh.conditions ?? []).map((each) =>
      each.type === 'Progressing' ? { ...each, lastTransitionTime } : each,
    ),
  };
}

/** ReplicaFailure is the sets' own, the new set's before the others'. */
export function withFailure(
  status: DeploymentStatus,
  all: readonly ReplicaSet[],
  newSet: ReplicaSet | undefined,
  nowMs: number,
): DeploymentStatus {
  const failures = [newSet, ...all]
    .flatMap((set) => set?.status?.conditions ?? [])
    .filter((condition) => condition.type === 'ReplicaFailure');
  const [failure] = failures;
  if (failure === undefined) return withoutCondition(status, 'ReplicaFailure');
  const { type, status: stated, reason = '', message = '' } = failure;
  return withCondition(status, { type, status: stated, reason, message }, nowMs);
}
