import { isDeepStrictEqual } from 'node:util';
import { endpoints } from '../../../openapi/generated/resources.ts';
import type { EndpointAddress, EndpointSubset, Endpoints } from '../../../openapi/generated/types.ts';
import { type FieldError, required } from '../../../openapi/machinery/status.ts';
import type { Strategy } from '../strategy.ts';
import { endpointsTable } from '../table/core.ts';
import { ipFaults, specialIpFaults } from '../validation/addresses.ts';
import { oneOf, portNumber, texts } from '../validation/field-errors.ts';
import { dnsLabel, dnsSubdomain, qualifiedName } from '../validation/names.ts';
import { protocols } from '../validation/protocols.ts';

export const endpointsStrategy: Strategy<Endpoints> = {
  resource: endpoints,
  allowCreateOnUpdate: true,
  defaults: withProtocols,
  validate: ({ subsets = [] }) => subsetFaults(subsets),
  validateUpdate: ({ subsets = [] }, old) =>
    isDeepStrictEqual(subsets, old.subsets ?? []) ? [] : subsetFaults(subsets),
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  table: endpointsTable,
};

function withProtocols(object: Endpoints): Endpoints {
  const { subsets } = object;
  if (subsets === undefined) return object;
  return {
    ...object,
    subsets: subsets.map((subset) =>
      subset.ports === undefined
        ? subset
        : { ...subset, ports: subset.ports.map((port) => ({ ...port, protocol: port.protocol ?? 'TCP' })) },
    ),
  };
}

function subsetFaults(subsets: readonly EndpointSubset[]): readonly FieldError[] {
  return subsets.flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }, i) => {
    const path = `subsets[${i}]`;
    const faults: FieldError[] = [];
    if (addresses.length === 0 && notReadyAddresses.length === 0) {
      faults.push(required(path, 'must specify `addresses` or `notReadyAddresses`'));
    }
    faults.push(...addresses.flatMap((each, j) => addressFaults(`${path}.addresses[${j}]`, each)));
    faults.push(
      ...notReadyAddresses.flatMap((each, j) => addressFaults(`${path}.notReadyAddresses[${j}]`, each)),
    );
    for (const [j, port] of ports.entries()) {
      const at = `${path}.ports[${j}]`;
      const name = port.name ?? '';
      if (name !== '') faults.push(...texts(`${at}.name`, name, dnsLabel));
      else if (ports.length > 1) faults.push(required(`${at}.name`));
      faults.push(
        ...portNumber(`${at}.port`, port.port),
        ...oneOf(`${at}.protocol`, port.protocol, protocols),
      );
      if (port.appProtocol !== undefined) {
        faults.push(...texts(`${at}.appProtocol`, port.appProtocol, qualifiedName));
      }
    }
    return faults;
  });
}

function addressFaults(path: string, address: EndpointAddress): readonly FieldError[] {
  return [
    ...ipFaults(`${path}.ip`, address.ip),
    ...((address.hostname ?? '') === '' ? [] : texts(`${path}.hostname`, address.hostname ?? '', dnsLabel)),
    ...(address.nodeName === undefined ? [] : texts(`${path}.nodeName`, address.nodeName, dnsSubdomain)),
    ...specialIpFaults(`${path}.ip`, address.ip),
  ];
}
