import { keyOfObject } from '../../openapi/client/object-cache.ts';
import {
  allResources,
  deployments,
  podDisruptionBudgets,
  pods,
  replicaSets,
  replicationControllers,
  statefulSets,
} from '../../openapi/generated/resources.ts';
import type { Pod, PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../openapi/generated/types.ts';
import type { KubeObject, OwnerReference } from '../../openapi/machinery/object.ts';
import { qualifiedName, type Resource } from '../../openapi/machinery/resource.ts';
import { isConflict } from '../../openapi/machinery/status.ts';
import type { Controller, ControllerContext, Watch } from './controller.ts';
import {
  budgetStatus,
  expectedOf,
  failedStatus,
  needsScale,
  pendingEvictions,
  selectorText,
} from './shared/disruption-plan.ts';
import { textOf } from './shared/errors.ts';
import { sameValue } from './shared/hash.ts';
import { selects } from './shared/selectors.ts';
import { controllerOf, refersTo, watchMapped, watchOf } from './shared/watches.ts';

interface Scalable extends KubeObject {
  readonly spec?: { readonly replicas?: number };
}

/** The kinds that say how many pods they want. */
const scalables = [
  replicationControllers,
  replicaSets,
  statefulSets,
  deployments,
] as readonly Resource<Scalable>[];

/** Keeps the status of disruption budgets, by which evictions are allowed or refused. */
export function createDisruptionController(): Controller {
  return {
    name: 'disruption',
    watches: [
      watchOf(podDisruptionBudgets),
      watchMapped(pods, (pod, context) =>
        context
          .informer(podDisruptionBudgets)
          .list(pod.metadata?.namespace)
          .filter((budget) => selects(budget.spec?.selector, pod.metadata?.labels))
          .map(keyOfObject),
      ),
      ...scalables.map(watchScale),
    ],
    async reconcile(key, context) {
      const budget = context.informer(podDisruptionBudgets).get(key);
      if (budget === undefined) return undefined;
      try {
        return await sync(budget, context);
      } catch (error) {
        if (isConflict(error)) throw error;
        await write(budget, failedStatus(budget, textOf(error), context.clock.now()), context);
        return undefined;
      }
    },
  };
}

/** Another number of wanted pods is another budget. */
function watchScale(resource: Resource<Scalable>): Watch<Scalable> {
  return {
    resource,
    keys({ object, old }, { informer }) {
      if (object === undefined || old === undefined || object.spec?.replicas === old.spec?.replicas)
        return [];
      return informer(podDisruptionBudgets).list(object.metadata?.namespace).map(keyOfObject);
    },
  };
}

async function sync(budget: PodDisruptionBudget, context: ControllerContext): Promise<number | undefined> {
  const { clock, events, informer } = context;
  const { name = '', namespace = '' } = budget.metadata ?? {};
  const selected = informer(pods)
    .list(namespace)
    .filter((pod) => selects(budget.spec?.selector, pod.metadata?.labels));
  if (selected.length === 0) events.event(budget, 'Normal', 'NoPods', 'No matching pods found');
  const expected = expectedOf(
    budget,
    selected.length,
    needsScale(budget) ? scaleOf(budget, selected, context) : 0,
  );
  const nowMs = clock.now();
  const { disrupted, notDeleted, recheckMs } = pendingEvictions(budget, selected, nowMs);
  for (const pod of notDeleted)
    events.event(
      pod,
      'Warning',
      'NotDeleted',
      `Pod was expected by PDB ${namespace}/${name} to be deleted but it wasn't`,
    );
  await write(budget, budgetStatus(budget, selected, { expected, disrupted, nowMs }), context);
  return recheckMs;
}

/** How many pods the controllers of the selected ones want. Throws where that cannot be known. */
function scaleOf(budget: PodDisruptionBudget, selected: readonly Pod[], context: ControllerContext): number {
  try {
    const scales = new Map<string, number>();
    let unmanaged = 0;
    for (const pod of selected) {
      const owner = controllerOf(pod);
      if (owner === undefined) unmanaged += 1;
      else if (!scales.has(owner.uid)) addScale(scales, pod, owner, context);
    }
    if (unmanaged > 0) tellUnmanaged(budget, context);
    return [...scales.values()].reduce((sum, scale) => sum + scale, 0);
  } catch (error) {
    context.events.event(
      budget,
      'Warning',
      'CalculateExpectedPodCountFailed',
      `Failed to calculate the number of expected pods: ${textOf(error)}`,
    );
    throw error;
  }
}

function tellUnmanaged(budget: PodDisruptionBudget, { events }: ControllerContext): void {
  const selector = selectorText(budget.spec?.selector);
  events.event(
    budget,
    'Warning',
    'UnmanagedPods',
    `Pods selected by this PodDisruptionBudget (selector: ${selector}) were found to be unmanaged. As a result, the status of the PDB ` +
      'cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ' +
      '".spec.minAvailable" field of the PDB to an integer value.',
  );
}

/** Of a ReplicaSet that a Deployment has, the Deployment counts: during a rollout it has several. */
function addScale(
  scales: Map<string, number>,
  pod: Pod,
  owner: OwnerReference,
  { informer }: ControllerContext,
): void {
  const resource = scalables.find((each) => refersTo(owner, each));
  if (resource === undefined) throw new Error(noScaleText(owner));
  const { namespace } = pod.metadata ?? {};
  const found = (of: Resource<Scalable>, reference: OwnerReference): Scalable | undefined => {
    const object = informer(of).get({ namespace, name: reference.name });
    return object?.metadata?.uid === reference.uid ? object : undefined;
  };
  const direct = found(resource, owner);
  const parent = controllerOf(direct);
  const isDeployments = parent !== undefined && refersTo(parent, deployments);
  const counted = isDeployments ? found(deployments, parent) : direct;
  if (counted === undefined)
    throw new Error(`found no controllers for pod ${JSON.stringify(pod.metadata?.name ?? '')}`);
  scales.set(counted.metadata?.uid ?? '', counted.spec?.replicas ?? 1);
}

function noScaleText(owner: OwnerReference): string {
  const resource = allResources.find((each) => refersTo(owner, each));
  return resource === undefined
    ? `no matches for kind ${JSON.stringify(owner.kind)} in version ${JSON.stringify(owner.apiVersion)}`
    : `${qualifiedName(resource)} does not implement the scale subresource`;
}

async function write(
  budget: PodDisruptionBudget,
  status: PodDisruptionBudgetStatus,
  { client }: ControllerContext,
): Promise<void> {
  if (sameValue(status, budget.status)) return;
  await client.updateStatus(podDisruptionBudgets, { ...budget, status });
}
