import { priorityClasses } from '../../../openapi/generated/resources.ts';
import type { Pod, PriorityClass } from '../../../openapi/generated/types.ts';
import type { Lookup } from '../lookup.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../plugin.ts';
import { refused } from '../refused.ts';

/** Writes a pod's priority and preemption policy from its class, and allows one default class. */
export function priority(lookup: Lookup): AdmissionPlugin {
  return {
    name: 'Priority',
    operations: ['CREATE', 'UPDATE'],
    async mutate(request) {
      if (!isPod(request) || request.operation !== 'CREATE') return request.object;
      const pod = request.object as Pod;
      if (pod.spec === undefined) return pod;
      const chosen = await classOf(lookup, request, pod);
      const value = chosen?.value ?? 0;
      const policy = chosen?.preemptionPolicy ?? 'PreemptLowerPriority';
      checkGiven(request, pod, value, policy);
      const className = chosen?.metadata?.name;
      return {
        ...pod,
        spec: {
          ...pod.spec,
          ...(className === undefined ? {} : { priorityClassName: className }),
          priority: value,
          preemptionPolicy: policy,
        },
      };
    },
    async validate(request) {
      if (request.resource.plural !== 'priorityclasses') return;
      const asked = request.object as PriorityClass;
      if (asked.globalDefault !== true) return;
      const other = (await lookup.list(priorityClasses)).find(
        (each) => each.globalDefault === true && each.metadata?.name !== asked.metadata?.name,
      );
      if (other === undefined) return;
      const why = `PriorityClass ${other.metadata?.name ?? ''} is already marked as default. Only one default can exist`;
      throw refused(request, why);
    },
  };
}

function isPod({ resource, subresource }: AdmissionRequest): boolean {
  return resource.group === '' && resource.plural === 'pods' && subresource === '';
}

async function classOf(
  lookup: Lookup,
  request: AdmissionRequest,
  pod: Pod,
): Promise<PriorityClass | undefined> {
  const name = pod.spec?.priorityClassName ?? '';
  if (name !== '') {
    const found = await lookup.get(priorityClasses, { name });
    if (found !== undefined) return found;
    throw refused(request, `no PriorityClass with name ${name} was found`);
  }
  const defaults = (await lookup.list(priorityClasses)).filter((each) => each.globalDefault === true);
  return defaults.sort((a, b) => (a.value ?? 0) - (b.value ?? 0))[0];
}

/** A pod may state what its class gives, and nothing else. */
function checkGiven(request: AdmissionRequest, pod: Pod, value: number, policy: string): void {
  const { priority: stated, preemptionPolicy } = pod.spec ?? {};
  if (stated !== undefined && stated !== value)
    throw refused(
      request,
      `the integer value of priority (${stated}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    );
  if (preemptionPolicy !== undefined && preemptionPolicy !== policy)
    throw refused(
      request,
      `the string value of PreemptionPolicy (${preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    );
}
