import type { Pod, ResourceRequirements } from '../../../openapi/generated/types.ts';
import { compareQuantities, milliValue, parseQuantity } from '../../../openapi/machinery/quantity.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

/** By cpu and memory of all containers (or of the pod itself): all limited alike, some asked for, or none. */
export function qosClassOf({ spec }: Pod): QosClass {
  const all: readonly ResourceRequirements[] =
    spec?.resources === undefined
      ? [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].map(({ resources = {} }) => resources)
      : [spec.resources];
  const asked = all.some((resources) =>
    ['cpu', 'memory'].some(
      (name) => isPositive(resources.requests?.[name]) || isPositive(resources.limits?.[name]),
    ),
  );
  if (!asked) return 'BestEffort';
  return all.every(isGuaranteed) ? 'Guaranteed' : 'Burstable';
}

function isGuaranteed({ limits = {}, requests = {} }: ResourceRequirements): boolean {
  return ['cpu', 'memory'].every((name) => {
    const limit = limits[name];
    if (limit === undefined || !isPositive(limit)) return false;
    return compareQuantities(parseQuantity(requests[name] ?? limit), parseQuantity(limit)) === 0;
  });
}

function isPositive(quantity: string | undefined): boolean {
  return quantity !== undefined && milliValue(parseQuantity(quantity)) > 0n;
}
