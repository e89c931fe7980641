import type {
  LabelSelector,
  Pod,
  PodDisruptionBudget,
  PodDisruptionBudgetStatus,
} from '../../../openapi/generated/types.ts';
import { timeText } from '../../../openapi/machinery/clock.ts';
import { sameValue } from './hash.ts';
import { isReady } from './pods.ts';

/** A pod that was evicted and not deleted in this time is not going to be. */
const deletionTimeoutMs = 120_000;
const conditionType = 'DisruptionAllowed';

export interface Expected {
  readonly expectedPods: number;
  readonly desiredHealthy: number;
}

/** True when the budget counts in shares of what the pods' controllers want, not in pods that are there. */
export function needsScale({ spec }: PodDisruptionBudget): boolean {
  return spec?.maxUnavailable !== undefined || typeof spec?.minAvailable === 'string';
}

/** `scale`: how many pods the controllers of the selected ones want, together. */
export function expectedOf({ spec }: PodDisruptionBudget, podCount: number, scale: number): Expected {
  const { maxUnavailable, minAvailable } = spec ?? {};
  if (maxUnavailable !== undefined)
    return { expectedPods: scale, desiredHealthy: Math.max(0, scale - scaled(maxUnavailable, scale)) };
  if (typeof minAvailable === 'number') return { expectedPods: podCount, desiredHealthy: minAvailable };
  if (minAvailable === undefined) return { expectedPods: 0, desiredHealthy: 0 };
  return { expectedPods: scale, desiredHealthy: scaled(minAvailable, scale) };
}

function scaled(value: number | string, total: number): number {
  return typeof value === 'number' ? value : Math.ceil((Number(value.replace('%', '')) * total) / 100);
}

type Disrupted = Readonly<Record<string, string>>;

/** Evictions that the deletion of their pod has not confirmed yet. */
export function pendingEvictions(
  { status }: PodDisruptionBudget,
  pods: readonly Pod[],
  nowMs: number,
): {
  readonly disrupted: Disrupted;
  /** Were to be deleted, and are not. */
  readonly notDeleted: readonly Pod[];
  readonly recheckMs: number | undefined;
} {
  const disrupted: Record<string, string> = {};
  const notDeleted: Pod[] = [];
  let recheckMs: number | undefined;
  for (const pod of pods) {
    const name = pod.metadata?.name ?? '';
    const since = status?.disruptedPods?.[name];
    if (since === undefined || pod.metadata?.deletionTimestamp !== undefined) continue;
    const leftMs = Date.parse(since) + deletionTimeoutMs - nowMs;
    if (leftMs < 0) {
      notDeleted.push(pod);
      continue;
    }
    disrupted[name] = since;
    recheckMs = Math.min(recheckMs ?? Infinity, leftMs + 1);
  }
  return { disrupted, notDeleted, recheckMs };
}

/** The status of a budget; the present one when nothing changed. */
export function budgetStatus(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  { expected, disrupted, nowMs }: { expected: Expected; disrupted: Disrupted; nowMs: number },
): PodDisruptionBudgetStatus {
  const currentHealthy = pods.filter(
    (pod) =>
      pod.metadata?.deletionTimestamp === undefined &&
      !Object.hasOwn(disrupted, pod.metadata?.name ?? '') &&
      isReady(pod),
  ).length;
  // With no pods expected none may go: the first ones may come before we count anew.
  const allowed = expected.expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - expected.desiredHealthy);
  const observedGeneration = budget.metadata?.generation ?? 0;
  return {
    currentHealthy,
    desiredHealthy: expected.desiredHealthy,
    disruptionsAllowed: allowed,
    expectedPods: expected.expectedPods,
    observedGeneration,
    ...(Object.keys(disrupted).length === 0 ? {} : { disruptedPods: disrupted }),
    conditions: withCondition(budget, {
      isAllowed: allowed > 0,
      reason: allowed > 0 ? 'SufficientPods' : 'InsufficientPods',
      message: '',
      observedGeneration,
      nowMs,
    }),
  };
}

/** The status of a budget that cannot be worked out: nothing may be evicted. */
export function failedStatus(
  budget: PodDisruptionBudget,
  message: string,
  nowMs: number,
): PodDisruptionBudgetStatus {
  const observedGeneration = budget.status?.observedGeneration ?? 0;
  const said = { isAllowed: false, reason: 'SyncFailed', message, observedGeneration, nowMs };
  return {
    currentHealthy: 0,
    desiredHealthy: 0,
    expectedPods: 0,
    ...budget.status,
    disruptionsAllowed: 0,
    conditions: withCondition(budget, said),
  };
}

type Conditions = NonNullable<PodDisruptionBudgetStatus['conditions']>;

interface Said {
  readonly isAllowed: boolean;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
  readonly nowMs: number;
}

function withCondition(budget: PodDisruptionBudget, said: Said): Conditions {
  const known = budget.status?.conditions ?? [];
  const status = said.isAllowed ? 'True' : 'False';
  const before = known.find((condition) => condition.type === conditionType);
  const lastTransitionTime = before?.status === status ? before.lastTransitionTime : timeText(said.nowMs);
  const { reason, message, observedGeneration } = said;
  const condition = { type: conditionType, status, observedGeneration, lastTransitionTime, reason, message };
  if (before === undefined) return [...known, condition];
  return sameValue(before, condition) ? known : known.map((each) => (each === before ? condition : each));
}

/** A selector as Kubernetes' events print it. */
export function selectorText(selector: LabelSelector | undefined): string {
  if (selector === undefined) return 'nil';
  const labels = Object.entries(selector.matchLabels ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}: ${value},`);
  const expressions = (selector.matchExpressions ?? []).map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  );
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},}`;
}
