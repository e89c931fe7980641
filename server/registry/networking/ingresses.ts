import { ingresses } from '../../../openapi/generated/resources.ts';
import type { Ingress, IngressBackend, IngressSpec } from '../../../openapi/generated/types.ts';
import { type FieldError, invalidValue, required } from '../../../openapi/machinery/status.ts';
import { specChanged } from '../spec-changed.ts';
import type { Strategy } from '../strategy.ts';
import { ingressTable } from '../table/others.ts';
import { isIP } from 'node:net';
import { notSupported, portNumber, texts } from '../validation/field-errors.ts';
import { dns1035Label, dnsSubdomain, pathSegment, portName, wildcardSubdomain } from '../validation/names.ts';

export const ingressStrategy: Strategy<Ingress> = {
  resource: ingresses,
  validate: ({ spec }) => specFaults(spec ?? {}),
  generationGrows: specChanged,
  table: ingressTable,
};

function specFaults(spec: IngressSpec): FieldError[] {
  const { rules = [], defaultBackend, ingressClassName, tls = [] } = spec;
  const faults: FieldError[] = [];
  if (rules.length === 0 && defaultBackend === undefined) {
    faults.push(invalidValue('spec', rules, 'either `defaultBackend` or `rules` must be specified'));
  }
  if (defaultBackend !== undefined) faults.push(...backendFaults('spec.defaultBackend', defaultBackend));
  faults.push(...ruleFaults(spec));
  for (const [i, { hosts = [] }] of tls.entries()) {
    hosts.forEach((host, j) => faults.push(...hostFaults(`spec.tls[${i}].hosts[${j}]`, host)));
  }
  if (ingressClassName !== undefined)
    faults.push(...texts('spec.ingressClassName', ingressClassName, dnsSubdomain));
  return faults;
}

function hostFaults(path: string, host: string): FieldError[] {
  return texts(path, host, host.includes('*') ? wildcardSubdomain : dnsSubdomain);
}

function ruleFaults({ rules = [] }: IngressSpec): FieldError[] {
  return rules.flatMap(({ host = '', http }, i) => {
    const at = `spec.rules[${i}]`;
    const faults: FieldError[] = [];
    if (isIP(host) !== 0) {
      faults.push(invalidValue(`${at}.host`, host, 'must be a DNS name, not an IP address'));
    } else if (host !== '') faults.push(...hostFaults(`${at}.host`, host));
    if (http === undefined) return faults;
    const paths = (http.paths as typeof http.paths | null) ?? [];
    if (paths.length === 0) faults.push(required(`${at}.http.paths`));
    for (const [j, path] of paths.entries()) {
      faults.push(...pathFaults(`${at}.http.paths[${j}]`, path.pathType, path.path ?? ''));
      faults.push(...backendFaults(`${at}.http.paths[${j}].backend`, path.backend));
    }
    return faults;
  });
}

const unwanted: readonly string[] = ['//', '/./', '/../', '%2f', '%2F'];

function pathFaults(at: string, type: string | undefined, path: string): FieldError[] {
  if (type === undefined || type === '') return [required(`${at}.pathType`, 'pathType must be specified')];
  if (type === 'Exact' || type === 'Prefix') {
    const faults = path.startsWith('/') ? [] : [invalidValue(`${at}.path`, path, 'must be an absolute path')];
    if (path === '') return faults;
    for (const part of unwanted) {
      if (path.includes(part)) faults.push(invalidValue(`${at}.path`, path, `must not contain '${part}'`));
    }
    for (const end of ['/..', '/.']) {
      if (path.endsWith(end)) faults.push(invalidValue(`${at}.path`, path, `cannot end with '${end}'`));
    }
    return faults;
  }
  if (type !== 'ImplementationSpecific') {
    return [notSupported(`${at}.pathType`, type, ['Exact', 'ImplementationSpecific', 'Prefix'])];
  }
  return path === '' || path.startsWith('/')
    ? []
    : [invalidValue(`${at}.path`, path, 'must be an absolute path')];
}

function backendFaults(path: string, { service, resource }: IngressBackend): FieldError[] {
  if (service !== undefined && resource !== undefined) {
    const text = 'cannot set both resource and service backends';
    return [invalidValue(path, '', text)];
  }
  if (resource !== undefined) {
    return (['kind', 'name'] as const).flatMap((field) =>
      resource[field] === ''
        ? [required(`${path}.resource.${field}`)]
        : texts(`${path}.resource.${field}`, resource[field], pathSegment),
    );
  }
  if (service === undefined) return [required(path, 'resource or service backend is required')];
  return serviceFaults(`${path}.service`, service);
}

type Service = NonNullable<IngressBackend['service']>;

function serviceFaults(path: string, { name, port }: Service): FieldError[] {
  const faults = name === '' ? [required(`${path}.name`)] : texts(`${path}.name`, name, dns1035Label);
  const { name: byName = '', number = 0 } = port ?? {};
  if (byName !== '' && number !== 0) {
    faults.push(invalidValue(path, '', 'cannot set both port name & port number'));
  } else if (byName !== '') faults.push(...texts(`${path}.port.name`, byName, portName));
  else if (number !== 0) faults.push(...portNumber(`${path}.port.number`, number));
  else faults.push(required(path, 'port name or number is required'));
  return faults;
}
