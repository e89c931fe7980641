import type { EndpointSlice, Service } from '../../openapi/generated/types.ts';
import { serviceNameLabel } from '../../openapi/machinery/well-known-labels.ts';

export interface Srv {
  readonly port: number;
  readonly target: string;
}

/** What one name has. All names in lower case, without the last dot. */
export interface NameRecords {
  readonly a?: readonly string[];
  readonly srv?: readonly Srv[];
  readonly cname?: string;
}

/** What one service adds to the zone. */
export interface ServiceRecords {
  readonly names: ReadonlyMap<string, NameRecords>;
  /** IPv4 address -> name. */
  readonly reverse: ReadonlyMap<string, string>;
}

const noRecords: ServiceRecords = { names: new Map(), reverse: new Map() };
const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

export function isIPv4(text: string | undefined): text is string {
  return text !== undefined && ipv4.test(text);
}

/** The records of a service by Kubernetes' DNS specification 1.1.0; none when its names could not stand in the DNS. */
export function serviceRecords(
  service: Service,
  slices: readonly EndpointSlice[],
  zone: string,
): ServiceRecords {
  const { name = '', namespace = '' } = service.metadata ?? {};
  const { type, externalName = '', clusterIP, clusterIPs = [] } = service.spec ?? {};
  if (!label.test(name) || !label.test(namespace)) return noRecords;
  const own = `${name}.${namespace}.svc.${zone}`;
  if (type === 'ExternalName') return recordsOfExternal(own, externalName);
  if (clusterIP === 'None') return headless(own, slices);
  const addresses = new Set([clusterIP, ...clusterIPs].filter(isIPv4));
  return addresses.size === 0 ? noRecords : withAddress(own, service, [...addresses]);
}

export function slicesService(slice: EndpointSlice): string | undefined {
  const service = slice.metadata?.labels?.[serviceNameLabel];
  return service === undefined ? undefined : `${slice.metadata?.namespace ?? ''}/${service}`;
}

function recordsOfExternal(own: string, target: string): ServiceRecords {
  const cname = target.toLowerCase().replace(/\.$/, '');
  const names = new Map<string, NameRecords>();
  if (isIPv4(cname)) names.set(own, { a: [cname] });
  else if (isName(cname)) names.set(own, { cname });
  return { names, reverse: new Map() };
}

/** Whether the text is a name that the DNS can carry. */
export function isName(text: string): boolean {
  return text.length > 0 && text.length <= 253 && text.split('.').every((each) => label.test(each));
}

function withAddress(own: string, service: Service, addresses: readonly string[]): ServiceRecords {
  const names = new Map<string, NameRecords>();
  const ports = service.spec?.ports ?? [];
  names.set(own, { a: addresses, srv: ports.map(({ port }) => ({ port, target: own })) });
  for (const each of ports) {
    const srvName = portName(each, own);
    if (srvName !== undefined) names.set(srvName, { srv: [{ port: each.port, target: own }] });
  }
  return { names, reverse: new Map(addresses.map((address) => [address, own])) };
}

interface Collected {
  readonly a: Map<string, Set<string>>;
  readonly srv: Map<string, Map<string, Srv>>;
  readonly reverse: Map<string, string>;
}

/** Without a ready endpoint the name does not exist, as the specification wants. */
function headless(own: string, slices: readonly EndpointSlice[]): ServiceRecords {
  const found: Collected = { a: new Map(), srv: new Map(), reverse: new Map() };
  for (const slice of slices) if (slice.addressType === 'IPv4') collect(own, slice, found);
  const names = new Map<string, NameRecords>();
  for (const [name, addresses] of found.a) names.set(name, { a: [...addresses] });
  for (const [name, targets] of found.srv)
    names.set(name, { ...names.get(name), srv: [...targets.values()] });
  return { names, reverse: found.reverse };
}

function collect(own: string, slice: EndpointSlice, found: Collected): void {
  for (const endpoint of slice.endpoints ?? []) {
    const address = endpoint.addresses[0];
    if (!isIPv4(address) || endpoint.conditions?.ready === false) continue;
    const hostname = endpoint.hostname?.toLowerCase() ?? '';
    const named = label.test(hostname);
    const target = `${named ? hostname : address.replaceAll('.', '-')}.${own}`;
    addTo(found.a, own, address);
    addTo(found.a, target, address);
    if (named) found.reverse.set(address, target);
    for (const each of slice.ports ?? []) addPort({ own, target, ...each }, found);
  }
}

function addPort(
  each: {
    readonly own: string;
    readonly target: string;
    readonly name?: string | undefined;
    readonly protocol?: string | undefined;
    readonly port?: number | undefined;
  },
  found: Collected,
): void {
  if (each.port === undefined) return;
  const srv = { port: each.port, target: each.target };
  for (const name of [each.own, portName(each, each.own)]) {
    if (name === undefined) continue;
    const targets = found.srv.get(name) ?? new Map<string, Srv>();
    targets.set(`${each.port} ${each.target}`, srv);
    found.srv.set(name, targets);
  }
}

function addTo(map: Map<string, Set<string>>, key: string, value: string): void {
  const set = map.get(key) ?? new Set<string>();
  set.add(value);
  map.set(key, set);
}

function portName(
  port: { readonly name?: string | undefined; readonly protocol?: string | undefined },
  own: string,
): string | undefined {
  const name = port.name?.toLowerCase() ?? '';
  const protocol = (port.protocol ?? 'TCP').toLowerCase();
  return label.test(name) && label.test(protocol) ? `_${name}._${protocol}.${own}` : undefined;
}
