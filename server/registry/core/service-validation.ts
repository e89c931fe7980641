import { isIP, isIPv6 } from 'node:net';
import type { Service, ServiceSpec } from '../../../openapi/generated/types.ts';
import {
  type FieldError,
  duplicate,
  forbiddenField,
  invalidValue,
  required,
} from '../../../openapi/machinery/status.ts';
import { labelProblems } from '../generic/metadata.ts';
import { cidrFaults, ipFaults, specialIpFaults } from '../validation/addresses.ts';
import { oneOf, portNumber, texts } from '../validation/field-errors.ts';
import { dnsLabel, dnsSubdomain, qualifiedName } from '../validation/names.ts';
import { portFaults } from '../validation/probes.ts';
import { protocols } from '../validation/protocols.ts';
import { isExternal, isHeadless, needsHealthPort } from './service-changes.ts';

const balancerOnly = "may only be used when `type` is 'LoadBalancer'";
const sourceRanges = 'service.beta.kubernetes.io/load-balancer-source-ranges';
const serviceTypes = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];

export function serviceFaults(service: Service): FieldError[] {
  const spec = service.spec ?? {};
  return [
    ...topologyFaults(service),
    ...typeFaults(spec),
    ...portListFaults(spec),
    ...labelProblems(spec.selector ?? {}, 'spec.selector'),
    ...affinityFaults(spec),
    ...clusterIpFaults(spec),
    ...externalIpFaults(spec),
    ...oneOf('spec.type', spec.type, serviceTypes),
    ...nodePortFaults(spec),
    ...sourceRangeFaults(service),
    ...balancerFaults(spec),
    ...trafficFaults(spec),
  ];
}

const topologyMode = 'service.kubernetes.io/topology-mode';
const topologyHints = 'service.kubernetes.io/topology-aware-hints';

function topologyFaults({ metadata }: Service): FieldError[] {
  const { [topologyMode]: mode, [topologyHints]: hints } = metadata?.annotations ?? {};
  if (mode === undefined || hints === undefined || mode === hints) return [];
  const text = `must match annotations[${topologyHints}] when both are specified`;
  return [invalidValue(`metadata.annotations[${topologyMode}]`, mode, text)];
}

/** Of what a load balancer writes: addresses that are ones, for Services that have one. */
export function balancerStatusFaults({ spec, status }: Service): FieldError[] {
  const path = 'status.loadBalancer.ingress';
  const ingress = status?.loadBalancer?.ingress ?? [];
  if (spec?.type !== 'LoadBalancer' && ingress.length > 0) {
    return [forbiddenField(path, "may only be used when `spec.type` is 'LoadBalancer'")];
  }
  return ingress.flatMap(({ ip = '', hostname = '', ipMode }, i) => {
    const at = `${path}[${i}]`;
    const faults = ip === '' ? [] : ipFaults(`${at}.ip`, ip);
    if (ip !== '' && ipMode !== undefined) faults.push(...oneOf(`${at}.ipMode`, ipMode, ['Proxy', 'VIP']));
    if (ip === '' && ipMode !== undefined) {
      faults.push(forbiddenField(`${at}.ipMode`, 'may not be specified when `ip` is not set'));
    }
    if (hostname === '') return faults;
    faults.push(...texts(`${at}.hostname`, hostname, dnsSubdomain));
    if (isIP(hostname) !== 0) {
      faults.push(invalidValue(`${at}.hostname`, hostname, 'must be a DNS name, not an IP address'));
    }
    return faults;
  });
}

