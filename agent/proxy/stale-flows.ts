import type { Host } from '../host/host.ts';
import type { ServicePort } from './service-ports.ts';

/** What the kernel's connection table must forget. UDP has no end of a connection: a busy client would go astray for ever. */
export type StaleFlow =
  | { readonly address: string; readonly port: number; readonly endpoint: string | undefined }
  | { readonly address: undefined; readonly port: number; readonly endpoint: string | undefined };

/** Flows of UDP ports whose endpoint is gone, and flows that were refused (or went elsewhere) before the first endpoint came. */
export function staleFlows(before: readonly ServicePort[], after: readonly ServicePort[]): StaleFlow[] {
  const byId = new Map(after.map((port) => [idOf(port), port]));
  const gone = before.filter(isUdp).flatMap((old) => {
    const now = byId.get(idOf(old));
    const left = new Set(now?.clusterIP === old.clusterIP ? now.endpoints.map((each) => each.address) : []);
    return old.endpoints
      .filter((each) => !left.has(each.address))
      .flatMap((each) => flowsTo(old, each.address));
  });
  const oldById = new Map(before.map((port) => [idOf(port), port]));
  const come = after
    .filter(isUdp)
    .filter((port) => port.endpoints.length > 0 && (oldById.get(idOf(port))?.endpoints ?? []).length === 0)
    .flatMap((port) => flowsTo(port, undefined));
  return [...gone, ...come];
}

function isUdp(port: ServicePort): boolean {
  return port.protocol === 'udp';
}

function idOf(port: ServicePort): string {
  return `${port.rawId} ${port.protocol}`;
}

function flowsTo(port: ServicePort, endpoint: string | undefined): StaleFlow[] {
  const addresses = [port.clusterIP, ...port.externalIPs, ...port.loadBalancerIPs];
  return [
    ...addresses.map((address) => ({ address, port: port.port, endpoint })),
    ...(port.nodePort === 0 ? [] : [{ address: undefined, port: port.nodePort, endpoint }]),
  ];
}

/** Deletes the flows; false when the host has no `conntrack` program. */
export async function forgetFlows(
  host: Host,
  flows: readonly StaleFlow[],
  signal: AbortSignal,
): Promise<boolean> {
  for (const flow of flows) {
    const args = ['-D', '-p', 'udp', '--orig-port-dst', String(flow.port)];
    if (flow.address !== undefined) args.push('--orig-dst', flow.address);
    if (flow.endpoint !== undefined) args.push('--dst-nat', flow.endpoint);
    // It ends with 1 when there was no such flow.
    const result = await host.run('conntrack', args, { allowFailure: true, signal }).catch(() => undefined);
    if (result === undefined) return false;
  }
  return true;
}
