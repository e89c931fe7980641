import { isIPv6 } from 'node:net';
import { services } from '../../../openapi/generated/resources.ts';
import type { Service, ServiceSpec } from '../../../openapi/generated/types.ts';
import { type FieldError, internalError, invalid, invalidValue } from '../../../openapi/machinery/status.ts';
import type { RequestContext, Reservation } from '../strategy.ts';
import { ipFaults } from '../validation/addresses.ts';
import { clusterIpFaults } from './service-validation.ts';
import { type ServiceAllocator, ipsOf, nodePortRange, portsOf } from './service-allocator.ts';
import {
  isHeadless,
  needsClusterIp,
  needsHealthPort,
  needsNodePorts,
  withBothClusterIps,
  withKeptAllocations,
  withoutForeignFields,
} from './service-changes.ts';

/** What one write took, to be given back when it fails. */
interface Taken {
  readonly ips: string[];
  readonly ports: number[];
}

/** Fills in addresses, families and node ports. Throws 422 for those that cannot be had. */
export async function reserveForService(
  allocator: ServiceAllocator,
  service: Service,
  old: Service | undefined,
  context: RequestContext,
): Promise<Reservation<Service>> {
  await allocator.fill(context.objects);
  const both = withBothClusterIps(service, old);
  const wanted = old === undefined ? both : withoutForeignFields(withKeptAllocations(both, old), old);
  const taken: Taken = { ips: [], ports: [] };
  try {
    const object = allocate({ allocator, service: wanted, old, taken });
    return {
      object,
      finish: (stored) => {
        if (stored) releaseUnused(allocator, object, old);
        else allocator.release(taken.ips, taken.ports);
      },
    };
  } catch (error) {
    allocator.release(taken.ips, taken.ports);
    throw error;
  }
}

function releaseUnused(allocator: ServiceAllocator, service: Service, old: Service | undefined): void {
  if (old === undefined) return;
  const [ips, ports] = [ipsOf(service), portsOf(service)];
  allocator.release(
    ipsOf(old).filter((ip) => !ips.includes(ip)),
    portsOf(old).filter((port) => !ports.includes(port)),
  );
}

/** What one write of a Service asks of the allocator, and has taken of it so far. */
interface Wish {
  readonly allocator: ServiceAllocator;
  readonly service: Service;
  readonly old: Service | undefined;
  readonly taken: Taken;
}

function allocate(wish: Wish): Service {
  const { service, old } = wish;
  const spec = service.spec ?? {};
  const faults = clusterIpFaults(spec);
  if (faults.length > 0) refuse(service, faults);
  const familied = needsClusterIp(spec) ? withFamilies(service, spec) : spec;
  const keeps = old !== undefined && needsClusterIp(old.spec) && (old.spec?.clusterIPs ?? []).length > 0;
  const addressed = needsClusterIp(familied) && !keeps ? withAddress(wish, familied) : familied;
  return { ...service, spec: withHealthPort(wish, withNodePorts(wish, addressed)) };
}

function refuse(service: Service, faults: readonly FieldError[]): never {
  throw invalid(services, service.metadata?.name ?? '', faults);
}

/** One family is configured, IPv4; a headless Service without a selector may still be for both. */
function withFamilies(service: Service, spec: ServiceSpec): ServiceSpec {
  const families = spec.ipFamilies ?? [];
  const free = isHeadless(spec) && Object.keys(spec.selector ?? {}).length === 0;
  if (free) return headlessFamilies(spec, families);
  if (spec.ipFamilyPolicy === 'RequireDualStack') {
    const text = 'this cluster is not configured for dual-stack services';
    refuse(service, [invalidValue('spec.ipFamilyPolicy', spec.ipFamilyPolicy, text)]);
  }
  if (spec.ipFamilyPolicy === 'SingleStack' && families.length > 1) {
    const text = "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified";
    refuse(service, [invalidValue('spec.ipFamilyPolicy', spec.ipFamilyPolicy, text)]);
  }
  const foreign = families.indexOf('IPv6');
  if (foreign !== -1) {
    const text = 'not configured on this cluster';
    refuse(service, [invalidValue(`spec.ipFamilies[${foreign}]`, 'IPv6', text)]);
  }
  return { ...spec, ipFamilyPolicy: spec.ipFamilyPolicy ?? 'SingleStack', ipFamilies: ['IPv4'] };
}

