import type { ResourceRequirements } from '../../../openapi/generated/types.ts';
import { compareQuantities, parseQuantity } from '../../../openapi/machinery/quantity.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
} from '../../../openapi/machinery/status.ts';
import { usedClaimFaults } from './pod-claims.ts';
import { hugePageFaults, overcommits, resourceQuantity } from './resource-names.ts';

export interface ResourceRules {
  /** Names of the pod's resourceClaims. */
  readonly claims: readonly string[];
  /** Which names of resources are good. */
  readonly name: (path: string, name: string) => FieldError[];
}

/** Limits and requests of a container, or of a pod as a whole. */
export function resourceFaults(
  path: string,
  resources: ResourceRequirements,
  rules: ResourceRules,
): FieldError[] {
  const { limits = {}, requests = {} } = resources;
  const faults: FieldError[] = [];
  for (const [name, value] of Object.entries(limits)) {
    const at = `${path}.limits[${name}]`;
    faults.push(...rules.name(at, name), ...resourceQuantity(at, name, value));
    faults.push(...hugePageFaults(at, name, value));
  }
  for (const [name, value] of Object.entries(requests)) {
    const at = `${path}.requests[${name}]`;
    faults.push(...rules.name(at, name), ...resourceQuantity(at, name, value));
    faults.push(...limitFaults(`${path}.requests`, name, value, limits[name]));
    faults.push(...hugePageFaults(at, name, value));
  }
  const huge = Object.keys({ ...limits, ...requests }).some((name) => name.startsWith('hugepages-'));
  const plain = ['cpu', 'memory'].some(
    (name) => Object.hasOwn(limits, name) || Object.hasOwn(requests, name),
  );
  if (huge && !plain) faults.push(forbiddenField(path, 'HugePages require cpu or memory'));
  faults.push(...usedClaimFaults(`${path}.claims`, resources.claims, rules.claims));
  return faults;
}

function limitFaults(path: string, name: string, request: string, limit: string | undefined): FieldError[] {
  if (limit === undefined) {
    return overcommits(name)
      ? []
      : [required(path.replace(/requests$/, 'limits'), 'Limit must be set for non overcommitable resources')];
  }
  const order = compareQuantities(parseQuantity(request), parseQuantity(limit));
  if (!overcommits(name) && order !== 0) {
    return [invalidValue(path, request, `must be equal to ${name} limit of ${limit}`)];
  }
  return order > 0
    ? [invalidValue(path, request, `must be less than or equal to ${name} limit of ${limit}`)]
    : [];
}
