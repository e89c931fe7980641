import { isDeepStrictEqual } from 'node:util';
import type { Service, ServiceSpec } from '../../../openapi/generated/types.ts';

export function isHeadless(spec: ServiceSpec | undefined): boolean {
  return spec?.clusterIP === 'None' || spec?.clusterIPs?.[0] === 'None';
}

export function needsClusterIp(spec: ServiceSpec | undefined): boolean {
  return spec?.type !== 'ExternalName';
}

export function needsNodePorts(spec: ServiceSpec | undefined): boolean {
  if (spec?.type === 'NodePort') return true;
  return spec?.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false;
}

export function needsHealthPort(spec: ServiceSpec | undefined): boolean {
  return spec?.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
}

export function isExternal(spec: ServiceSpec | undefined): boolean {
  if (spec?.type === 'LoadBalancer' || spec?.type === 'NodePort') return true;
  return spec?.type === 'ClusterIP' && (spec.externalIPs ?? []).length > 0;
}

/** clusterIP and the first of clusterIPs say the same: whichever was written decides. */
export function withBothClusterIps(service: Service, old: Service | undefined): Service {
  const spec = service.spec ?? {};
  const { clusterIP = '', clusterIPs = [] } = spec;
  if (old === undefined) {
    return clusterIP !== '' && clusterIPs.length === 0
      ? { ...service, spec: { ...spec, clusterIPs: [clusterIP] } }
      : service;
  }
  const { clusterIP: oldIp = '', clusterIPs: oldIps = [] } = old.spec ?? {};
  if (oldIps.length > 0 && clusterIPs.length === 0 && oldIp === clusterIP) {
    return { ...service, spec: { ...spec, clusterIPs: oldIps } };
  }
  if (oldIp === clusterIP || !isDeepStrictEqual(oldIps, clusterIPs)) return service;
  const { clusterIPs: _ips, ...rest } = spec;
  return oldIp !== '' && clusterIP === ''
    ? { ...service, spec: rest }
    : { ...service, spec: { ...spec, clusterIPs: [clusterIP] } };
}

/** What the writer left out and the Service held before it keeps: addresses and ports. */
export function withKeptAllocations(service: Service, old: Service): Service {
  const spec = service.spec ?? {};
  const oldSpec = old.spec ?? {};
  const kept: ServiceSpec = {
    ...spec,
    ...(needsClusterIp(oldSpec) && needsClusterIp(spec) ? keptIps(spec, oldSpec) : {}),
    ...(needsNodePorts(oldSpec) && needsNodePorts(spec) ? keptPorts(spec, oldSpec) : {}),
    ...(needsHealthPort(oldSpec) && needsHealthPort(spec) && (spec.healthCheckNodePort ?? 0) === 0
      ? healthPort(oldSpec)
      : {}),
  };
  return { ...service, spec: kept };
}

function healthPort({ healthCheckNodePort }: ServiceSpec): ServiceSpec {
  return healthCheckNodePort === undefined ? {} : { healthCheckNodePort };
}

function keptIps(spec: ServiceSpec, old: ServiceSpec): ServiceSpec {
  return {
    ...((spec.clusterIP ?? '') === '' && old.clusterIP !== undefined ? { clusterIP: old.clusterIP } : {}),
    ...((spec.clusterIPs ?? []).length === 0 && old.clusterIPs !== undefined
      ? { clusterIPs: old.clusterIPs }
      : {}),
  };
}

function keptPorts(spec: ServiceSpec, old: ServiceSpec): ServiceSpec {
  const now = new Set((spec.ports ?? []).map(({ nodePort }) => nodePort ?? 0));
  const before = new Map((old.ports ?? []).map(({ name = '', nodePort = 0 }) => [name, nodePort]));
  const ports = (spec.ports ?? []).map((port) => {
    const kept = before.get(port.name ?? '') ?? 0;
    return (port.nodePort ?? 0) === 0 && kept !== 0 && !now.has(kept) ? { ...port, nodePort: kept } : port;
  });
  return spec.ports === undefined ? {} : { ports };
}

type Key = keyof ServiceSpec;

/** A change of type takes away what belonged to the old one, unless the writer changed it too. */
export function withoutForeignFields(service: Service, old: Service): Service {
  const spec = service.spec ?? {};
  const oldSpec = old.spec ?? {};
  const dropped = new Set<Key>();
  const drop = (left: boolean, fields: readonly Key[]): void => {
    if (!left) return;
    for (const field of fields) if (isDeepStrictEqual(spec[field], oldSpec[field])) dropped.add(field);
  };
  const leftIps = needsClusterIp(oldSpec) && !needsClusterIp(spec);
  if (
    leftIps &&
    isDeepStrictEqual([spec.clusterIP, spec.clusterIPs], [oldSpec.clusterIP, oldSpec.clusterIPs])
  ) {
    dropped.add('clusterIP').add('clusterIPs');
  }
  drop(leftIps, ['ipFamilies', 'ipFamilyPolicy']);
  drop(needsHealthPort(oldSpec) && !needsHealthPort(spec), ['healthCheckNodePort']);
  drop(oldSpec.type === 'LoadBalancer' && spec.type !== 'LoadBalancer', [
    'allocateLoadBalancerNodePorts',
    'loadBalancerClass',
  ]);
  drop(isExternal(oldSpec) && !isExternal(spec), ['externalTrafficPolicy']);
  const rest = Object.fromEntries(
    Object.entries(spec).filter(([field]) => !dropped.has(field as Key)),
  ) as ServiceSpec;
  return { ...service, spec: withoutOldPorts(rest, oldSpec) };
}

function withoutOldPorts(spec: ServiceSpec, old: ServiceSpec): ServiceSpec {
  const had = old.type === 'NodePort' || old.type === 'LoadBalancer';
  const has = spec.type === 'NodePort' || spec.type === 'LoadBalancer';
  if (!had || has || spec.ports === undefined) return spec;
  const before = new Set((old.ports ?? []).map(({ nodePort }) => nodePort ?? 0));
  if (!spec.ports.every(({ nodePort = 0 }) => nodePort === 0 || before.has(nodePort))) return spec;
  return { ...spec, ports: spec.ports.map(({ nodePort: _port, ...rest }) => rest) };
}