function headlessFamilies(spec: ServiceSpec, families: readonly string[]): ServiceSpec {
  const policy = spec.ipFamilyPolicy ?? (families.length === 1 ? 'SingleStack' : 'RequireDualStack');
  const first = families[0] ?? 'IPv4';
  const second = first === 'IPv4' ? 'IPv6' : 'IPv4';
  return {
    ...spec,
    ipFamilyPolicy: policy,
    ipFamilies:
      families.length > 1 || policy === 'SingleStack'
        ? [...(families.length === 0 ? [first] : families)]
        : [first, second],
  };
}

function withAddress({ allocator, service, old, taken }: Wish, spec: ServiceSpec): ServiceSpec {
  if (isHeadless(spec)) return spec;
  const held = old === undefined ? [] : ipsOf(old);
  const asked = spec.clusterIPs ?? [];
  if (asked.length === 0) {
    const ip = allocator.nextIp();
    if (ip === undefined) throw internalError('failed to allocate a serviceIP: range is full');
    taken.ips.push(ip);
    return { ...spec, clusterIP: ip, clusterIPs: [ip] };
  }
  for (const ip of asked) {
    if (held.includes(ip) || ipFaults('', ip).length > 0 || isIPv6(ip)) continue;
    takeAddress(allocator, service, ip, asked);
    taken.ips.push(ip);
  }
  return spec;
}

function takeAddress(
  allocator: ServiceAllocator,
  service: Service,
  ip: string,
  asked: readonly string[],
): void {
  const why = !allocator.contains(ip)
    ? 'the provided network does not match the current range'
    : allocator.takeIp(ip)
      ? undefined
      : 'provided IP is already allocated';
  if (why === undefined) return;
  refuse(service, [invalidValue('spec.clusterIPs', asked, `failed to allocate IP ${ip}: ${why}`)]);
}

function withNodePorts(wish: Wish, spec: ServiceSpec): ServiceSpec {
  const { old } = wish;
  const mayHold = spec.type === 'NodePort' || spec.type === 'LoadBalancer';
  if (!mayHold || spec.ports === undefined) return spec;
  const held = old === undefined ? [] : portsOf(old);
  const ports: Port[] = [];
  for (const [i, port] of spec.ports.entries()) {
    const asked = port.nodePort ?? 0;
    if (asked !== 0) {
      if (!held.includes(asked) && !isShared(port, ports)) takePort(wish, i, asked);
      ports.push(port);
    } else ports.push(needsNodePorts(spec) ? withFreePort(wish, port, ports) : port);
  }
  return { ...spec, ports };
}

type Port = NonNullable<ServiceSpec['ports']>[number];

/** Ports of other protocols in the same Service may have the same node port: DNS is served so. */
function isShared(port: Port, before: readonly Port[]): boolean {
  return before.some((each) => each.nodePort === port.nodePort && each.protocol !== port.protocol);
}

function withFreePort({ allocator, taken }: Wish, port: Port, before: readonly Port[]): Port {
  const twin = before.find((each) => each.port === port.port && each.protocol !== port.protocol);
  if (twin?.nodePort !== undefined) return { ...port, nodePort: twin.nodePort };
  const number = allocator.nextPort();
  if (number === undefined) throw internalError('failed to allocate a nodePort: range is full');
  taken.ports.push(number);
  return { ...port, nodePort: number };
}

function takePort({ allocator, service, taken }: Wish, index: number, port: number): void {
  const { low, high } = nodePortRange;
  const path = `spec.ports[${index}].nodePort`;
  if (port < low || port > high) {
    const text = `provided port is not in the valid range. The range of valid ports is ${low}-${high}`;
    refuse(service, [invalidValue(path, port, text)]);
  }
  if (!allocator.takePort(port)) {
    refuse(service, [invalidValue(path, port, 'provided port is already allocated')]);
  }
  taken.ports.push(port);
}

function withHealthPort({ allocator, old, taken }: Wish, spec: ServiceSpec): ServiceSpec {
  if (!needsHealthPort(spec)) return spec;
  const asked = spec.healthCheckNodePort ?? 0;
  if (asked !== 0 && asked === (old?.spec?.healthCheckNodePort ?? 0)) return spec;
  if (asked !== 0 && !allocator.takePort(asked)) {
    throw internalError(
      `failed to allocate requested HealthCheck NodePort ${asked}: provided port is already allocated`,
    );
  }
  const port = asked === 0 ? allocator.nextPort() : asked;
  if (port === undefined) throw internalError('failed to allocate a HealthCheck NodePort: range is full');
  taken.ports.push(port);
  return { ...spec, healthCheckNodePort: port };
}
