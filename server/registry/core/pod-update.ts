import { isDeepStrictEqual } from 'node:util';
import type {
  Container,
  NodeSelectorTerm,
  Pod,
  PodSpec,
  Toleration,
} from '../../../openapi/generated/types.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
} from '../../../openapi/machinery/status.ts';
import { inRange } from '../validation/field-errors.ts';
import { goDiff } from '../validation/go-diff.ts';
import { goList, goValue } from '../validation/go-text.ts';
import { podAnnotationFaults } from '../validation/pod-annotations.ts';
import { tolerationFaults } from '../validation/pod-spec.ts';

const mayChange =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
  '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** What may change of a pod once it exists: images, the deadline, more tolerations, fewer gates; with gates also where it may go. */
export function podUpdateFaults(pod: Pod, old: Pod): readonly FieldError[] {
  const spec = pod.spec ?? { containers: [] };
  const oldSpec = old.spec ?? { containers: [] };
  const count = [
    ...countFaults('spec.containers', spec.containers, oldSpec.containers),
    ...countFaults('spec.initContainers', spec.initContainers ?? [], oldSpec.initContainers ?? []),
  ];
  if (spec.containers.length !== oldSpec.containers.length) return count.slice(0, 1);
  if (count.length > 0) return count;
  const images = [
    ...imageFaults('spec.containers', spec.containers),
    ...imageFaults('spec.initContainers', spec.initContainers ?? []),
  ];
  const deadline = deadlineFaults(spec.activeDeadlineSeconds, oldSpec.activeDeadlineSeconds);
  if (deadline.some(({ message }) => !message.includes('nil value'))) return [...images, ...deadline];
  return [
    ...images,
    ...deadline,
    ...addedTolerationFaults(spec.tolerations ?? [], oldSpec.tolerations ?? []),
    ...gateFaults(spec, oldSpec),
    ...narrowedFaults(spec, oldSpec),
    ...frozenFaults(frozenPart(spec, oldSpec), oldSpec),
  ];
}

function frozenFaults(now: PodSpec, old: PodSpec): FieldError[] {
  if (isDeepStrictEqual(goValue('PodSpec', now), goValue('PodSpec', old))) return [];
  return [forbiddenField('spec', `${mayChange}\n${goDiff('PodSpec', old, now)}`)];
}

/** Marks of the node's agent, and profiles that were given by annotation, stay as they were made. */
export function podAnnotationUpdateFaults(pod: Pod, old: Pod): readonly FieldError[] {
  const path = 'metadata.annotations';
  const now = pod.metadata?.annotations ?? {};
  const before = old.metadata?.annotations ?? {};
  const kindOf = (key: string): string | undefined => {
    if (key.startsWith('container.apparmor.security.beta.kubernetes.io/')) return 'AppArmor annotations';
    return key === 'kubernetes.io/config.mirror' ? 'mirror pod annotation' : undefined;
  };
  const refused = (key: string, verb: string): FieldError[] => {
    const kind = kindOf(key);
    return kind === undefined ? [] : [forbiddenField(`${path}[${key}]`, `may not ${verb} ${kind}`)];
  };
  return [
    ...Object.entries(before).flatMap(([key, value]) =>
      now[key] === value ? [] : refused(key, 'remove or update'),
    ),
    ...Object.keys(now).flatMap((key) => (Object.hasOwn(before, key) ? [] : refused(key, 'add'))),
    ...podAnnotationFaults(path, now, pod.spec ?? { containers: [] }),
  ];
}

function countFaults(path: string, now: readonly Container[], before: readonly Container[]): FieldError[] {
  return now.length === before.length
    ? []
    : [forbiddenField(path, 'pod updates may not add or remove containers')];
}

/** Said once more on an update, behind what holds for any container. */
function imageFaults(path: string, containers: readonly Container[]): FieldError[] {
  return containers.flatMap(({ image = '' }, i) => [
    ...(image === '' ? [required(`${path}[${i}].image`)] : []),
    ...(image === image.trim()
      ? []
      : [invalidValue(`${path}[${i}].image`, image, 'must not have leading or trailing whitespace')]),
  ]);
}

function deadlineFaults(now: number | undefined, before: number | undefined): FieldError[] {
  const path = 'spec.activeDeadlineSeconds';
  if (now === undefined) {
    return before === undefined
      ? []
      : [invalidValue(path, null, 'must not update from a positive integer to nil value')];
  }
  const range = inRange(path, now, 0, 2147483647);
  if (range.length > 0) return range;
  return before !== undefined && before < now
    ? [invalidValue(path, now, 'must be less than or equal to previous value')]
    : [];
}

function addedTolerationFaults(now: readonly Toleration[], before: readonly Toleration[]): FieldError[] {
  const kept = before.every((old) =>
    now.some((each) => isDeepStrictEqual(withoutSeconds(each), withoutSeconds(old))),
  );
  return kept
    ? tolerationFaults('spec.tolerations', now)
    : [
        forbiddenField(
          'spec.tolerations',
          'existing toleration can not be modified except its tolerationSeconds',
        ),
      ];
}

