import { podDisruptionBudgets, pods } from '../../../openapi/generated/resources.ts';
import type { Eviction, Pod, PodDisruptionBudget } from '../../../openapi/generated/types.ts';
import { timeText } from '../../../openapi/machinery/clock.ts';
import type { ObjectKey } from '../../../openapi/machinery/object.ts';
import type { Resource } from '../../../openapi/machinery/resource.ts';
import { StatusError, badRequest, forbidden, notFound } from '../../../openapi/machinery/status.ts';
import type { ActionRequest, ActionSubresource, DeleteOptions, RequestContext } from '../strategy.ts';
import { isEmptySelector, selectorMatches } from '../validation/selectors.ts';
import { success } from './success.ts';

const evictions: Resource<Eviction> = {
  group: 'policy',
  version: 'v1',
  kind: 'Eviction',
  plural: 'evictions',
  namespaced: true,
};
const disruptedPodsMax = 2000;
const refusal = "Cannot evict pod as it would violate the pod's disruption budget.";

/** A deletion that asks the pod's disruption budget first: what `kubectl drain` uses. */
export const evictionSubresource: ActionSubresource<Eviction> = {
  form: 'action',
  verbs: ['create'],
  resource: evictions,
  acceptedVersions: ['policy/v1beta1'],
  create: evict,
};

async function evict({ key, body, context, admit }: ActionRequest<Eviction>): Promise<object> {
  if ((body.metadata?.name ?? '') !== key.name) {
    throw badRequest('name in URL does not match name in Eviction object');
  }
  await admit(body);
  const pod = await context.objects.get(pods, key);
  if (pod === undefined) throw notFound(pods, key.name);
  const unguarded = isUnguarded(pod) ? undefined : await guardingBudget(pod, context);
  if (unguarded !== undefined) await countDown(pod, unguarded, context);
  await deleteWithReason(key, body, context);
  return success(201);
}

/** A pod that has not begun, has ended or is going already disrupts nothing. */
function isUnguarded({ metadata, status }: Pod): boolean {
  const phase = status?.phase ?? '';
  return ['Succeeded', 'Failed', 'Pending'].includes(phase) || metadata?.deletionTimestamp !== undefined;
}

/** Undefined when no budget stands in the way. */
async function guardingBudget(pod: Pod, context: RequestContext): Promise<PodDisruptionBudget | undefined> {
  const all = await context.objects.list(podDisruptionBudgets, pod.metadata?.namespace ?? '');
  const budgets = all.filter(({ spec }) => {
    const selector = spec?.selector;
    if (selector === undefined) return false;
    return isEmptySelector(selector) || selectorMatches(selector, pod.metadata?.labels);
  });
  if (budgets.length > 1) {
    throw new StatusError(
      '',
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      { code: 500 },
    );
  }
  const budget = budgets[0];
  return budget === undefined || mayGoUnready(pod, budget) ? undefined : budget;
}

/** A pod that is not ready helps nobody: it may go while enough others are healthy. */
function mayGoUnready(pod: Pod, { spec, status }: PodDisruptionBudget): boolean {
  const ready =
    pod.status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') === true;
  if (ready) return false;
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const desired = status?.desiredHealthy ?? 0;
  return desired > 0 && (status?.currentHealthy ?? 0) >= desired;
}

async function countDown(pod: Pod, budget: PodDisruptionBudget, context: RequestContext): Promise<void> {
  const now = timeText(context.clock.now());
  const key = keyOf(budget);
  if (context.dryRun) {
    refuseUnlessAllowed(budget);
    return;
  }
  await context.objects.update(podDisruptionBudgets, key, (current) => {
    refuseUnlessAllowed(current);
    return withOneLess(current, pod.metadata?.name ?? '', now);
  });
}

function keyOf({ metadata }: PodDisruptionBudget): ObjectKey {
  return { namespace: metadata?.namespace, name: metadata?.name ?? '' };
}

function withOneLess(budget: PodDisruptionBudget, podName: string, now: string): PodDisruptionBudget {
  const { status } = budget;
  if (status === undefined) return budget;
  const allowed = (status.disruptionsAllowed ?? 0) - 1;
  return {
    ...budget,
    status: {
      ...status,
      disruptedPods: { ...status.disruptedPods, [podName]: now },
      disruptionsAllowed: allowed,
      ...(allowed > 0 ? {} : { conditions: exhausted(budget, now) }),
    },
  };
}

type Conditions = NonNullable<NonNullable<PodDisruptionBudget['status']>['conditions']>;

function exhausted({ metadata, status }: PodDisruptionBudget, now: string): Conditions {
  const type = 'DisruptionAllowed';
  const old = status?.conditions ?? [];
  const before = old.find((each) => each.type === type);
  const condition: Conditions[number] = {
    type,
    status: 'False',
    observedGeneration: status?.observedGeneration ?? metadata?.generation ?? 0,
    lastTransitionTime: before?.status === 'False' ? before.lastTransitionTime : now,
    reason: 'InsufficientPods',
    message: '',
  };
  return [...old.filter((each) => each.type !== type), condition];
}

function refuseUnlessAllowed(budget: PodDisruptionBudget): void {
  const { metadata, status } = budget;
  const name = metadata?.name ?? '';
  if ((status?.observedGeneration ?? 0) < (metadata?.generation ?? 0)) {
    throw tooMany(`The disruption budget ${name} is still being processed by the server.`, 10);
  }
  const resource = { ...podDisruptionBudgets, group: 'policy', plural: 'poddisruptionbudget' };
  const allowed = status?.disruptionsAllowed ?? 0;
  if (allowed < 0) throw forbidden(resource, name, 'pdb disruptions allowed is negative');
  if (Object.keys(status?.disruptedPods ?? {}).length > disruptedPodsMax) {
    const why = 'DisruptedPods map too big - too many evictions not confirmed by PDB controller';
    throw forbidden(resource, name, why);
  }
  if (allowed === 0) throw tooMany(shortageText(name, status));
}

function shortageText(name: string, status: PodDisruptionBudget['status']): string {
  const { desiredHealthy = 0, currentHealthy = 0, conditions = [] } = status ?? {};
  const condition = conditions.find((each) => each.type === 'DisruptionAllowed' && each.status === 'False');
  const message = condition?.message ?? '';
  const text = `The disruption budget ${name} does not allow evicting pods currently`;
  if (condition?.reason === 'SyncFailed' && message !== '')
    return `${text} because it failed sync: ${message}`;
  if (currentHealthy <= desiredHealthy) {
    return `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
  }
  return message === '' ? text : `${text} (${condition?.reason ?? ''}): ${message}`;
}

function tooMany(message: string, retryAfterSeconds?: number): StatusError {
  return new StatusError('TooManyRequests', refusal, {
    details: {
      causes: [{ reason: 'DisruptionBudget', message }],
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    },
  });
}

async function deleteWithReason(key: ObjectKey, body: Eviction, context: RequestContext): Promise<void> {
  const options = (body.deleteOptions ?? {}) as DeleteOptions;
  const now = timeText(context.clock.now());
  if (options.preconditions === undefined) {
    await context.objects.update(pods, key, (pod) => withTarget(pod, now), context.dryRun);
  }
  await context.objects.delete(pods, key, options, context.dryRun);
}

type PodConditions = NonNullable<NonNullable<Pod['status']>['conditions']>;

function withTarget(pod: Pod, now: string): Pod {
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: now,
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
  } as unknown as PodConditions[number];
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== condition.type);
  return { ...pod, status: { ...pod.status, conditions: [...others, condition] } };
}
