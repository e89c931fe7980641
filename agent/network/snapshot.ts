import type { Host } from '../host/host.ts';
import { routeProtocol, vxlanName } from './names.ts';

export interface Link {
  readonly name: string;
  readonly mtu: number;
  readonly mac: string;
  readonly up: boolean;
  readonly master: string | undefined;
  /** "bridge", "veth", "vxlan" …; undefined for a physical one. */
  readonly kind: string | undefined;
  /** Of a VXLAN link. */
  readonly vxlan: { readonly id: number; readonly local: string; readonly port: number } | undefined;
  readonly addresses: readonly { readonly address: string; readonly prefix: number }[];
}

export interface Route {
  readonly destination: string;
  readonly via: string | undefined;
  readonly link: string;
}

/** A neighbour (address -> MAC) and the forwarding entry (MAC -> node) of each tunnelled peer. */
export interface TunnelEntries {
  readonly neighbours: ReadonlyMap<string, string>;
  readonly forwards: ReadonlyMap<string, string>;
}

export interface Snapshot {
  readonly links: readonly Link[];
  /** Only those that carry our protocol number. */
  readonly routes: readonly Route[];
  readonly defaultRoute: { readonly link: string } | undefined;
  readonly tunnel: TunnelEntries;
}

interface IpLink {
  readonly ifname: string;
  readonly mtu: number;
  readonly address?: string;
  readonly flags?: readonly string[];
  readonly master?: string;
  readonly linkinfo?: {
    readonly info_kind?: string;
    readonly info_data?: { readonly id?: number; readonly local?: string; readonly port?: number };
  };
  readonly addr_info?: readonly {
    readonly family: string;
    readonly local?: string;
    readonly prefixlen?: number;
  }[];
}
interface IpRoute {
  readonly dst: string;
  readonly gateway?: string;
  readonly dev: string;
}
interface IpNeighbour {
  readonly dst: string;
  readonly lladdr?: string;
}
interface BridgeForward {
  readonly mac: string;
  readonly dst?: string;
}

/** Reads links, addresses and our own routes as the kernel has them. */
export async function readSnapshot(host: Host, signal: AbortSignal): Promise<Snapshot> {
  const links = (await readJson<IpLink>(host, ['ip', '-j', '-d', 'addr', 'show'], signal)).map(toLink);
  const routes = await readJson<IpRoute>(
    host,
    ['ip', '-j', '-4', 'route', 'show', 'proto', routeProtocol],
    signal,
  );
  const defaults = await readJson<IpRoute>(host, ['ip', '-j', '-4', 'route', 'show', 'default'], signal);
  const hasTunnel = links.some((link) => link.name === vxlanName);
  return {
    links,
    routes: routes.map(toRoute),
    defaultRoute: defaults[0] === undefined ? undefined : { link: defaults[0].dev },
    tunnel: hasTunnel ? await readTunnel(host, signal) : { neighbours: new Map(), forwards: new Map() },
  };
}

async function readTunnel(host: Host, signal: AbortSignal): Promise<TunnelEntries> {
  const neighbours = await readJson<IpNeighbour>(
    host,
    ['ip', '-j', '-4', 'neigh', 'show', 'dev', vxlanName, 'nud', 'permanent'],
    signal,
  );
  const forwards = await readJson<BridgeForward>(
    host,
    ['bridge', '-j', 'fdb', 'show', 'dev', vxlanName],
    signal,
  );
  return {
    neighbours: new Map(neighbours.map((each) => [each.dst, each.lladdr ?? ''])),
    forwards: new Map(
      forwards.flatMap((each) => (each.dst === undefined ? [] : [[each.mac, each.dst] as const])),
    ),
  };
}

async function readJson<T>(
  host: Host,
  command: readonly string[],
  signal: AbortSignal,
): Promise<readonly T[]> {
  const [program = '', ...args] = command;
  const { stdout } = await host.run(program, args, { signal });
  // Old iproute2 prints nothing at all for an empty list, and an empty object for a link that was filtered out.
  const list = (stdout.trim() === '' ? [] : JSON.parse(stdout)) as readonly T[];
  return list.filter((each) => Object.keys(each as object).length > 0);
}

function toRoute(route: IpRoute): Route {
  const destination = route.dst.includes('/') ? route.dst : `${route.dst}/32`;
  return { destination, via: route.gateway, link: route.dev };
}

function toLink(link: IpLink): Link {
  const kind = link.linkinfo?.info_kind;
  return {
    name: link.ifname,
    mtu: link.mtu,
    mac: link.address ?? '',
    up: link.flags?.includes('UP') ?? false,
    master: link.master,
    kind,
    vxlan: kind === 'vxlan' ? tunnelOf(link.linkinfo?.info_data) : undefined,
    addresses: (link.addr_info ?? []).flatMap((each) => {
      const { family, local, prefixlen = 32 } = each;
      return family === 'inet' && local !== undefined ? [{ address: local, prefix: prefixlen }] : [];
    }),
  };
}

function tunnelOf(data: { id?: number; local?: string; port?: number } = {}): Link['vxlan'] {
  return { id: data.id ?? 0, local: data.local ?? '', port: data.port ?? 0 };
}