function withoutSeconds({ tolerationSeconds: _seconds, ...rest }: Toleration): object {
  return rest;
}

function gateFaults({ schedulingGates = [] }: PodSpec, old: PodSpec): FieldError[] {
  const known = new Set((old.schedulingGates ?? []).map(({ name }) => name));
  return schedulingGates.flatMap(({ name }, i) =>
    known.has(name)
      ? []
      : [
          forbiddenField(
            `spec.schedulingGates[${i}].name`,
            `only deletion is allowed, but found new scheduling gate '${name}'`,
          ),
        ],
  );
}

/** Where a gated pod may go can be narrowed, never widened. */
function narrowedFaults(spec: PodSpec, old: PodSpec): FieldError[] {
  if ((old.schedulingGates ?? []).length === 0) return [];
  const now = spec.nodeSelector ?? {};
  const kept = Object.entries(old.nodeSelector ?? {}).every(([key, value]) => now[key] === value);
  const text = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)';
  const ofSelector = kept ? [] : [invalidValue('spec.nodeSelector', now, text)];
  return [...ofSelector, ...narrowedTermFaults(spec, old)];
}

function requiredTerms({ affinity }: PodSpec): readonly NodeSelectorTerm[] {
  return affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
}

function narrowedTermFaults(spec: PodSpec, old: PodSpec): FieldError[] {
  const path = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';
  const [now, before] = [requiredTerms(spec), requiredTerms(old)];
  if (before.length === 0) return [];
  if (now.length !== before.length) {
    const value = now.length === 0 ? null : goList('NodeSelectorTerm', now);
    const text = 'no additions/deletions to non-empty NodeSelectorTerms list are allowed';
    return [invalidValue(path, value, text)];
  }
  return before.flatMap((term, i) =>
    onlyAdds(now[i] ?? {}, term)
      ? []
      : [
          invalidValue(
            `${path}[${i}]`,
            goValue('NodeSelectorTerm', now[i]),
            'only additions are allowed (no mutations or deletions)',
          ),
        ],
  );
}

function onlyAdds(now: NodeSelectorTerm, before: NodeSelectorTerm): boolean {
  const { matchExpressions: expressions = [], matchFields: fields = [] } = before;
  const { matchExpressions = [], matchFields = [] } = now;
  if (expressions.length + fields.length === 0) return matchExpressions.length + matchFields.length === 0;
  return (
    isDeepStrictEqual(matchExpressions.slice(0, expressions.length), expressions) &&
    isDeepStrictEqual(matchFields.slice(0, fields.length), fields)
  );
}

/** The new spec with all that may change taken from the old one: equal to the old when nothing else changed. */
function frozenPart(spec: PodSpec, old: PodSpec): PodSpec {
  const {
    activeDeadlineSeconds: _deadline,
    schedulingGates: _gates,
    tolerations: _tolerations,
    nodeSelector: _selector,
    affinity: _affinity,
    ...rest
  } = spec;
  const gated = (old.schedulingGates ?? []).length > 0;
  const place = gated ? old : spec;
  const grace = old.terminationGracePeriodSeconds ?? 0;
  return {
    ...rest,
    containers: withImages(spec.containers, old.containers),
    ...(spec.initContainers === undefined
      ? {}
      : { initContainers: withImages(spec.initContainers, old.initContainers ?? []) }),
    ...(old.activeDeadlineSeconds === undefined ? {} : { activeDeadlineSeconds: old.activeDeadlineSeconds }),
    ...(old.schedulingGates === undefined ? {} : { schedulingGates: old.schedulingGates }),
    ...(old.tolerations === undefined ? {} : { tolerations: old.tolerations }),
    ...(place.nodeSelector === undefined ? {} : { nodeSelector: place.nodeSelector }),
    ...withAffinity(gated ? withNodeAffinityOf(spec.affinity, old.affinity) : spec.affinity),
    ...(grace < 0 && spec.terminationGracePeriodSeconds === 1
      ? { terminationGracePeriodSeconds: grace }
      : {}),
  };
}

function withAffinity(affinity: PodSpec['affinity']): Pick<PodSpec, 'affinity'> {
  return affinity === undefined ? {} : { affinity };
}

/** Of a gated pod only the part about nodes may change. */
function withNodeAffinityOf(now: PodSpec['affinity'], old: PodSpec['affinity']): PodSpec['affinity'] {
  const { nodeAffinity: _node, ...rest } = now ?? {};
  if (old?.nodeAffinity !== undefined) return { ...rest, nodeAffinity: old.nodeAffinity };
  return old === undefined && Object.keys(rest).length === 0 ? undefined : rest;
}

function withImages(now: readonly Container[], before: readonly Container[]): readonly Container[] {
  return now.map((container, i) => {
    const { image: _image, ...rest } = container;
    const image = before[i]?.image;
    return image === undefined ? rest : { ...rest, image };
  });
}
