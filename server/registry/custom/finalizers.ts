import { checkLabelKey } from '../../../openapi/machinery/names.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';

const standard = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);
const advice = 'to avoid accidental conflicts with other finalizer writers';

/** Custom objects may have any finalizer; what is said of new ones that look wrong. */
export function finalizerWarnings(object: KubeObject, old: KubeObject | undefined): readonly string[] {
  const known = old?.metadata?.finalizers ?? [];
  const added = (object.metadata?.finalizers ?? []).filter((each) => !known.includes(each)).sort();
  return added.flatMap((finalizer) => {
    const prefix = `metadata.finalizers: ${JSON.stringify(finalizer)}: `;
    const faults = checkLabelKey(finalizer).map((fault) => prefix + fault);
    if (finalizer.includes('/') || standard.has(finalizer)) return faults;
    const path = finalizer.includes('.') ? ' including a path (/)' : '';
    return [...faults, `${prefix}prefer a domain-qualified finalizer name${path} ${advice}`];
  });
}
