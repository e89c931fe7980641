import { limitRanges } from '../../../openapi/generated/resources.ts';
import type {
  Container,
  LimitRange,
  LimitRangeItem,
  PersistentVolumeClaim,
  Pod,
} from '../../../openapi/generated/types.ts';
import { milliValue } from '../../../openapi/machinery/quantity.ts';
import { qualifiedName } from '../../../openapi/machinery/resource.ts';
import { quantityOf, readAmounts, type Written, writeAmounts } from '../../quota/amounts.ts';
import { specAmounts } from '../../quota/pod-amounts.ts';
import type { Lookup } from '../lookup.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../plugin.ts';
import { refused } from '../refused.ts';

const annotation = 'kubernetes.io/limit-ranger';

/** Gives containers what the LimitRanges of their namespace say by default, and refuses what is beyond their bounds. */
export function limitRanger(lookup: Lookup): AdmissionPlugin {
  return {
    name: 'LimitRanger',
    operations: ['CREATE', 'UPDATE'],
    async mutate(request) {
      if (!concerns(request) || qualifiedName(request.resource) !== 'pods') return request.object;
      const ranges = await lookup.list(limitRanges, request.namespace);
      return ranges.reduce(withDefaults, request.object as Pod);
    },
    async validate(request) {
      if (!concerns(request)) return;
      for (const range of await lookup.list(limitRanges, request.namespace)) {
        const faults = [...new Set((range.spec?.limits ?? []).flatMap((item) => faultsOf(item, request)))];
        if (faults.length === 0) continue;
        const text = faults.length === 1 ? (faults[0] ?? '') : `[${faults.join(', ')}]`;
        throw refused(request, text);
      }
    },
  };
}

/** Pods when they are made or resized, and claims. What is being deleted is left alone. */
function concerns({ resource, subresource, operation, oldObject }: AdmissionRequest): boolean {
  if (oldObject?.metadata?.deletionTimestamp !== undefined) return false;
  const name = qualifiedName(resource);
  if (name === 'pods') return operation === 'CREATE' ? subresource === '' : subresource === 'resize';
  return name === 'persistentvolumeclaims' && subresource === '';
}

interface Defaults {
  readonly requests: Written;
  readonly limits: Written;
}

function withDefaults(pod: Pod, { spec }: LimitRange): Pod {
  const items = (spec?.limits ?? []).filter(({ type }) => type === 'Container');
  const defaults: Defaults = {
    requests: Object.assign({}, ...items.map((item) => item.defaultRequest)) as Written,
    limits: Object.assign({}, ...items.map((item) => item.default)) as Written,
  };
  if (pod.spec === undefined || Object.keys({ ...defaults.requests, ...defaults.limits }).length === 0)
    return pod;
  const notes: string[] = [];
  const fill =
    (noun: string) =>
    (container: Container): Container => {
      notes.push(...notesOf(container, defaults, noun));
      return filled(container, defaults);
    };
  const containers = pod.spec.containers.map(fill('container'));
  const initContainers = pod.spec.initContainers?.map(fill('init container'));
  if (notes.length === 0) return pod;
  const annotations = {
    ...pod.metadata?.annotations,
    [annotation]: `LimitRanger plugin set: ${notes.join('; ')}`,
  };
  return {
    ...pod,
    metadata: { ...pod.metadata, annotations },
    spec: { ...pod.spec, containers, ...(initContainers === undefined ? {} : { initContainers }) },
  };
}

function filled(container: Container, { requests, limits }: Defaults): Container {
  const all = {
    requests: { ...requests, ...container.resources?.requests },
    limits: { ...limits, ...container.resources?.limits },
  };
  return {
    ...container,
    resources: {
      ...container.resources,
      ...(Object.keys(all.limits).length === 0 ? {} : { limits: all.limits }),
      ...(Object.keys(all.requests).length === 0 ? {} : { requests: all.requests }),
    },
  };
}

/** `cpu, memory request for container a` */
function notesOf({ name, resources }: Container, { requests, limits }: Defaults, noun: string): string[] {
  const missing = (defaults: Written, own: Written = {}): string =>
    Object.keys(defaults)
      .filter((each) => own[each] === undefined)
      .sort()
      .join(', ');
  const [asked, limited] = [missing(requests, resources?.requests), missing(limits, resources?.limits)];
  return [
    ...(asked === '' ? [] : [`${asked} request for ${noun} ${name}`]),
    ...(limited === '' ? [] : [`${limited} limit for ${noun} ${name}`]),
  ];
}

