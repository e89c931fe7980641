import type { ResourceRequirements } from '../../../openapi/generated/types.ts';
import { compareQuantities, parseQuantity } from '../../../openapi/machinery/quantity.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
} from '../../../openapi/machinery/status.ts';
import { notFoundValue } from './field-errors.ts';
import { containerResourceName, overcommits, resourceQuantity } from './resource-names.ts';

/** Limits and requests of a container. `claims` are the names of the pod's resourceClaims. */
export function resourceFaults(
  path: string,
  resources: ResourceRequirements,
  claims: readonly string[],
): FieldError[] {
  const { limits = {}, requests = {} } = resources;
  const faults: FieldError[] = [];
  for (const [name, value] of Object.entries(limits)) {
    const at = `${path}.limits[${name}]`;
    faults.push(...containerResourceName(at, name), ...resourceQuantity(at, name, value));
  }
  for (const [name, value] of Object.entries(requests)) {
    const at = `${path}.requests[${name}]`;
    faults.push(...containerResourceName(at, name), ...resourceQuantity(at, name, value));
    faults.push(...limitFaults(`${path}.requests`, name, value, limits[name]));
  }
  const huge = Object.keys({ ...limits, ...requests }).some((name) => name.startsWith('hugepages-'));
  const plain = ['cpu', 'memory'].some(
    (name) => Object.hasOwn(limits, name) || Object.hasOwn(requests, name),
  );
  if (huge && !plain) faults.push(forbiddenField(path, 'HugePages require cpu or memory'));
  for (const [i, claim] of (resources.claims ?? []).entries()) {
    const at = `${path}.claims[${i}]`;
    if (claim.name === '') faults.push(required(`${at}.name`));
    else if (!claims.includes(claim.name)) faults.push(notFoundValue(`${at}.name`, claim.name));
  }
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
