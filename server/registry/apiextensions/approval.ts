import type { CustomResourceDefinition } from '../../../openapi/generated/types.ts';
import { invalidValue, required, type FieldError } from '../../../openapi/machinery/status.ts';

const annotation = 'api-approved.kubernetes.io';
const path = `metadata.annotations[${annotation}]`;
const more = 'see https://github.com/kubernetes/enhancements/pull/1111';
const protectedGroup = /(?:^|\.)(?:k8s|kubernetes)\.io$/;

type Approval = 'missing' | 'bypassed' | 'approved' | 'invalid';

/** Groups of the Kubernetes community need a word of who has approved the API. What was accepted once stays so. */
export function approvalProblems(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): readonly FieldError[] {
  if (!protectedGroup.test(definition.spec.group)) return [];
  const approval = approvalOf(definition);
  if (old !== undefined && approvalOf(old) === approval) return [];
  const text = `protected groups must have approval annotation ${JSON.stringify(annotation)}`;
  if (approval === 'missing') return [required(path, `${text}, ${more}`)];
  if (approval !== 'invalid') return [];
  const value = definition.metadata?.annotations?.[annotation];
  return [
    invalidValue(path, value, `${text} with either a URL or a reason starting with "unapproved", ${more}`),
  ];
}

function approvalOf({ metadata }: CustomResourceDefinition): Approval {
  const value = metadata?.annotations?.[annotation] ?? '';
  if (value === '') return 'missing';
  if (value.startsWith('unapproved')) return 'bypassed';
  return URL.canParse(value) && new URL(value).host !== '' ? 'approved' : 'invalid';
}
