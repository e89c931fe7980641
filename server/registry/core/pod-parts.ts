import { isDeepStrictEqual } from 'node:util';
import type { Container, Pod, PodSpec, ResourceRequirements } from '../../../openapi/generated/types.ts';
import { type FieldError, forbiddenField, invalidValue } from '../../../openapi/machinery/status.ts';
import type { PartSubresource } from '../strategy.ts';
import { goDiff } from '../validation/go-diff.ts';
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
    return [forbiddenField(path, `${text}${goDiff('EphemeralContainer', before, now[index])}`)];
  });
}

/** CPU and memory of containers change while they run; the class of service may not. */
export const resizeSubresource: PartSubresource<Pod> = {
  form: 'part',
  verbs: ['get', 'patch', 'update'],
  prepareForUpdate: (pod, old) => ({ ...old, spec: resizedSpec(pod, old) }),
  validateUpdate: (pod, old) => [...specFaults(pod), ...resizeFaults(pod, old)],
};

/** The old pod with the resources of the new; containers that come, go or move are kept, to be refused. */
function resizedSpec(pod: Pod, old: Pod): PodSpec {
  const spec = old.spec ?? { containers: [] };
  const { initContainers } = spec;
  const sent = pod.spec?.initContainers ?? [];
  return {
    ...spec,
    containers: resized(spec.containers, pod.spec?.containers ?? []),
    ...(initContainers === undefined && sent.length === 0
      ? {}
      : { initContainers: resized(initContainers ?? [], sent) }),
  };
}

function resized(old: readonly Container[], sent: readonly Container[]): readonly Container[] {
  const same = old.length === sent.length && old.every(({ name }, i) => sent[i]?.name === name);
  if (!same) return sent;
  return old.map((container, i) => {
    const { resources: _old, ...rest } = container;
    const resources = sent[i]?.resources;
    return { ...rest, resources: resources ?? {} };
  });
}

function resizeFaults(pod: Pod, old: Pod): readonly FieldError[] {
  const only = (text: string): readonly FieldError[] => [forbiddenField('', text)];
  if (old.metadata?.annotations?.['kubernetes.io/config.mirror'] !== undefined) {
    return only('static pods cannot be resized');
  }
  if (old.spec?.os?.name === 'windows') return only('windows pods cannot be resized');
  const faults: FieldError[] = [];
  const before = qosClassOf(old);
  if (qosClassOf(pod) !== before) {
    faults.push(invalidValue('spec', before, 'Pod QOS Class may not change as a result of resizing'));
  }
  faults.push(...unsupportedFaults(old));
  const moved = [
    ...orderFaults('containers', pod.spec?.containers ?? [], old.spec?.containers ?? []),
    ...orderFaults('initContainers', pod.spec?.initContainers ?? [], old.spec?.initContainers ?? []),
  ];
  if (moved.length > 0) return [...faults, ...moved];
  return [...faults, ...initFaults(pod, old), ...containerFaults(pod, old)];
}

/** A node that does not say what its containers have cannot change it. */
function unsupportedFaults({ status }: Pod): readonly FieldError[] {
  const running = status?.containerStatuses?.find(({ state }) => state?.running !== undefined);
  if (running === undefined || running.resources !== undefined) return [];
  return [forbiddenField('spec', 'Pod running on node without support for resize')];
}

function orderFaults(
  list: 'containers' | 'initContainers',
  now: readonly Container[],
  old: readonly Container[],
): readonly FieldError[] {
  const path = `spec.${list}`;
  if (now.length !== old.length)
    return [forbiddenField(path, `${list} may not be added or removed on resize`)];
  return old.flatMap(({ name }, i) =>
    now[i]?.name === name
      ? []
      : [forbiddenField(`${path}[${i}].name`, `${list} may not be renamed or reordered on resize`)],
  );
}

function initFaults(pod: Pod, old: Pod): readonly FieldError[] {
  return (pod.spec?.initContainers ?? []).flatMap((container, i) => {
    const was = old.spec?.initContainers?.[i];
    const path = `spec.initContainers[${i}]`;
    const changed = !isDeepStrictEqual(container.resources ?? {}, was?.resources ?? {});
    if (container.restartPolicy !== 'Always') {
      return changed
        ? [forbiddenField('spec', 'resources for non-sidecar init containers are immutable')]
        : [];
    }
    const text = 'only cpu and memory resources for init or sidecar containers are mutable';
    return [
      ...removedFaults(`${path}.resources`, container.resources, was?.resources),
      ...(isDeepStrictEqual(fixedPart(container.resources), fixedPart(was?.resources))
        ? []
        : [forbiddenField(path, text)]),
    ];
  });
}

function containerFaults(pod: Pod, old: Pod): readonly FieldError[] {
  const containers = (pod.spec?.containers ?? []).map((each, i) => [each, old.spec?.containers[i]] as const);
  const removed = containers.flatMap(([{ resources }, was], i) =>
    removedFaults(`spec.containers[${i}].resources`, resources, was?.resources),
  );
  const others = containers.flatMap(([{ resources }, was]) =>
    isDeepStrictEqual(fixedPart(resources), fixedPart(was?.resources))
      ? []
      : [forbiddenField('spec', 'only cpu and memory resources are mutable')],
  );
  return [...removed, ...others];
}

function removedFaults(
  path: string,
  now: ResourceRequirements | undefined,
  was: ResourceRequirements | undefined,
): readonly FieldError[] {
  return (['requests', 'limits'] as const).flatMap((field) =>
    Object.keys(was?.[field] ?? {}).some((name) => now?.[field]?.[name] === undefined)
      ? [forbiddenField(`${path}.${field}`, `resource ${field} cannot be removed`)]
      : [],
  );
}

function fixedPart(resources: ResourceRequirements | undefined): unknown {
  const rest = (list: Readonly<Record<string, string>> = {}): object =>
    Object.fromEntries(Object.entries(list).filter(([name]) => name !== 'cpu' && name !== 'memory'));
  return [rest(resources?.limits), rest(resources?.requests), resources?.claims ?? []];
}
