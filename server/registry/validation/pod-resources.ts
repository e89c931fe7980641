import type { PodSpec } from '../../../openapi/generated/types.ts';
import { compareQuantities, parseQuantity, quantityText } from '../../../openapi/machinery/quantity.ts';
import { type FieldError, forbiddenField, invalidValue } from '../../../openapi/machinery/status.ts';
import { podTotals } from './pod-totals.ts';
import { podLevelResourceName } from './resource-names.ts';
import { resourceFaults } from './resources.ts';

/** Resources of the pod as a whole: they bound those of its containers. */
export function podResourceFaults(path: string, spec: PodSpec, claims: readonly string[]): FieldError[] {
  const { resources } = spec;
  if (resources === undefined) return [];
  if (spec.os?.name === 'windows') return [forbiddenField(path, 'may not be set for a windows pod')];
  const noClaims =
    resources.claims === undefined
      ? []
      : [forbiddenField(`${path}.claims`, 'claims may not be set for Resources at pod-level')];
  return [
    ...noClaims,
    ...resourceFaults(path, resources, { claims, name: podLevelResourceName }),
    ...totalFaults(path, spec, 'requests'),
    ...totalFaults(path, spec, 'limits'),
    ...containerLimitFaults(path, spec),
  ];
}

/** Of limits, huge pages only: other limits of containers may add up to more than the pod's. */
function totalFaults(path: string, spec: PodSpec, field: 'requests' | 'limits'): FieldError[] {
  const ofPod = spec.resources?.[field] ?? {};
  return Object.entries(podTotals(spec, field)).flatMap(([name, total]) => {
    const value = ofPod[name];
    if (value === undefined || (field === 'limits' && !name.startsWith('hugepages-'))) return [];
    if (compareQuantities(total, parseQuantity(value)) <= 0) return [];
    const text = `must be greater than or equal to aggregate container ${field} of ${quantityText(total)}`;
    return [invalidValue(`${path}.${field}[${name}]`, value, text)];
  });
}

function containerLimitFaults(path: string, spec: PodSpec): FieldError[] {
  const ofPod = spec.resources?.limits ?? {};
  return spec.containers.flatMap(({ resources }, i) =>
    Object.entries(resources?.limits ?? {}).flatMap(([name, limit]) => {
      const most = ofPod[name];
      if (most === undefined || compareQuantities(parseQuantity(limit), parseQuantity(most)) <= 0) return [];
      const text = `must be less than or equal to pod limits of ${most}`;
      return [invalidValue(`${path}.containers[${i}][${name}].limits`, limit, text)];
    }),
  );
}