function typeFaults(spec: ServiceSpec): FieldError[] {
  const headless = isHeadless(spec);
  const faults: FieldError[] = [];
  if ((spec.ports ?? []).length === 0 && !headless && spec.type !== 'ExternalName') {
    faults.push(required('spec.ports'));
  }
  if (headless && (spec.type === 'LoadBalancer' || spec.type === 'NodePort')) {
    faults.push(
      invalidValue('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`),
    );
  }
  if (spec.type !== 'ExternalName') return faults;
  const not = 'may not be set for ExternalName services';
  if ((spec.clusterIPs ?? []).length > 0) faults.push(forbiddenField('spec.clusterIPs', not));
  if ((spec.ipFamilies ?? []).length > 0) faults.push(forbiddenField('spec.ipFamilies', not));
  if (spec.ipFamilyPolicy !== undefined) faults.push(forbiddenField('spec.ipFamilyPolicy', not));
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  return [
    ...faults,
    ...(name === '' ? [required('spec.externalName')] : texts('spec.externalName', name, dnsSubdomain)),
  ];
}

function portListFaults({ ports = [] }: ServiceSpec): FieldError[] {
  const names = new Set<string>();
  return ports.flatMap((port, i) => {
    const at = `spec.ports[${i}]`;
    const { name = '', targetPort, appProtocol } = port;
    const faults: FieldError[] = [];
    if (name !== '') {
      faults.push(...texts(`${at}.name`, name, dnsLabel));
      if (names.has(name)) faults.push(duplicate(`${at}.name`, name));
      names.add(name);
    } else if (ports.length > 1) faults.push(required(`${at}.name`));
    faults.push(...portNumber(`${at}.port`, port.port), ...oneOf(`${at}.protocol`, port.protocol, protocols));
    if (targetPort !== undefined) faults.push(...portFaults(`${at}.targetPort`, targetPort));
    if (appProtocol !== undefined) faults.push(...texts(`${at}.appProtocol`, appProtocol, qualifiedName));
    return faults;
  });
}

function affinityFaults({ sessionAffinity, sessionAffinityConfig: config }: ServiceSpec): FieldError[] {
  const path = 'spec.sessionAffinityConfig';
  if (sessionAffinity === 'None') {
    const text = 'must not be set when session affinity is None';
    return config === undefined ? [] : [forbiddenField(path, text)];
  }
  if (sessionAffinity !== 'ClientIP')
    return oneOf('spec.sessionAffinity', sessionAffinity, ['ClientIP', 'None']);
  const when = 'when session affinity type is ClientIP';
  if (config === undefined) return [required(path, when)];
  if (config.clientIP === undefined) return [required(`${path}.clientIP`, when)];
  const seconds = config.clientIP.timeoutSeconds;
  if (seconds === undefined) return [required(`${path}.clientIP.timeoutSeconds`, when)];
  return seconds > 0 && seconds <= 86400
    ? []
    : [
        invalidValue(
          `${path}.clientIP.timeoutSeconds`,
          seconds,
          'must be greater than 0 and less than 86400',
        ),
      ];
}

/** What is asked for before anything is allocated. */
export function clusterIpFaults(spec: ServiceSpec): FieldError[] {
  if (spec.type === 'ExternalName') return [];
  const { clusterIP = '', clusterIPs = [], ipFamilies = [] } = spec;
  const path = 'spec.clusterIPs';
  const faults: FieldError[] = [];
  if (clusterIP === '') {
    const text = 'must be empty when `clusterIP` is not specified';
    if (clusterIPs.length > 0) faults.push(invalidValue(path, clusterIPs, text));
  } else if (clusterIPs.length === 0) faults.push(required(path));
  else if (clusterIPs[0] !== clusterIP) {
    faults.push(invalidValue(path, clusterIPs, 'first value must match `clusterIP`'));
  }
  faults.push(...familyFaults(ipFamilies));
  faults.push(
    ...oneOf('spec.ipFamilyPolicy', spec.ipFamilyPolicy, [
      'PreferDualStack',
      'RequireDualStack',
      'SingleStack',
    ]),
  );
  const bad = addressFaults(clusterIPs);
  faults.push(...bad);
  if (clusterIPs.length > 2) faults.push(invalidValue(path, clusterIPs, 'may only hold up to 2 values'));
  if (bad.length > 0) return faults;
  const families = clusterIPs.map((ip) => isIPv6(ip));
  if (clusterIPs.length > 1 && new Set(families).size < 2) {
    faults.push(invalidValue(path, clusterIPs, 'may specify no more than one IP for each IP family'));
  }
  return [...faults, ...(isHeadless(spec) ? [] : mismatchFaults(clusterIPs, ipFamilies))];
}

function familyFaults(families: readonly string[]): FieldError[] {
  return families.flatMap((family, i) => [
    ...oneOf(`spec.ipFamilies[${i}]`, family, ['IPv4', 'IPv6']),
    ...(families.indexOf(family) < i ? [duplicate(`spec.ipFamilies[${i}]`, family)] : []),
  ]);
}

function addressFaults(ips: readonly string[]): FieldError[] {
  return ips.flatMap((ip, i) => {
    if (i === 0 && ip === 'None') {
      return ips.length > 1
        ? [invalidValue('spec.clusterIPs', ips, "'None' must be the first and only value")]
        : [];
    }
    return ipFaults(`spec.clusterIPs[${i}]`, ip);
  });
}

function mismatchFaults(ips: readonly string[], families: readonly string[]): FieldError[] {
  return ips.flatMap((ip, i) => {
    const family = families[i];
    if (family === undefined || (family === 'IPv6') === isIPv6(ip)) return [];
    const text = `expected an ${family} value as indicated by \`ipFamilies[${i}]\``;
    return [invalidValue(`spec.clusterIPs[${i}]`, ip, text)];
  });
}

function externalIpFaults({ externalIPs = [] }: ServiceSpec): FieldError[] {
  return externalIPs.flatMap((ip, i) => {
    const faults = ipFaults(`spec.externalIPs[${i}]`, ip);
    return faults.length > 0 ? faults : specialIpFaults(`spec.externalIPs[${i}]`, ip);
  });
}

function nodePortFaults({ type, ports = [] }: ServiceSpec): FieldError[] {
  const nodePorts = new Set<string>();
  const own = new Set<string>();
  const faults: FieldError[] = [];
  for (const [i, { nodePort = 0 }] of ports.entries()) {
    if (type === 'ClusterIP' && nodePort !== 0) {
      const text = "may not be used when `type` is 'ClusterIP'";
      faults.push(forbiddenField(`spec.ports[${i}].nodePort`, text));
    }
  }
  for (const [i, { nodePort = 0, protocol = 'TCP' }] of ports.entries()) {
    const id = `${protocol}/${nodePort}`;
    if (nodePort !== 0 && nodePorts.has(id)) faults.push(duplicate(`spec.ports[${i}].nodePort`, nodePort));
    nodePorts.add(id);
  }
  for (const [i, { port, protocol = 'TCP' }] of ports.entries()) {
    const id = `${protocol}/${port}`;
    if (own.has(id)) faults.push(duplicate(`spec.ports[${i}]`, portKey(protocol, port)));
    own.add(id);
  }
  return faults;
}

/** As Go prints the key of the map of ports. */
function portKey(protocol: string, port: number): object {
  return { Name: '', Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 };
}

function sourceRangeFaults({ metadata, spec }: Service): FieldError[] {
  const ranges = spec?.loadBalancerSourceRanges ?? [];
  const balancer = spec?.type === 'LoadBalancer';
  if (ranges.length > 0) {
    const path = 'spec.LoadBalancerSourceRanges';
    return [
      ...(balancer ? [] : [forbiddenField(path, balancerOnly)]),
      ...ranges.flatMap((range, i) => cidrFaults(`${path}[${i}]`, range.trim())),
    ];
  }
  const value = metadata?.annotations?.[sourceRanges];
  if (value === undefined) return [];
  const path = `metadata.annotations[${sourceRanges}]`;
  const list = value.trim() === '' ? [] : value.split(',').map((each) => each.trim());
  return [
    ...(balancer ? [] : [forbiddenField(path, balancerOnly)]),
    ...list.flatMap((range) => cidrFaults(path, range)),
  ];
}

function balancerFaults(spec: ServiceSpec): FieldError[] {
  const balancer = spec.type === 'LoadBalancer';
  const faults: FieldError[] = [];
  if (spec.allocateLoadBalancerNodePorts !== undefined && !balancer) {
    faults.push(forbiddenField('spec.allocateLoadBalancerNodePorts', balancerOnly));
  }
  return [...faults, ...classFaults(spec)];
}

export function classFaults({ type, loadBalancerClass }: ServiceSpec): FieldError[] {
  if (loadBalancerClass === undefined) return [];
  return type === 'LoadBalancer'
    ? texts('spec.loadBalancerClass', loadBalancerClass, qualifiedName)
    : [forbiddenField('spec.loadBalancerClass', balancerOnly)];
}

function trafficFaults(spec: ServiceSpec): FieldError[] {
  const { externalTrafficPolicy = '', healthCheckNodePort = 0 } = spec;
  const path = 'spec.externalTrafficPolicy';
  const faults: FieldError[] = [];
  if (isExternal(spec)) {
    faults.push(
      ...(externalTrafficPolicy === ''
        ? [required(path)]
        : oneOf(path, externalTrafficPolicy, ['Cluster', 'Local'])),
    );
  } else if (externalTrafficPolicy !== '') {
    const text = 'may only be set for externally-accessible services';
    faults.push(invalidValue(path, externalTrafficPolicy, text));
  }
  if (needsHealthPort(spec)) {
    if (healthCheckNodePort !== 0)
      faults.push(...portNumber('spec.healthCheckNodePort', healthCheckNodePort));
  } else if (healthCheckNodePort !== 0) {
    const text = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    faults.push(invalidValue('spec.healthCheckNodePort', healthCheckNodePort, text));
  }
  faults.push(...oneOf('spec.internalTrafficPolicy', spec.internalTrafficPolicy, ['Cluster', 'Local']));
  const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
  return [...faults, ...oneOf('spec.trafficDistribution', spec.trafficDistribution, distributions)];
}

export function serviceUpdateFaults(service: Service, old: Service): FieldError[] {
  const spec = service.spec ?? {};
  const oldSpec = old.spec ?? {};
  const faults = changedIpFaults(spec, oldSpec);
  const both = spec.type === 'LoadBalancer' && oldSpec.type === 'LoadBalancer';
  if (both && spec.loadBalancerClass !== oldSpec.loadBalancerClass) {
    const text = 'may not change once set';
    faults.push(invalidValue('spec.loadBalancerClass', spec.loadBalancerClass, text));
  }
  faults.push(...classFaults(spec));
  const health = needsHealthPort(oldSpec) && needsHealthPort(spec);
  if (health && spec.healthCheckNodePort !== oldSpec.healthCheckNodePort) {
    faults.push(forbiddenField('spec.healthCheckNodePort', 'field is immutable'));
  }
  return [...faults, ...serviceFaults(service)];
}

function changedIpFaults(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName') return [];
  if (isHeadless(spec) && isHeadless(old)) return [];
  const [now, before] = [spec.clusterIPs ?? [], old.clusterIPs ?? []];
  if (now.length === 0 && before.length > 0) {
    return [invalidValue('spec.clusterIPs[0]', now, 'primary clusterIP can not be unset')];
  }
  const compared = now.length === before.length ? before.length : Math.min(1, before.length);
  return before
    .slice(0, compared)
    .flatMap((ip, i) =>
      now[i] === ip ? [] : [invalidValue(`spec.clusterIPs[${i}]`, now, 'may not change once set')],
    );
}
