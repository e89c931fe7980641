import type { Service } from '../../openapi/generated/types.ts';

/**
 * Variables by which a container finds the services of its namespace, and the API server's in any: NAME_SERVICE_HOST,
 * NAME_SERVICE_PORT, and those that Docker once made for links.
 */
export function serviceEnv(
  services: readonly Service[],
  namespace: string,
  links: boolean,
): Map<string, string> {
  const env = new Map<string, string>();
  const api = services.find(
    ({ metadata }) => metadata?.namespace === 'default' && metadata.name === 'kubernetes',
  );
  const local = links ? services.filter(({ metadata }) => metadata?.namespace === namespace) : [];
  const chosen = new Map<string, Service>();
  if (api !== undefined) chosen.set('kubernetes', api);
  for (const service of local) if (service !== api) chosen.set(service.metadata?.name ?? '', service);
  for (const service of chosen.values()) {
    const ip = service.spec?.clusterIP ?? '';
    if (ip !== '' && ip !== 'None') addService(env, service, ip);
  }
  return env;
}

function addService(env: Map<string, string>, service: Service, ip: string): void {
  const name = variableName(service.metadata?.name ?? '');
  const ports = service.spec?.ports ?? [];
  env.set(`${name}_SERVICE_HOST`, ip);
  const host = ip.includes(':') ? `[${ip}]` : ip;
  for (const [index, { port, name: portName = '', protocol = 'TCP' }] of ports.entries()) {
    const lower = protocol.toLowerCase();
    const url = `${lower}://${host}:${port}`;
    if (index === 0) env.set(`${name}_SERVICE_PORT`, String(port)).set(`${name}_PORT`, url);
    if (portName !== '') env.set(`${name}_SERVICE_PORT_${variableName(portName)}`, String(port));
    const prefix = `${name}_PORT_${port}_${protocol.toUpperCase()}`;
    env.set(prefix, url);
    env.set(`${prefix}_PROTO`, lower);
    env.set(`${prefix}_PORT`, String(port));
    env.set(`${prefix}_ADDR`, ip);
  }
}

function variableName(text: string): string {
  return text.replaceAll('-', '_').toUpperCase();
}
