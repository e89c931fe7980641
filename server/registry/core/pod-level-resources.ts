import type { PodSpec } from '../../../openapi/generated/types.ts';
import { quantityText } from '../../../openapi/machinery/quantity.ts';
import { podTotals } from '../validation/pod-totals.ts';
import { isHugePages, overcommits } from '../validation/resource-names.ts';

/**
 * Resources of the pod as a whole, where some are given: limits of huge pages come from the containers, and requests from the
 * containers, else from the pod's limits.
 */
export function withPodLevelDefaults(spec: PodSpec): PodSpec {
  const { resources } = spec;
  if (resources === undefined) return spec;
  const limits = hugePageLimits(spec);
  const requests = podRequests(spec, limits);
  return {
    ...spec,
    resources: {
      ...resources,
      ...(Object.keys(limits).length === 0 ? {} : { limits }),
      ...(Object.keys(requests).length === 0 ? {} : { requests }),
    },
  };
}

type Amounts = Readonly<Record<string, string>>;

function hugePageLimits(spec: PodSpec): Amounts {
  const { limits = {}, requests = {} } = spec.resources ?? {};
  if (Object.keys(limits).length === 0 && Object.keys(requests).length === 0) return limits;
  const added = Object.entries(podTotals(spec, 'limits')).filter(
    ([name]) => isHugePages(name) && !Object.hasOwn(requests, name) && !Object.hasOwn(limits, name),
  );
  return { ...limits, ...Object.fromEntries(added.map(([name, total]) => [name, quantityText(total)])) };
}

function podRequests(spec: PodSpec, limits: Amounts): Amounts {
  const { requests = {} } = spec.resources ?? {};
  if (Object.keys(limits).length === 0) return requests;
  const supported = (name: string): boolean => name === 'cpu' || name === 'memory' || isHugePages(name);
  const ofContainers = Object.entries(podTotals(spec, 'requests'))
    .filter(([name]) => supported(name) && overcommits(name))
    .map(([name, total]) => [name, quantityText(total)]);
  const ofLimits = Object.entries(limits).filter(([name]) => supported(name));
  return {
    ...Object.fromEntries(ofLimits),
    ...(Object.fromEntries(ofContainers) as Amounts),
    ...requests,
  };
}
