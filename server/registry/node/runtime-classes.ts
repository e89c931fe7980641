import { runtimeClasses } from '../../../openapi/generated/resources.ts';
import type { RuntimeClass } from '../../../openapi/generated/types.ts';
import { type FieldError, duplicate, required } from '../../../openapi/machinery/status.ts';
import { labelProblems } from '../generic/metadata.ts';
import type { Strategy } from '../strategy.ts';
import { runtimeClassTable } from '../table/others.ts';
import { texts, unchanged } from '../validation/field-errors.ts';
import { goValue } from '../validation/go-text.ts';
import { dnsLabel } from '../validation/names.ts';
import { tolerationFaults } from '../validation/pod-spec.ts';
import { containerResourceName, hugePageFaults, resourceQuantity } from '../validation/resource-names.ts';

export const runtimeClassStrategy: Strategy<RuntimeClass> = {
  resource: runtimeClasses,
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: false,
  validate: classFaults,
  validateUpdate: (object, old) => unchanged('handler', object.handler, old.handler),
  table: runtimeClassTable,
};

function classFaults({ handler, overhead, scheduling }: RuntimeClass): FieldError[] {
  const faults = handler === '' ? [required('handler')] : texts('handler', handler, dnsLabel);
  for (const [name, value] of Object.entries(overhead?.podFixed ?? {})) {
    // Checked as if it were the limits of a container.
    const path = `overhead.limits[${name}]`;
    faults.push(...containerResourceName(path, name), ...resourceQuantity(path, name, value));
    faults.push(...hugePageFaults(path, name, value));
  }
  faults.push(...labelProblems(scheduling?.nodeSelector ?? {}, 'scheduling.nodeSelector'));
  const tolerations = scheduling?.tolerations ?? [];
  faults.push(...tolerationFaults('scheduling.tolerations', tolerations));
  const seen = new Set<string>();
  tolerations.forEach((toleration, i) => {
    const text = JSON.stringify(toleration);
    if (seen.has(text))
      faults.push(duplicate(`scheduling.tolerations[${i}]`, goValue('Toleration', toleration)));
    seen.add(text);
  });
  return faults;
}
