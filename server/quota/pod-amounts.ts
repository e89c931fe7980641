import type { Container, ContainerStatus, Pod } from '../../openapi/generated/types.ts';
import { greaterAmounts, pickAmounts, readAmounts, sumAmounts, type Amounts } from './amounts.ts';

type Side = 'requests' | 'limits';

export interface PodAmounts {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

const none: Amounts = new Map();

/**
 * What the containers of a pod ask for together: those that run beside each other summed, or what the greatest init container needs
 * with the sidecars that run by then. What the pod says of itself takes the place of the sum for the resources that `ofPod` names.
 */
export function specAmounts(pod: Pod, ofPod: (resource: string) => boolean): PodAmounts {
  const own = (container: Container, side: Side): Amounts => readAmounts(container.resources?.[side]);
  return {
    requests: together(pod, 'requests', own, ofPod),
    limits: together(pod, 'limits', own, ofPod),
  };
}

/** What a pod counts in a quota: also what it still holds while it is resized, and its overhead. */
export function chargedAmounts(pod: Pod): PodAmounts {
  const statuses = new Map(
    [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].map((each) => [
      each.name,
      each,
    ]),
  );
  const held = (container: Container, side: Side): Amounts =>
    greaterAmounts(readAmounts(container.resources?.[side]), heldAmounts(statuses.get(container.name), side));
  const overhead = readAmounts(pod.spec?.overhead);
  const limits = together(pod, 'limits', held, isStatedByPod);
  return {
    requests: sumAmounts(together(pod, 'requests', held, isStatedByPod), overhead),
    limits: sumAmounts(
      limits,
      pickAmounts(overhead, (name) => limits.has(name)),
    ),
  };
}

/** What a pod may ask for as a whole. */
export function isStatedByPod(resource: string): boolean {
  return resource === 'cpu' || resource === 'memory' || resource.startsWith('hugepages-');
}

function heldAmounts(status: ContainerStatus | undefined, side: Side): Amounts {
  if (status === undefined) return none;
  const actual = readAmounts(status.resources?.[side]);
  return side === 'limits' ? actual : greaterAmounts(actual, readAmounts(status.allocatedResources));
}

function together(
  pod: Pod,
  side: Side,
  amountsOf: (container: Container, side: Side) => Amounts,
  ofPod: (resource: string) => boolean,
): Amounts {
  let running = none;
  for (const container of pod.spec?.containers ?? [])
    running = sumAmounts(running, amountsOf(container, side));
  let starting = none;
  let sidecars = none;
  for (const container of pod.spec?.initContainers ?? []) {
    const amounts = amountsOf(container, side);
    const isSidecar = container.restartPolicy === 'Always';
    const beside = sumAmounts(sidecars, amounts);
    if (isSidecar) running = sumAmounts(running, amounts);
    if (isSidecar) sidecars = beside;
    starting = greaterAmounts(starting, beside);
  }
  const stated = pickAmounts(readAmounts(pod.spec?.resources?.[side]), ofPod);
  return new Map([...greaterAmounts(running, starting), ...stated]);
}
