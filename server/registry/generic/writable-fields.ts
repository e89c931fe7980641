import {
  allBut,
  everyField,
  only,
  type FieldFilter,
  type FieldPath,
} from '../../../openapi/machinery/managed-fields/field-filter.ts';
import type { Registered } from '../strategy.ts';

const known = new WeakMap<Registered, Map<string, FieldFilter>>();

/** The fields that a write by this path, "" for the object itself, may change and so own. */
export function writableFields(registered: Registered, subresource: string): FieldFilter {
  let filters = known.get(registered);
  if (filters === undefined) known.set(registered, (filters = new Map<string, FieldFilter>()));
  let filter = filters.get(subresource);
  if (filter === undefined) filters.set(subresource, (filter = filterOf(registered, subresource)));
  return filter;
}

function filterOf(registered: Registered, subresource: string): FieldFilter {
  const { strategy } = registered;
  const wanted = strategy.onlyFields?.[subresource];
  if (wanted !== undefined) return only(wanted);
  const reset = strategy.resetFields?.[subresource] ?? usualReset(registered, subresource);
  return reset.length === 0 ? everyField : allBut(reset);
}

function usualReset({ subresources, custom }: Registered, subresource: string): readonly FieldPath[] {
  if (subresource === 'status') return custom === undefined ? [['spec']] : [['metadata'], ['spec']];
  return subresource === '' && subresources.some(({ name }) => name === 'status') ? [['status']] : [];
}
