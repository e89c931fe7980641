import { isDeepStrictEqual } from 'node:util';
import { isIPv6 } from 'node:net';
import { endpointSlices } from '../../../openapi/generated/resources.ts';
import type { Endpoint, EndpointSlice } from '../../../openapi/generated/types.ts';
import { type FieldError, duplicate, invalidValue, required } from '../../../openapi/machinery/status.ts';
import type { Strategy } from '../strategy.ts';
import { endpointSliceTable } from '../table/others.ts';
import { ipFaults, specialIpFaults } from '../validation/addresses.ts';
import { notSupported, oneOf, portNumber, texts, unchanged } from '../validation/field-errors.ts';
import { type TextCheck, dnsLabel, dnsSubdomain, labelValue, qualifiedName } from '../validation/names.ts';
import { protocols } from '../validation/protocols.ts';

const addressTypes = ['FQDN', 'IPv4', 'IPv6'];
const endpointsMax = 1000;
const addressesMax = 100;
const portsMax = 20000;
const hintsMax = 8;

type Port = NonNullable<EndpointSlice['ports']>[number];

function withPortDefaults(port: Port): Port {
  return { ...port, name: port.name ?? '', protocol: port.protocol ?? 'TCP' };
}

export const endpointSliceStrategy: Strategy<EndpointSlice> = {
  resource: endpointSlices,
  defaults: (slice) => {
    const ports = slice.ports as EndpointSlice['ports'] | null;
    return ports === undefined || ports === null ? slice : { ...slice, ports: ports.map(withPortDefaults) };
  },
  prepareForCreate: withoutTopology,
  prepareForUpdate: withoutTopology,
  validate: (slice) => [...typeFaults(slice), ...sliceFaults(slice)],
  validateUpdate: (slice, old) => [
    ...sliceFaults(slice),
    ...unchanged('addressType', slice.addressType, old.addressType),
  ],
  warnings: ({ addressType }) =>
    addressType === 'FQDN' ? ['spec.addressType: FQDN endpoints are deprecated'] : [],
  // Labels tie a slice to its Service, so they count; annotations do not.
  generationGrows: (slice, old) =>
    !isDeepStrictEqual(
      [slice.endpoints, slice.ports, slice.metadata?.labels ?? {}],
      [old.endpoints, old.ports, old.metadata?.labels ?? {}],
    ),
  table: endpointSliceTable,
};

/** A field of v1beta1: v1 shows it, and never takes it. */
function withoutTopology(slice: EndpointSlice): EndpointSlice {
  const endpoints = slice.endpoints as readonly Endpoint[] | null;
  if (endpoints?.some((endpoint) => endpoint.deprecatedTopology !== undefined) !== true) return slice;
  return {
    ...slice,
    endpoints: endpoints.map(({ deprecatedTopology: _topology, ...endpoint }) => endpoint),
  };
}

function typeFaults({ addressType }: EndpointSlice): FieldError[] {
  if (addressType === '') return [required('addressType')];
  return addressTypes.includes(addressType) ? [] : [notSupported('addressType', addressType, addressTypes)];
}

function sliceFaults({ endpoints, ports, addressType }: EndpointSlice): FieldError[] {
  return [
    ...endpointListFaults((endpoints as readonly Endpoint[] | null) ?? [], addressType),
    ...portListFaults(ports ?? []),
  ];
}

function tooMany(path: string, count: number, max: number): FieldError {
  const message = `Too many: ${count}: must have at most ${max} items`;
  return { field: path, reason: 'FieldValueTooMany', message };
}

function endpointListFaults(endpoints: readonly Endpoint[], type: string): FieldError[] {
  if (endpoints.length > endpointsMax) return [tooMany('endpoints', endpoints.length, endpointsMax)];
  return endpoints.flatMap((endpoint, i) => {
    const path = `endpoints[${i}]`;
    const { nodeName, hostname } = endpoint;
    const addresses = (endpoint.addresses as readonly string[] | null) ?? [];
    const faults: FieldError[] = [];
    if (addresses.length === 0) faults.push(required(`${path}.addresses`, 'must contain at least 1 address'));
    else if (addresses.length > addressesMax) {
      faults.push(tooMany(`${path}.addresses`, addresses.length, addressesMax));
    }
    addresses.forEach((address, j) =>
      faults.push(...addressFaults(`${path}.addresses`, { address, index: j, type })),
    );
    if (nodeName !== undefined) faults.push(...texts(`${path}.nodeName`, nodeName, dnsSubdomain));
    if (hostname !== undefined) faults.push(...texts(`${path}.hostname`, hostname, dnsLabel));
    if (endpoint.hints !== undefined) faults.push(...hintFaults(`${path}.hints`, endpoint.hints));
    return faults;
  });
}

interface Address {
  readonly address: string;
  readonly index: number;
  readonly type: string;
}

function addressFaults(path: string, { address, index, type }: Address): FieldError[] {
  const at = `${path}[${index}]`;
  if (type === 'FQDN') return texts(at, address, dnsSubdomain);
  const faults = ipFaults(at, address);
  if (faults.length > 0) return faults;
  const wrong = (type === 'IPv6') !== isIPv6(address);
  const family = type === 'IPv6' ? 'IPv6' : 'IPv4';
  return [
    ...(wrong ? [invalidValue(path, address, `must be an ${family} address`)] : []),
    ...specialIpFaults(at, address),
  ];
}

function hintFaults(
  path: string,
  { forZones = [], forNodes = [] }: NonNullable<Endpoint['hints']>,
): FieldError[] {
  if (forZones.length > hintsMax) return [tooMany(`${path}.forZones`, forZones.length, hintsMax)];
  return [
    ...namedHintFaults(`${path}.forZones`, forZones, labelValue),
    ...(forNodes.length > hintsMax
      ? [tooMany(`${path}.forNodes`, forNodes.length, hintsMax)]
      : namedHintFaults(`${path}.forNodes`, forNodes, dnsSubdomain)),
  ];
}

function namedHintFaults(
  path: string,
  hints: readonly { readonly name: string }[],
  check: TextCheck,
): FieldError[] {
  const names = hints.map(({ name }) => name);
  return names.flatMap((name, i) => [
    ...(names.indexOf(name) < i ? [duplicate(`${path}[${i}].name`, name)] : []),
    ...texts(`${path}[${i}].name`, name, check),
  ]);
}

function portListFaults(ports: NonNullable<EndpointSlice['ports']>): FieldError[] {
  if (ports.length > portsMax) return [tooMany('ports', ports.length, portsMax)];
  const names = new Set<string>();
  return ports.flatMap(({ name = '', protocol, port, appProtocol }, i) => {
    const path = `ports[${i}]`;
    const faults = name === '' ? [] : texts(`${path}.name`, name, dnsLabel);
    if (names.has(name)) faults.push(duplicate(`${path}.name`, name));
    names.add(name);
    faults.push(...oneOf(`${path}.protocol`, protocol, protocols));
    if (port !== undefined && port !== 0) faults.push(...portNumber(`${path}.port`, port));
    if (appProtocol !== undefined) faults.push(...texts(`${path}.appProtocol`, appProtocol, qualifiedName));
    return faults;
  });
}
