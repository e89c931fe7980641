import type { PodTemplateSpec } from '../../../openapi/generated/types.ts';
import { type FieldError, forbiddenField, required } from '../../../openapi/machinery/status.ts';
import { annotationFaults } from './annotations.ts';
import { notSupported } from './field-errors.ts';
import { labelProblems } from '../generic/metadata.ts';
import { podAnnotationFaults } from './pod-annotations.ts';
import { podSpecFaults } from './pod-spec.ts';

/** Faults of the pods that a workload would make. */
export function podTemplateFaults(path: string, template: PodTemplateSpec | undefined): FieldError[] {
  if (template?.spec === undefined) return [required(`${path}.spec.containers`)];
  return [
    ...labelProblems(template.metadata?.labels ?? {}, `${path}.labels`),
    ...annotationFaults(`${path}.annotations`, template.metadata?.annotations ?? {}),
    ...podAnnotationFaults(`${path}.annotations`, template.metadata?.annotations ?? {}, template.spec),
    ...podSpecFaults(`${path}.spec`, template.spec, { isPod: false, name: '' }),
    ...((template.spec.ephemeralContainers ?? []).length === 0
      ? []
      : [
          forbiddenField(
            `${path}.spec.ephemeralContainers`,
            'ephemeral containers not allowed in pod template',
          ),
        ]),
  ];
}

/** Controllers that replace what ends need pods that always restart. */
export function restartsAlways(path: string, template: PodTemplateSpec | undefined): FieldError[] {
  const policy = template?.spec?.restartPolicy ?? 'Always';
  return policy === 'Always' ? [] : [notSupported(`${path}.spec.restartPolicy`, policy, ['Always'])];
}
