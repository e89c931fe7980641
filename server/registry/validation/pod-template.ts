import type { LabelSelector, PodTemplateSpec } from '../../../openapi/generated/types.ts';
import { type FieldError, invalidValue, required } from '../../../openapi/machinery/status.ts';
import { notSupported } from './field-errors.ts';
import { labelProblems } from '../generic/metadata.ts';
import { podSpecFaults } from './pod-spec.ts';
import { labelSelectorFaults, selectorMatches } from './selectors.ts';

/** Faults of the pods that a workload would make. */
export function podTemplateFaults(path: string, template: PodTemplateSpec | undefined): FieldError[] {
  if (template?.spec === undefined) return [required(`${path}.spec.containers`)];
  return [
    ...labelProblems(template.metadata?.labels ?? {}, `${path}.labels`),
    ...podSpecFaults(`${path}.spec`, template.spec, { isPod: false, name: '' }),
  ];
}

/** A workload finds its pods by its selector, so its template must match it. */
export function selectorAndTemplateFaults(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec | undefined,
  selectorPath = 'spec.selector',
): FieldError[] {
  if (selector === undefined) return [];
  const faults = labelSelectorFaults(selectorPath, selector);
  if (faults.length > 0) return faults;
  const labels = template?.metadata?.labels ?? {};
  if (selectorMatches(selector, labels)) return [];
  return [
    invalidValue('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'),
  ];
}

/** Controllers that replace what ends need pods that always restart. */
export function restartsAlways(path: string, template: PodTemplateSpec | undefined): FieldError[] {
  const policy = template?.spec?.restartPolicy ?? 'Always';
  return policy === 'Always' ? [] : [notSupported(`${path}.spec.restartPolicy`, policy, ['Always'])];
}
