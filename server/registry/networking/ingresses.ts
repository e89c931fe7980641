import { ingresses } from '../../../openapi/generated/resources.ts';
import type { Ingress, IngressBackend, IngressSpec } from '../../../openapi/generated/types.ts';
import { type FieldError, invalidValue, required } from '../../../openapi/machinery/status.ts';
import { specChanged } from '../spec-changed.ts';
import type { Strategy } from '../strategy.ts';
import { ingressTable } from '../table/others.ts';
import { isIP } from 'node:net';
import { notSupported, portNumber, texts } from '../validation/field-errors.ts';
import { dnsLabel, dnsSubdomain, pathSegment, portName, wildcardSubdomain } from '../validation/names.ts';

const oldClass = 'kubernetes.io/ingress.class';

export const ingressStrategy: Strategy<Ingress> = {
  resource: ingresses,
  validate: ({ spec }) => specFaults(spec ?? {}),
  warnings: ({ metadata }, old) =>
    old === undefined && metadata?.annotations?.[oldClass] !== undefined
      ? [`annotation "${oldClass}" is deprecated, please use 'spec.ingressClassName' instead`]
      : [],
  generationGrows: specChanged,
  table: ingressTable,
};

function specFaults(spec: IngressSpec): FieldError[] {
  const { rules = [], defaultBackend, ingressClassName, tls = [] } = spec;
  const faults: FieldError[] = [];
  if (rules.length === 0 && defaultBackend === undefined) {
    faults.push(
      invalidValue('spec', spec.rules ?? null, 'either `defaultBackend` or `rules` must be specified'),
    );
  }
  if (defaultBackend !== undefined) faults.push(...backendFaults('spec.defaultBackend', defaultBackend));
  faults.push(...ruleFaults(spec));
  for (const [i, { hosts = [], secretName = '' }] of tls.entries()) {
    const at = `spec.tls[${i}]`;
    hosts.forEach((host, j) => faults.push(...hostFaults(`${at}.hosts[${j}]`, host)));
    if (secretName !== '') faults.push(...texts(`${at}.secretName`, secretName, dnsSubdomain));
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
      const type = path.pathType as string | null | undefined;
      if (type === undefined || type === null) {
        faults.push(required(`${at}.http.paths[${j}].pathType`, 'pathType must be specified'));
        continue;
      }
      faults.push(...pathFaults(`${at}.http.paths[${j}]`, type, path.path ?? ''));
      faults.push(...backendFaults(`${at}.http.paths[${j}].backend`, path.backend));
    }
    return faults;
  });
}

const unwanted: readonly string[] = ['//', '/./', '/../', '%2f', '%2F'];

function pathFaults(at: string, type: string, path: string): FieldError[] {
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
    const group = resource.apiGroup as string | null | undefined;
    return [
      ...(group === undefined || group === null
        ? []
        : texts(`${path}.resource.apiGroup`, group, dnsSubdomain)),
      ...(['kind', 'name'] as const).flatMap((field) =>
        resource[field] === ''
          ? [required(`${path}.resource.${field}`)]
          : texts(`${path}.resource.${field}`, resource[field], pathSegment),
      ),
    ];
  }
  if (service === undefined) return [invalidValue(path, '', 'resource or service backend is required')];
  return serviceFaults(path, service);
}

type Service = NonNullable<IngressBackend['service']>;

/** Faults of the port are told of the backend as a whole. */
function serviceFaults(backend: string, { name, port }: Service): FieldError[] {
  const path = `${backend}.service`;
  const faults = name === '' ? [required(`${path}.name`)] : texts(`${path}.name`, name, dnsLabel);
  const { name: byName = '', number = 0 } = port ?? {};
  if (byName !== '' && number !== 0) {
    faults.push(invalidValue(backend, '', 'cannot set both port name & port number'));
  } else if (byName !== '') faults.push(...texts(`${path}.port.name`, byName, portName));
  else if (number !== 0) faults.push(...portNumber(`${path}.port.number`, number));
  else faults.push(required(backend, 'port name or number is required'));
  return faults;
}
