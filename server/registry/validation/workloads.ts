import type { LabelSelector, PodTemplateSpec } from '../../../openapi/generated/types.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
} from '../../../openapi/machinery/status.ts';
import { notNegative } from './field-errors.ts';
import { podTemplateFaults, restartsAlways } from './pod-template.ts';
import { isEmptySelector, labelSelectorFaults, selectorMatches } from './selectors.ts';

/** `kind` is the one in "activeDeadlineSeconds in … is not Supported", `emptyFor` that in "empty selector is invalid for …". */
export interface WorkloadWords {
  readonly kind: string;
  readonly emptyFor: string;
}

interface Workload {
  readonly selector?: LabelSelector;
  readonly template?: PodTemplateSpec;
}

export function workloadSelectorFaults(
  path: string,
  selector: LabelSelector | undefined,
  words: WorkloadWords,
): FieldError[] {
  if (isUnset(selector)) return [required(path)];
  return [
    ...labelSelectorFaults(path, selector),
    ...(isEmptySelector(selector)
      ? [invalidValue(path, selector, `empty selector is invalid for ${words.emptyFor}`)]
      : []),
  ];
}

/** The template of pods that always restart, and that the selector finds. */
export function workloadTemplateFaults({ selector, template }: Workload, words: WorkloadWords): FieldError[] {
  const path = 'spec.template';
  const broken = labelSelectorFaults('spec.selector', selector).length > 0;
  if (broken) return [invalidValue('spec.selector', selector, 'invalid label selector')];
  return [
    ...matchFaults(selector, template),
    ...podTemplateFaults(path, template),
    ...restartsAlways(path, template),
    ...(template?.spec?.activeDeadlineSeconds === undefined
      ? []
      : [
          forbiddenField(
            `${path}.spec.activeDeadlineSeconds`,
            `activeDeadlineSeconds in ${words.kind} is not Supported`,
          ),
        ]),
  ];
}

export function matchFaults(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec | undefined,
): FieldError[] {
  if (!isUnset(selector) && isEmptySelector(selector)) return [];
  const labels = template?.metadata?.labels;
  if (!isUnset(selector) && selectorMatches(selector, labels)) return [];
  return [
    invalidValue('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'),
  ];
}

/** A selector that was left out is null where the kind always shows it. It chooses nothing. */
function isUnset(selector: LabelSelector | null | undefined): selector is null | undefined {
  return selector === undefined || selector === null;
}

/** Counters of a status are not negative, and none is greater than the whole. */
export function statusCountFaults(
  status: Readonly<Record<string, unknown>>,
  fields: readonly string[],
  parts: readonly string[],
): FieldError[] {
  const count = (field: string): number => {
    const value = status[field];
    return typeof value === 'number' ? value : 0;
  };
  const faults = fields.flatMap((field) => notNegative(`status.${field}`, count(field)));
  const whole = count('replicas');
  for (const field of parts) {
    if (count(field) > whole) {
      faults.push(invalidValue(`status.${field}`, count(field), 'cannot be greater than status.replicas'));
    }
  }
  if (count('availableReplicas') > count('readyReplicas') && parts.includes('availableReplicas')) {
    const text = 'cannot be greater than readyReplicas';
    faults.push(invalidValue('status.availableReplicas', count('availableReplicas'), text));
  }
  return faults;
}
