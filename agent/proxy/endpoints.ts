import type { Endpoint as SliceEndpoint, EndpointSlice } from '../../openapi/generated/types.ts';
import { isIPv4, isPort } from './safe-text.ts';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

interface Candidate extends Endpoint {
  readonly ready: boolean;
  /** Terminating, yet still answering. */
  readonly lastResort: boolean;
  readonly onThisNode: boolean;
  readonly hints: SliceEndpoint['hints'];
}

interface Here {
  readonly nodeName: string;
  readonly zone: string | undefined;
}

/**
 * Where packets to a service port go: `cluster` by policy Cluster, `local` by policy Local. As kube-proxy: ready endpoints,
 * by topology hints when all have them; when none is ready, those that terminate and still serve.
 */
export function chooseEndpoints(
  slices: readonly EndpointSlice[],
  port: { readonly name: string; readonly protocol: string },
  here: Here,
): { cluster: Endpoint[]; local: Endpoint[] } {
  const all = slices
    .filter((slice) => slice.addressType === 'IPv4')
    .flatMap((slice) => candidates(slice, port, here));
  return {
    cluster: unique(nearby(preferReady(all), here)),
    local: unique(preferReady(all.filter((each) => each.onThisNode))),
  };
}

function candidates(
  slice: EndpointSlice,
  port: { readonly name: string; readonly protocol: string },
  here: Here,
): Candidate[] {
  const found = (slice.ports ?? []).find(
    (each) => (each.name ?? '') === port.name && (each.protocol ?? 'TCP') === port.protocol,
  );
  const number = found?.port;
  if (!isPort(number)) return [];
  return (slice.endpoints ?? []).flatMap((endpoint) => {
    const address = endpoint.addresses[0];
    if (!isIPv4(address)) return [];
    const { ready = true, serving = ready, terminating = false } = endpoint.conditions ?? {};
    return [
      {
        address,
        port: number,
        ready,
        lastResort: serving && terminating,
        onThisNode: endpoint.nodeName === here.nodeName,
        hints: endpoint.hints,
      },
    ];
  });
}

function preferReady(all: readonly Candidate[]): readonly Candidate[] {
  const ready = all.filter((each) => each.ready);
  return ready.length > 0 ? ready : all.filter((each) => each.lastResort);
}

/** Hints count only when every endpoint has them and some are meant for us. */
function nearby(all: readonly Candidate[], here: Here): readonly Candidate[] {
  if (all.every((each) => (each.hints?.forNodes ?? []).length > 0)) {
    const forNode = all.filter(
      (each) => each.hints?.forNodes?.some((hint) => hint.name === here.nodeName) === true,
    );
    if (forNode.length > 0) return forNode;
  }
  if (here.zone !== undefined && all.every((each) => (each.hints?.forZones ?? []).length > 0)) {
    const forZone = all.filter(
      (each) => each.hints?.forZones?.some((hint) => hint.name === here.zone) === true,
    );
    if (forZone.length > 0) return forZone;
  }
  return all;
}

/** Sorted, so that the same endpoints always give the same rules. */
function unique(all: readonly Candidate[]): Endpoint[] {
  const byText = new Map(all.map(({ address, port }) => [`${address}:${port}`, { address, port }]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, endpoint]) => endpoint);
}
