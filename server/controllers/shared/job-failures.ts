import type { Job, Pod, PodFailurePolicyRule } from '../../../openapi/generated/types.ts';
import { endedAtMs, hasFailed, indexOf, isInRange, isTracked } from './job-state.ts';

const failuresAnnotation = 'batch.kubernetes.io/job-index-failure-count';
const ignoredAnnotation = 'batch.kubernetes.io/job-index-ignored-failure-count';

/** What the Job's podFailurePolicy makes of a failed pod. */
export interface Verdict {
  /** False: the failure is not held against the Job. */
  readonly counts: boolean;
  readonly failsIndex: boolean;
  /** Why the whole Job fails. */
  readonly jobMessage: string | undefined;
}

const ordinary: Verdict = { counts: true, failsIndex: false, jobMessage: undefined };

/** The first rule that fits decides. */
export function judge(job: Job, pod: Pod): Verdict {
  for (const [i, rule] of (job.spec?.podFailurePolicy?.rules ?? []).entries()) {
    const cause = rule.onExitCodes === undefined ? conditionCause(rule, pod) : exitCause(rule, pod);
    if (cause === undefined) continue;
    const jobMessage = `${cause} matching ${rule.action} rule at index ${i}`;
    return {
      counts: rule.action !== 'Ignore',
      failsIndex: rule.action === 'FailIndex',
      jobMessage: rule.action === 'FailJob' ? jobMessage : undefined,
    };
  }
  return ordinary;
}

function nameOf({ metadata }: Pod): string {
  return `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`;
}

function exitCause({ onExitCodes }: PodFailurePolicyRule, pod: Pod): string | undefined {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const { containerName, operator, values = [] } = onExitCodes ?? {};
  for (const { name, state } of [...containerStatuses, ...initContainerStatuses]) {
    const code = state?.terminated?.exitCode ?? 0;
    if (code === 0 || (containerName !== undefined && containerName !== name)) continue;
    if (values.includes(code) === (operator === 'In'))
      return `Container ${name} for pod ${nameOf(pod)} failed with exit code ${code}`;
  }
  return undefined;
}

function conditionCause({ onPodConditions = [] }: PodFailurePolicyRule, pod: Pod): string | undefined {
  const met = (pod.status?.conditions ?? []).find((condition) =>
    onPodConditions.some(
      (pattern) => pattern.type === condition.type && (pattern.status ?? 'True') === condition.status,
    ),
  );
  return met === undefined ? undefined : `Pod ${nameOf(pod)} has condition ${met.type}`;
}

/** What the failed pods of one index add up to, kept on the pod that replaces them. */
export interface IndexFailures {
  readonly counted: number;
  readonly ignored: number;
}

export function indexFailures(pod: Pod): IndexFailures {
  return { counted: countIn(pod, failuresAnnotation), ignored: countIn(pod, ignoredAnnotation) };
}

function countIn(pod: Pod, annotation: string): number {
  const text = pod.metadata?.annotations?.[annotation] ?? '';
  return /^\d{1,10}$/.test(text) && Number(text) <= 2147483647 ? Number(text) : 0;
}

/** The annotations of the pod that takes the place of `replaced`. */
export function failureAnnotations(job: Job, replaced: Pod | undefined): Readonly<Record<string, string>> {
  if (job.spec?.backoffLimitPerIndex === undefined) return {};
  const { counted, ignored } = replaced === undefined ? { counted: 0, ignored: 0 } : indexFailures(replaced);
  const isCounted = replaced !== undefined && judge(job, replaced).counts;
  const ignoredNow = replaced === undefined || isCounted ? ignored : ignored + 1;
  return {
    [failuresAnnotation]: String(isCounted ? counted + 1 : counted),
    ...(ignoredNow === 0 ? {} : { [ignoredAnnotation]: String(ignoredNow) }),
  };
}

/** True when the pod's failure is the last that its index may have. */
export function failsItsIndex(job: Job, pod: Pod): boolean {
  const limit = job.spec?.backoffLimitPerIndex;
  if (limit === undefined || !isTracked(pod) || !isInRange(job, pod) || !hasFailed(pod, job)) return false;
  const verdict = judge(job, pod);
  return verdict.failsIndex || (verdict.counts && indexFailures(pod).counted >= limit);
}

/**
 * Of each index that is to be tried again the pod that failed last. It stays until its successor is there, since it holds the
 * count of failures.
 */
export function podsToReplace(
  job: Job,
  pods: readonly Pod[],
  isSettled: (index: number) => boolean,
): ReadonlyMap<number, Pod> {
  const last = new Map<number, Pod>();
  if (job.spec?.backoffLimitPerIndex === undefined) return last;
  for (const pod of pods) {
    const index = indexOf(pod);
    if (!isTracked(pod) || !isInRange(job, pod) || !hasFailed(pod, job) || isSettled(index)) continue;
    const known = last.get(index);
    if (known === undefined || !isEarlier(pod, known)) last.set(index, pod);
  }
  return last;
}

function isEarlier(pod: Pod, other: Pod): boolean {
  const difference = attemptsOf(pod) - attemptsOf(other);
  return difference === 0 ? endedAtMs(pod) < endedAtMs(other) : difference < 0;
}

/** How many pods of its index failed before this one. */
export function attemptsOf(pod: Pod): number {
  const { counted, ignored } = indexFailures(pod);
  return counted + ignored;
}
