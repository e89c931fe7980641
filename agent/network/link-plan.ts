import { addressText, contains, gatewayOf, macOf, parseRange } from './addresses.ts';
import { bridgeName, podLinkName, routeProtocol, vxlanId, vxlanName, vxlanPort } from './names.ts';
import type { PodNetworkConfig } from './pod-network.ts';
import type { Link, Route, Snapshot } from './snapshot.ts';

/** VXLAN over IPv4: outer Ethernet, IP, UDP and VXLAN headers. */
const vxlanBytes = 50;

export interface LinkPlan {
  /** Lines for `ip -batch`. */
  readonly ip: readonly string[];
  /** Lines for `bridge -batch`. */
  readonly bridge: readonly string[];
  /** For the links of pods that come later. */
  readonly mtu: number;
  /** Addresses of the peers that are reached through the tunnel. */
  readonly tunnelled: readonly string[];
  /** Links over which pods' packets come and go. */
  readonly links: readonly string[];
}

interface Uplink {
  readonly name: string;
  readonly mtu: number;
  readonly address: string;
}

interface PeerPath {
  readonly podCIDR: string;
  readonly address: string;
  /** Undefined: not on a link of ours, so through the tunnel. */
  readonly link: string | undefined;
}

/** What brings links and routes from `snapshot` to `config`. Nothing when they are there. */
export function planLinks(snapshot: Snapshot, config: PodNetworkConfig, nodeIP: string): LinkPlan {
  const uplink = findUplink(snapshot, nodeIP);
  const paths = peerPaths(snapshot, config);
  const tunnelled = paths.filter((path) => path.link === undefined);
  const mtu = tunnelled.length > 0 ? uplink.mtu - vxlanBytes : uplink.mtu;
  const gateway = gatewayOf(parseRange(config.podCIDR));
  const tunnel = planTunnel(snapshot, config, uplink, tunnelled);
  return {
    ip: [
      ...planBridge(snapshot, `${gateway}/${parseRange(config.podCIDR).prefix}`, mtu),
      ...planPorts(snapshot),
      ...tunnel.ip,
      ...planRoutes(snapshot.routes, paths),
    ],
    bridge: tunnel.bridge,
    mtu,
    tunnelled: tunnelled.map((path) => path.address).sort(),
    links: [bridgeName, uplink.name, ...(tunnelled.length > 0 ? [vxlanName] : [])],
  };
}

/** The link that has the node's address, or the default route's. Rejects when there is neither. */
export function findUplink(snapshot: Snapshot, nodeIP: string): Uplink {
  const link =
    snapshot.links.find((each) => each.addresses.some(({ address }) => address === nodeIP)) ??
    snapshot.links.find((each) => each.name === snapshot.defaultRoute?.link);
  const address = link?.addresses.find((each) => each.address === nodeIP) ?? link?.addresses[0];
  if (link === undefined || address === undefined) {
    throw new Error(
      `Cannot find this node's address: no link has ${nodeIP === '' ? 'a default route' : nodeIP}; name it as the Host's address`,
    );
  }
  return { name: link.name, mtu: link.mtu, address: address.address };
}

function peerPaths(snapshot: Snapshot, config: PodNetworkConfig): PeerPath[] {
  const own = new Set(snapshot.links.flatMap((link) => link.addresses.map((each) => each.address)));
  const neighbourhoods = snapshot.links
    .filter(
      (link) => link.up && link.name !== bridgeName && link.name !== vxlanName && link.kind !== 'bridge',
    )
    .flatMap((link) =>
      link.addresses.map((each) => ({
        link: link.name,
        range: parseRange(`${each.address}/${each.prefix}`),
      })),
    )
    .filter(({ range }) => range.prefix < 32);
  return config.peers
    .filter((peer) => !own.has(peer.address) && peer.podCIDR !== config.podCIDR)
    .map(({ podCIDR, address }) => ({
      podCIDR,
      address,
      link: neighbourhoods.find(({ range }) => contains(range, address))?.link,
    }));
}

function planBridge(snapshot: Snapshot, address: string, mtu: number): string[] {
  const has = snapshot.links.find((link) => link.name === bridgeName);
  const mac = macOf('bridge', address.slice(0, address.indexOf('/')));
  const lines: string[] = [];
  if (has?.kind !== 'bridge') {
    lines.push(`link add ${bridgeName} address ${mac} mtu ${mtu} type bridge`);
  } else if (has.mtu !== mtu || has.mac !== mac) {
    lines.push(`link set ${bridgeName} address ${mac} mtu ${mtu}`);
  }
  const texts = (has?.addresses ?? []).map((each) => `${each.address}/${each.prefix}`);
  for (const text of texts) if (text !== address) lines.push(`addr del ${text} dev ${bridgeName}`);
  if (!texts.includes(address)) lines.push(`addr add ${address} dev ${bridgeName}`);
  if (has?.up !== true) lines.push(`link set ${bridgeName} up`);
  return lines;
}

