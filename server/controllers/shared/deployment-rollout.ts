import type { Deployment, ReplicaSet } from '../../../openapi/generated/types.ts';
import { byCreation, maxReplicasOf } from './deployment-revisions.ts';

export interface Scaling {
  readonly set: ReplicaSet;
  readonly replicas: number;
}

export function replicasOf(set: ReplicaSet | Deployment | undefined): number {
  return set?.spec?.replicas ?? (set === undefined ? 0 : 1);
}

export function totalReplicas(sets: readonly ReplicaSet[]): number {
  return sets.reduce((sum, set) => sum + replicasOf(set), 0);
}

export function totalOf(
  sets: readonly ReplicaSet[],
  field: 'replicas' | 'readyReplicas' | 'availableReplicas' | 'terminatingReplicas',
): number {
  return sets.reduce((sum, set) => sum + (set.status?.[field] ?? 0), 0);
}

export function isRollingUpdate(deployment: Deployment): boolean {
  return (deployment.spec?.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate';
}

/** A number, or a percentage of `total`. */
function scaled(value: number | string | undefined, total: number, round: (n: number) => number): number {
  if (value === undefined) return 0;
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(value);
  return percent === null ? 0 : round((Number(percent[1]) * total) / 100);
}

/** Both bounds in pods; they are never both 0, since no rollout could go on then. */
export function rolloutBounds(deployment: Deployment): {
  readonly maxSurge: number;
  readonly maxUnavailable: number;
} {
  if (!isRollingUpdate(deployment)) return { maxSurge: 0, maxUnavailable: 0 };
  const { rollingUpdate } = deployment.spec?.strategy ?? {};
  const replicas = replicasOf(deployment);
  const maxSurge = scaled(rollingUpdate?.maxSurge ?? '25%', replicas, Math.ceil);
  const unavailable = scaled(rollingUpdate?.maxUnavailable ?? '25%', replicas, Math.floor);
  const maxUnavailable = maxSurge === 0 && unavailable === 0 ? 1 : unavailable;
  return { maxSurge, maxUnavailable: replicas === 0 ? maxUnavailable : Math.min(maxUnavailable, replicas) };
}

export function maxUnavailableOf(deployment: Deployment): number {
  if (!isRollingUpdate(deployment) || replicasOf(deployment) === 0) return 0;
  return rolloutBounds(deployment).maxUnavailable;
}

/** How large the new set may be now, so that all sets together stay within replicas + maxSurge. */
export function newSetReplicas(
  deployment: Deployment,
  all: readonly ReplicaSet[],
  newSet: ReplicaSet | undefined,
): number {
  const wanted = replicasOf(deployment);
  if (!isRollingUpdate(deployment)) return wanted;
  const room = wanted + rolloutBounds(deployment).maxSurge - totalReplicas(all);
  const current = replicasOf(newSet);
  if (room <= 0) return current;
  return current + Math.min(room, Math.max(0, wanted - current));
}

/** The next step of a rolling update on the old sets: first what never became available, then as many as availability allows. */
export function planOldSets(
  deployment: Deployment,
  all: readonly ReplicaSet[],
  old: readonly ReplicaSet[],
  newSet: ReplicaSet | undefined,
): readonly Scaling[] {
  const oldTotal = totalReplicas(old);
  if (oldTotal === 0) return [];
  const minAvailable = replicasOf(deployment) - maxUnavailableOf(deployment);
  const newUnavailable = replicasOf(newSet) - (newSet?.status?.availableReplicas ?? 0);
  const budget = totalReplicas(all) - minAvailable - newUnavailable;
  if (budget <= 0) return [];
  const sizes = new Map(old.map((set) => [set, replicasOf(set)]));
  dropUnhealthy(sizes, budget);
  dropHealthy(sizes, totalOf(all, 'availableReplicas') - minAvailable);
  return [...sizes]
    .filter(([set, size]) => size !== replicasOf(set))
    .map(([set, replicas]) => ({ set, replicas }));
}

function dropUnhealthy(sizes: Map<ReplicaSet, number>, budget: number): void {
  let left = budget;
  for (const [set, size] of [...sizes].sort(([a], [b]) => byCreation(a, b))) {
    const unhealthy = size - (set.status?.availableReplicas ?? 0);
    const dropped = Math.min(left, Math.max(0, unhealthy));
    if (dropped === 0) continue;
    sizes.set(set, size - dropped);
    left -= dropped;
  }
}

function dropHealthy(sizes: Map<ReplicaSet, number>, budget: number): void {
  let left = budget;
  for (const [set, size] of [...sizes].sort(([a], [b]) => byCreation(a, b))) {
    const dropped = Math.min(Math.max(0, left), size);
    sizes.set(set, size - dropped);
    left -= dropped;
  }
}

/** Spreads a change of the wanted size over all running sets in proportion to their sizes; what rounding leaves goes to the largest. */
export function proportionalSizes(deployment: Deployment, active: readonly ReplicaSet[]): readonly Scaling[] {
  const wanted = replicasOf(deployment);
  const allowed =
    wanted > 0 ? wanted + (isRollingUpdate(deployment) ? rolloutBounds(deployment).maxSurge : 0) : 0;
  const toAdd = allowed - totalReplicas(active);
  const sorted = [...active].sort(
    (a, b) => replicasOf(b) - replicasOf(a) + Math.sign(toAdd > 0 ? byCreation(b, a) : byCreation(a, b)) / 2,
  );
  let added = 0;
  const sizes = sorted.map((set) => {
    const share = toAdd === 0 ? 0 : proportionOf(set, deployment, allowed, { toAdd, added });
    added += share;
    return { set, replicas: replicasOf(set) + share };
  });
  return sizes.map((size, index) => ({
    set: size.set,
    replicas: Math.max(0, index === 0 ? size.replicas + toAdd - added : size.replicas),
  }));
}

function proportionOf(
  set: ReplicaSet,
  deployment: Deployment,
  allowed: number,
  { toAdd, added }: { readonly toAdd: number; readonly added: number },
): number {
  const size = replicasOf(set);
  if (size === 0) return 0;
  const before = maxReplicasOf(set) ?? deployment.status?.replicas ?? 0;
  const fraction =
    replicasOf(deployment) === 0
      ? -size
      : Math.round((size * allowed) / (before === 0 ? allowed : before)) - size;
  const left = toAdd - added;
  return toAdd > 0 ? Math.min(fraction, left) : Math.max(fraction, left);
}