/** What is held to the bounds of an item. */
interface Bounded {
  readonly requests: Written;
  readonly limits: Written;
}

function faultsOf(item: LimitRangeItem, { resource, object }: AdmissionRequest): string[] {
  if (qualifiedName(resource) === 'persistentvolumeclaims') {
    if (item.type !== 'PersistentVolumeClaim') return [];
    const requests = (object as PersistentVolumeClaim).spec?.resources?.requests ?? {};
    return [...minFaults(item, { requests, limits: {} }), ...maxRequestFaults(item, requests)];
  }
  const pod = object as Pod;
  if (item.type === 'Container') {
    const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
    return containers.flatMap(({ resources }) =>
      boundFaults(item, { requests: resources?.requests ?? {}, limits: resources?.limits ?? {} }),
    );
  }
  if (item.type !== 'Pod') return [];
  const { requests, limits } = specAmounts(pod, (name) => name === 'cpu' || name === 'memory');
  return boundFaults(item, { requests: writeAmounts(requests), limits: writeAmounts(limits) });
}

function boundFaults(item: LimitRangeItem, bounded: Bounded): string[] {
  return [...minFaults(item, bounded), ...maxFaults(item, bounded), ...ratioFaults(item, bounded)];
}

function isAbove(a: string, b: string): boolean {
  return milliValue(quantityOf(a)) > milliValue(quantityOf(b));
}

function bounds(written: Written | undefined): (readonly [string, string])[] {
  return Object.entries(written ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}

function minFaults({ type, min }: LimitRangeItem, { requests, limits }: Bounded): string[] {
  return bounds(min).flatMap(([name, least]) => {
    const [request, limit] = [requests[name], limits[name]];
    const rule = `minimum ${name} usage per ${type} is ${least}`;
    if (request === undefined) return [`${rule}.  No request is specified`];
    if (isAbove(least, request)) return [`${rule}, but request is ${request}`];
    return limit !== undefined && isAbove(least, limit) ? [`${rule}, but limit is ${limit}`] : [];
  });
}

function maxFaults({ type, max }: LimitRangeItem, { requests, limits }: Bounded): string[] {
  return bounds(max).flatMap(([name, most]) => {
    const [request, limit] = [requests[name], limits[name]];
    const rule = `maximum ${name} usage per ${type} is ${most}`;
    if (limit === undefined) return [`${rule}.  No limit is specified`];
    if (isAbove(limit, most)) return [`${rule}, but limit is ${limit}`];
    return request !== undefined && isAbove(request, most) ? [`${rule}, but request is ${request}`] : [];
  });
}

/** Claims have no limits: what they ask for is what they get. */
function maxRequestFaults({ type, max }: LimitRangeItem, requests: Written): string[] {
  return bounds(max).flatMap(([name, most]) => {
    const request = requests[name];
    const rule = `maximum ${name} usage per ${type} is ${most}`;
    if (request === undefined) return [`${rule}.  No request is specified`];
    return isAbove(request, most) ? [`${rule}, but request is ${request}`] : [];
  });
}

function ratioFaults({ type, maxLimitRequestRatio }: LimitRangeItem, bounded: Bounded): string[] {
  const [requests, limits] = [readAmounts(bounded.requests), readAmounts(bounded.limits)];
  return bounds(maxLimitRequestRatio).flatMap(([name, most]) => {
    const [request, limit] = [requests.get(name), limits.get(name)];
    const rule = `${name} max limit to request ratio per ${type} is ${most}`;
    if (request === undefined || request.digits === 0n)
      return [`${rule}, but no request is specified or request is 0`];
    if (limit === undefined || limit.digits === 0n)
      return [`${rule}, but no limit is specified or limit is 0`];
    const ratio = Number(milliValue(limit)) / Number(milliValue(request));
    if (ratio * 1000 <= Number(milliValue(quantityOf(most)))) return [];
    return [`${rule}, but provided ratio is ${ratio.toFixed(6)}`];
  });
}
