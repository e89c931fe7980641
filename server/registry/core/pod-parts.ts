import { isDeepStrictEqual } from 'node:util';
import type { Container, Pod, ResourceRequirements } from '../../../openapi/generated/types.ts';
import { type FieldError, forbiddenField, invalidValue } from '../../../openapi/machinery/status.ts';
import type { PartSubresource } from '../strategy.ts';
import { podSpecFaults } from '../validation/pod-spec.ts';
import { qosClassOf } from './pod-qos.ts';

/** Debugging containers are added while the pod runs, and never taken away. */
export const ephemeralContainersSubresource: PartSubresource<Pod> = {
  form: 'part',
  verbs: ['get', 'patch', 'update'],
  prepareForUpdate(pod, old) {
    const { ephemeralContainers: _old, ...spec } = old.spec ?? { containers: [] };
    const added = pod.spec?.ephemeralContainers;
    return { ...old, spec: added === undefined ? spec : { ...spec, ephemeralContainers: added } };
  },
  validateUpdate: (pod, old) => [...specFaults(pod), ...ephemeralFaults(pod, old)],
};

function specFaults(pod: Pod): readonly FieldError[] {
  return pod.spec === undefined
    ? []
    : podSpecFaults('spec', pod.spec, { isPod: true, name: pod.metadata?.name ?? '' });
}

function ephemeralFaults(pod: Pod, old: Pod): readonly FieldError[] {
  const path = 'spec.ephemeralContainers';
  const now = pod.spec?.ephemeralContainers ?? [];
  return (old.spec?.ephemeralContainers ?? []).flatMap((before) => {
    const index = now.findIndex(({ name }) => name === before.name);
    if (index === -1) {
      const text = `existing ephemeral containers ${JSON.stringify(before.name)} may not be removed\n`;
      return [forbiddenField(path, text)];
    }
    if (isDeepStrictEqual(now[index], before)) return [];
    const text = `existing ephemeral containers ${JSON.stringify(before.name)} may not be changed\n`;
    return [forbiddenField(path, text)];
  });
}

/** CPU and memory of containers change while they run; the class of service may not. */
export const resizeSubresource: PartSubresource<Pod> = {
  form: 'part',
  verbs: ['get', 'patch', 'update'],
  prepareForUpdate: (pod, old) => {
    const spec = old.spec ?? { containers: [] };
    return {
      ...old,
      spec: {
        ...spec,
        containers: withResources(spec.containers, pod.spec?.containers ?? []),
        ...(spec.initContainers === undefined
          ? {}
          : { initContainers: withResources(spec.initContainers, pod.spec?.initContainers ?? []) }),
      },
    };
  },
  validateUpdate: (pod, old) => [...specFaults(pod), ...resizeFaults(pod, old)],
};

function withResources(containers: readonly Container[], from: readonly Container[]): readonly Container[] {
  return containers.map((container) => {
    const resources = from.find(({ name }) => name === container.name)?.resources;
    return resources === undefined ? container : { ...container, resources };
  });
}

function resizeFaults(pod: Pod, old: Pod): readonly FieldError[] {
  const faults: FieldError[] = [];
  const before = qosClassOf(old);
  if (qosClassOf(pod) !== before) {
    faults.push(invalidValue('spec', before, 'Pod QOS Class may not change as a result of resizing'));
  }
  const containers = pod.spec?.containers ?? [];
  for (const [i, container] of containers.entries()) {
    const was = old.spec?.containers[i]?.resources ?? {};
    const path = `spec.containers[${i}].resources`;
    for (const field of ['requests', 'limits'] as const) {
      const removed = ['cpu', 'memory'].some(
        (name) => was[field]?.[name] !== undefined && container.resources?.[field]?.[name] === undefined,
      );
      if (removed) faults.push(forbiddenField(`${path}.${field}`, `resource ${field} cannot be removed`));
    }
  }
  const others = containers.some(
    (container, i) =>
      !isDeepStrictEqual(fixedPart(container.resources), fixedPart(old.spec?.containers[i]?.resources)),
  );
  if (others) faults.push(forbiddenField('spec', 'only cpu and memory resources are mutable'));
  return faults;
}

function fixedPart(resources: ResourceRequirements | undefined): unknown {
  const rest = (list: Readonly<Record<string, string>> = {}): object =>
    Object.fromEntries(Object.entries(list).filter(([name]) => name !== 'cpu' && name !== 'memory'));
  return [rest(resources?.limits), rest(resources?.requests), resources?.claims ?? []];
}
