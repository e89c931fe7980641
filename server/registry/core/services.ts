import { isIP } from 'node:net';
import { services } from '../../../openapi/generated/resources.ts';
import type { Service, ServiceSpec } from '../../../openapi/generated/types.ts';
import { onlyStatus } from '../generic/status-split.ts';
import { cidrWarnings, ipWarnings } from '../validation/address-warnings.ts';
import type { Strategy } from '../strategy.ts';
import { serviceTable } from '../table/core.ts';
import { dnsLabel, nameRule } from '../validation/names.ts';
import { ServiceAllocator, type ServiceRange, ipsOf, portsOf } from './service-allocator.ts';
import { isExternal, isHeadless } from './service-changes.ts';
import { reserveForService } from './service-reserve.ts';
import { balancerStatusFaults, serviceFaults, serviceUpdateFaults } from './service-validation.ts';

/** Services with addresses out of `range`. */
export function serviceStrategy(range: ServiceRange): Strategy<Service> {
  const allocator = new ServiceAllocator(range);
  return {
    resource: services,
    allowCreateOnUpdate: true,
    deleteReturnsObject: true,
    validateName: nameRule(dnsLabel),
    defaults: (service) => withStatusDefaults({ ...service, spec: withDefaults(service.spec ?? {}) }),
    prepareForUpdate: (service) =>
      service.spec?.type === 'LoadBalancer' ? service : withoutBalancer(service),
    validate: serviceFaults,
    validateUpdate: serviceUpdateFaults,
    warnings: serviceWarnings,
    reserve: (service, old, context) => reserveForService(allocator, service, old, context),
    afterDelete: (service) => {
      allocator.release(ipsOf(service), portsOf(service));
    },
    fields: ({ spec }) => ({ 'spec.clusterIP': spec?.clusterIP ?? '', 'spec.type': spec?.type ?? '' }),
    selectableFields: ['spec.clusterIP', 'spec.type'],
    table: serviceTable,
    subresources: {
      status: {
        form: 'part',
        verbs: ['get', 'patch', 'update'],
        prepareForUpdate: (service, old) => withStatusDefaults(onlyStatus(service, old)),
        validateUpdate: balancerStatusFaults,
      },
    },
  };
}

function withoutBalancer(service: Service): Service {
  return { ...service, status: { ...service.status, loadBalancer: {} } };
}

function orDefault(value: string | undefined, fallback: string): string {
  return value === undefined || value === '' ? fallback : value;
}

function withDefaults(spec: ServiceSpec): ServiceSpec {
  const { sessionAffinityConfig: _affinity, internalTrafficPolicy, ...rest } = spec;
  const typed = { ...rest, type: orDefault(spec.type, 'ClusterIP') };
  const { ports, allocateLoadBalancerNodePorts } = typed;
  const internal = ['ClusterIP', 'NodePort', 'LoadBalancer'].includes(typed.type);
  const balancer = typed.type === 'LoadBalancer';
  return {
    ...typed,
    ...affinityDefaults(spec),
    ...(ports === undefined
      ? {}
      : {
          ports: ports.map((port) => ({
            ...port,
            protocol: orDefault(port.protocol, 'TCP'),
            targetPort:
              port.targetPort === undefined || port.targetPort === 0 || port.targetPort === ''
                ? port.port
                : port.targetPort,
          })),
        }),
    ...(isExternal(typed)
      ? { externalTrafficPolicy: orDefault(typed.externalTrafficPolicy, 'Cluster') }
      : {}),
    ...(internal ? { internalTrafficPolicy: internalTrafficPolicy ?? 'Cluster' } : {}),
    ...(balancer ? { allocateLoadBalancerNodePorts: allocateLoadBalancerNodePorts ?? true } : {}),
  };
}

/** sessionAffinityConfig belongs to ClientIP, and goes when affinity does. */
function affinityDefaults(spec: ServiceSpec): ServiceSpec {
  const affinity = orDefault(spec.sessionAffinity, 'None');
  if (affinity === 'None') return { sessionAffinity: affinity };
  const timeoutSeconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10800;
  return affinity === 'ClientIP'
    ? { sessionAffinity: affinity, sessionAffinityConfig: { clientIP: { timeoutSeconds } } }
    : { ...spec, sessionAffinity: affinity };
}

function withStatusDefaults(service: Service): Service {
  const { status, spec } = service;
  const ingress = status?.loadBalancer?.ingress;
  if (spec?.type !== 'LoadBalancer' || ingress === undefined) return service;
  const completed = ingress.map((each) =>
    (each.ip ?? '') === '' ? each : { ...each, ipMode: each.ipMode ?? 'VIP' },
  );
  return { ...service, status: { ...status, loadBalancer: { ...status?.loadBalancer, ingress: completed } } };
}

function serviceWarnings({ metadata, spec }: Service, old: Service | undefined): readonly string[] {
  const texts: string[] = [];
  const { externalIPs = [], externalName = '', type, trafficDistribution } = spec ?? {};
  const headless = isHeadless(spec);
  const hints = 'service.kubernetes.io/topology-aware-hints';
  if (old === undefined && metadata?.annotations?.[hints] !== undefined) {
    texts.push(`annotation ${hints} is deprecated, please use service.kubernetes.io/topology-mode instead`);
  }
  if (headless) texts.push(...headlessWarnings(spec ?? {}));
  texts.push(...addressWarnings(spec ?? {}, headless));
  if (externalIPs.length > 0 && type === 'ExternalName') {
    texts.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  }
  if (type !== 'ExternalName' && externalName !== '') {
    texts.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  }
  if (trafficDistribution === 'PreferClose') {
    texts.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  }
  return texts;
}

function addressWarnings(spec: ServiceSpec, headless: boolean): string[] {
  const { externalIPs = [], loadBalancerIP = '', loadBalancerSourceRanges = [], type } = spec;
  const isAddress = isIP(loadBalancerIP.replace(/(^|\.)0+(?=\d)/g, '$1')) !== 0;
  return [
    ...externalIPs.flatMap((ip, i) => ipWarnings(`spec.externalIPs[${i}]`, ip)),
    ...(externalIPs.length > 0 && !headless && type !== 'ExternalName'
      ? ['spec.externalIPs is deprecated and may no longer be implemented in some clusters']
      : []),
    ...(isAddress ? ipWarnings('spec.loadBalancerIP', loadBalancerIP) : []),
    ...loadBalancerSourceRanges.flatMap((range, i) =>
      cidrWarnings(`spec.loadBalancerSourceRanges[${i}]`, range.trim()),
    ),
  ];
}

function headlessWarnings({ loadBalancerIP = '', externalIPs = [], sessionAffinity }: ServiceSpec): string[] {
  return [
    ...(loadBalancerIP === '' ? [] : ['spec.loadBalancerIP is ignored for headless services']),
    ...(externalIPs.length === 0 ? [] : ['spec.externalIPs is ignored for headless services']),
    ...((sessionAffinity ?? 'None') === 'None'
      ? []
      : ['spec.SessionAffinity is ignored for headless services']),
  ];
}
