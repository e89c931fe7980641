import { isDeepStrictEqual } from 'node:util';
import { runtimeClasses } from '../../../openapi/generated/resources.ts';
import type { Pod, PodSpec, RuntimeClass, Toleration } from '../../../openapi/generated/types.ts';
import { qualifiedName } from '../../../openapi/machinery/resource.ts';
import { type StatusError } from '../../../openapi/machinery/status.ts';
import { readAmounts, sameAmounts, type Written } from '../../quota/amounts.ts';
import type { Lookup } from '../lookup.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../plugin.ts';
import { refused } from '../refused.ts';

/** A pod takes the overhead of its RuntimeClass, and goes where nodes run it. */
export function runtimeClass(lookup: Lookup): AdmissionPlugin {
  return {
    name: 'RuntimeClass',
    operations: ['CREATE'],
    async mutate(request) {
      if (!concerns(request)) return request.object;
      const pod = request.object as Pod;
      const found = await classOf(lookup, request, pod);
      if (found === undefined || pod.spec === undefined) return pod;
      return { ...pod, spec: withScheduling(request, withOverhead(request, pod.spec, found), found) };
    },
    async validate(request) {
      if (!concerns(request)) return;
      const pod = request.object as Pod;
      const overhead = (await classOf(lookup, request, pod))?.overhead;
      const own = pod.spec?.overhead;
      if (overhead !== undefined && !isSame(overhead.podFixed, own)) throw mismatch(request);
      if (overhead === undefined && own !== undefined)
        throw refused(
          request,
          'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
        );
    },
  };
}

function concerns({ resource, subresource }: AdmissionRequest): boolean {
  return qualifiedName(resource) === 'pods' && subresource === '';
}

async function classOf(
  lookup: Lookup,
  request: AdmissionRequest,
  { spec }: Pod,
): Promise<RuntimeClass | undefined> {
  const name = spec?.runtimeClassName;
  if (name === undefined) return undefined;
  const found = await lookup.get(runtimeClasses, { name });
  if (found === undefined)
    throw refused(request, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
  return found;
}

function mismatch(request: AdmissionRequest): StatusError {
  return refused(request, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
}

function isSame(a: Written | undefined, b: Written | undefined): boolean {
  return sameAmounts(readAmounts(a), readAmounts(b));
}

function withOverhead(request: AdmissionRequest, spec: PodSpec, { overhead }: RuntimeClass): PodSpec {
  if (overhead === undefined) return spec;
  const own = spec.overhead ?? {};
  // Not validated yet: as texts first.
  const isOwn = Object.keys(own).length > 0;
  if (isOwn && !isReadableAndSame(overhead.podFixed, own)) throw mismatch(request);
  return overhead.podFixed === undefined ? spec : { ...spec, overhead: overhead.podFixed };
}

function isReadableAndSame(a: Written | undefined, b: Written): boolean {
  try {
    return isSame(a, b);
  } catch {
    return false;
  }
}

function withScheduling(request: AdmissionRequest, spec: PodSpec, { scheduling }: RuntimeClass): PodSpec {
  if (scheduling === undefined) return spec;
  const { nodeSelector = {} } = scheduling;
  for (const [key, value] of Object.entries(nodeSelector)) {
    const own = spec.nodeSelector?.[key];
    if (own === undefined || own === value) continue;
    const why = `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`;
    throw refused(request, why);
  }
  const selector = { ...spec.nodeSelector, ...nodeSelector };
  const tolerations = mergeTolerations(spec.tolerations ?? [], scheduling.tolerations ?? []);
  return {
    ...spec,
    ...(Object.keys(selector).length === 0 ? {} : { nodeSelector: selector }),
    ...(tolerations.length === 0 ? {} : { tolerations }),
  };
}

/** All of both, without those that another one covers; of equal ones the first stays. */
function mergeTolerations(own: readonly Toleration[], added: readonly Toleration[]): readonly Toleration[] {
  const all = [...own, ...added];
  const kept: Toleration[] = [];
  for (const [i, each] of all.entries()) {
    const isCovered =
      kept.some((other) => covers(other, each)) ||
      all.slice(i + 1).some((other) => !isDeepStrictEqual(other, each) && covers(other, each));
    if (!isCovered) kept.push(each);
  }
  return kept;
}

/** Whether `a` tolerates all that `b` does. */
function covers(a: Toleration, b: Toleration): boolean {
  if (isDeepStrictEqual(a, b)) return true;
  const isForAllKeys = (a.key ?? '') === '' && a.operator === 'Exists';
  if (!isForAllKeys && (a.key ?? '') !== (b.key ?? '')) return false;
  if ((a.effect ?? '') !== '' && a.effect !== b.effect) return false;
  if (a.effect === 'NoExecute' && !lastsAsLong(a, b)) return false;
  if (a.operator === 'Exists') return true;
  const comparesValues = (a.operator ?? 'Equal') === 'Equal';
  return comparesValues && b.operator === 'Equal' && (a.value ?? '') === (b.value ?? '');
}

function lastsAsLong(a: Toleration, b: Toleration): boolean {
  if (a.tolerationSeconds === undefined) return true;
  return b.tolerationSeconds !== undefined && a.tolerationSeconds >= b.tolerationSeconds;
}