/** Pods' links whose bridge was deleted by somebody. */
function planPorts(snapshot: Snapshot): string[] {
  return snapshot.links
    .filter((link) => podLinkName.test(link.name) && link.kind === 'veth' && link.master !== bridgeName)
    .flatMap((link) => portLines(link.name));
}

/** Joins a pod's link to the bridge. With hairpin, since with bridge-nf-call-iptables a pod's call to itself stays in the bridge. */
export function portLines(name: string): string[] {
  return [`link set ${name} master ${bridgeName} up`, `link set ${name} type bridge_slave hairpin on`];
}

function planTunnel(
  snapshot: Snapshot,
  config: PodNetworkConfig,
  uplink: Uplink,
  peers: readonly PeerPath[],
): { readonly ip: string[]; readonly bridge: string[] } {
  const has = snapshot.links.find((link) => link.name === vxlanName);
  const remove = has === undefined ? [] : [`link del ${vxlanName}`];
  if (peers.length === 0) return { ip: remove, bridge: [] };
  const own = tunnelAddress(config.podCIDR);
  if (has === undefined || !isTunnelOf(has, uplink)) {
    const entries = planEntries(undefined, peers);
    const make = [addTunnelLine(uplink), `addr add ${own}/32 dev ${vxlanName}`, `link set ${vxlanName} up`];
    return { ip: [...remove, ...make, ...entries.ip], bridge: entries.bridge };
  }
  const entries = planEntries(snapshot, peers);
  const repair = [
    ...(has.addresses[0]?.address === own ? [] : [`addr replace ${own}/32 dev ${vxlanName}`]),
    ...(has.up ? [] : [`link set ${vxlanName} up`]),
  ];
  return { ip: [...repair, ...entries.ip], bridge: entries.bridge };
}

function addTunnelLine(uplink: Uplink): string {
  return (
    `link add ${vxlanName} address ${macOf('vxlan', uplink.address)} mtu ${uplink.mtu - vxlanBytes} type vxlan ` +
    `id ${vxlanId} dstport ${vxlanPort} local ${uplink.address} dev ${uplink.name} nolearning`
  );
}

function isTunnelOf(link: Link, uplink: Uplink): boolean {
  const { vxlan } = link;
  const same = vxlan?.id === vxlanId && vxlan.local === uplink.address && vxlan.port === vxlanPort;
  return same && link.mtu === uplink.mtu - vxlanBytes && link.mac === macOf('vxlan', uplink.address);
}

function planEntries(
  snapshot: Snapshot | undefined,
  peers: readonly PeerPath[],
): { readonly ip: string[]; readonly bridge: string[] } {
  const ip: string[] = [];
  const bridge: string[] = [];
  const neighbours = snapshot?.tunnel.neighbours ?? new Map<string, string>();
  const forwards = snapshot?.tunnel.forwards ?? new Map<string, string>();
  const macs = new Map(peers.map((peer) => [macOf('vxlan', peer.address), peer]));
  const addresses = new Set(peers.map((peer) => tunnelAddress(peer.podCIDR)));
  for (const [mac, peer] of macs) {
    const address = tunnelAddress(peer.podCIDR);
    if (neighbours.get(address) !== mac) {
      ip.push(`neigh replace ${address} lladdr ${mac} dev ${vxlanName} nud permanent`);
    }
    if (forwards.get(mac) !== peer.address)
      bridge.push(`fdb replace ${mac} dev ${vxlanName} dst ${peer.address}`);
  }
  for (const address of neighbours.keys()) {
    if (!addresses.has(address)) ip.push(`neigh del ${address} dev ${vxlanName}`);
  }
  for (const [mac, node] of forwards) {
    if (!macs.has(mac)) bridge.push(`fdb del ${mac} dev ${vxlanName} dst ${node}`);
  }
  return { ip, bridge };
}

/** A node's end of the tunnel: the network address of its range, which no pod gets. */
function tunnelAddress(podCIDR: string): string {
  return addressText(parseRange(podCIDR).first);
}

function planRoutes(has: readonly Route[], paths: readonly PeerPath[]): string[] {
  const wants: Route[] = paths.map((path) => ({
    destination: path.podCIDR,
    via: path.link === undefined ? tunnelAddress(path.podCIDR) : path.address,
    link: path.link ?? vxlanName,
  }));
  const wanted = new Set(wants.map((route) => route.destination));
  const known = new Map(has.map((route) => [route.destination, route]));
  return [
    ...has
      .filter((route) => !wanted.has(route.destination))
      .map((route) => `route del ${route.destination} proto ${routeProtocol}`),
    ...wants.filter((route) => !isSameRoute(known.get(route.destination), route)).map(routeLine),
  ];
}

function routeLine(route: Route): string {
  const onLink = route.link === vxlanName ? ' onlink' : '';
  return `route replace ${route.destination} via ${route.via ?? ''} dev ${route.link}${onLink} proto ${routeProtocol}`;
}

function isSameRoute(a: Route | undefined, b: Route): boolean {
  return a !== undefined && a.via === b.via && a.link === b.link;
}
