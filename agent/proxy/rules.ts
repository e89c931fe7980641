import type { Chains, FirewallPart, Jump } from '../host/firewall-plan.ts';
import type { ServiceRules } from './service-rules.ts';

/** Addresses and ports of the agent's own listeners that pods must reach through the host's own firewall. */
export interface OwnListeners {
  readonly bridge: string;
  readonly gateway: string;
  readonly ports: readonly { readonly protocol: 'tcp' | 'udp'; readonly port: number }[];
}

export interface ProxyRulesInput {
  /** In the order in which they are to stand. */
  readonly services: Iterable<ServiceRules>;
  readonly serviceCIDR: string;
  readonly own: OwnListeners;
}

const portals = '-m comment --comment "kubernetes service portals"';
const isNew = '-m conntrack --ctstate NEW';
const nodePortsLast =
  '-m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" ' +
  '-m addrtype --dst-type LOCAL -j KUBE-NODEPORTS';

/** All that the proxy wants of the firewall: shared chains first, then each service's own. */
export function proxyRules(input: ProxyRulesInput): FirewallPart {
  const nat = new Map<string, string>();
  const shared = { services: [], nodePorts: [], refused: [], refusedExternal: [], firewall: [] } as Record<
    'services' | 'nodePorts' | 'refused' | 'refusedExternal' | 'firewall',
    string[]
  >;
  for (const rules of input.services) {
    shared.services.push(...rules.natServices);
    shared.nodePorts.push(...rules.natNodePorts);
    shared.refused.push(...rules.filterServices);
    shared.refusedExternal.push(...rules.filterExternal);
    shared.firewall.push(...rules.filterFirewall);
    for (const [chain, text] of rules.natChains) nat.set(chain, text);
  }
  nat.set('KUBE-SERVICES', [...shared.services, nodePortsLast].join('\n'));
  nat.set('KUBE-NODEPORTS', shared.nodePorts.join('\n'));
  nat.set('KUBE-MARK-MASQ', '-j MARK --set-xmark 0x4000/0x4000');
  nat.set('KUBE-POSTROUTING', postrouting.join('\n'));
  const filter: Chains = new Map([
    ['KUBE-SERVICES', [...shared.refused, refuseRest(input.serviceCIDR)].join('\n')],
    ['KUBE-EXTERNAL-SERVICES', shared.refusedExternal.join('\n')],
    ['KUBE-PROXY-FIREWALL', shared.firewall.join('\n')],
    ['KUBE-FORWARD', forward(input.own.bridge).join('\n')],
    ['FLOTILLA-INPUT', input.own.ports.map((each) => inputRule(input.own, each)).join('\n')],
  ]);
  return { nat, filter, jumps };
}

const postrouting = [
  '-m mark ! --mark 0x4000/0x4000 -j RETURN',
  '-j MARK --set-xmark 0x4000/0x0',
  '-m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
];

/**
 * An address of the Services that is still the destination here belongs to no port of any: as kube-proxy's nftables mode refuses it.
 * Without this rule the packet would leave by the default route, and who answers out there would be taken for the Service.
 */
function refuseRest(serviceCIDR: string): string {
  const why = '-m comment --comment "no Service has this address and port"';
  return `-d ${serviceCIDR} ${why} -j REJECT --reject-with icmp-port-unreachable`;
}

/** A pod's packet that belongs to no known connection would leave with the pod's own address: the peer would reset. */
function forward(bridge: string): string[] {
  return [
    `-i ${bridge} -m conntrack --ctstate INVALID -j DROP`,
    '-m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT',
    '-m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
  ];
}

/** Refusals stand before what accepts pod traffic (FLOTILLA-FORWARD, rank 90, of agent/network). */
const jumps: readonly Jump[] = [
  { table: 'nat', from: 'PREROUTING', rank: 20, rule: `${portals} -j KUBE-SERVICES` },
  { table: 'nat', from: 'OUTPUT', rank: 20, rule: `${portals} -j KUBE-SERVICES` },
  {
    table: 'nat',
    from: 'POSTROUTING',
    rank: 20,
    rule: '-m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING',
  },
  ...(['INPUT', 'FORWARD', 'OUTPUT'] as const).map((from) => ({
    table: 'filter' as const,
    from,
    rank: 20,
    rule: `${isNew} -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL`,
  })),
  {
    table: 'filter',
    from: 'FORWARD',
    rank: 30,
    rule: '-m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD',
  },
  ...(['FORWARD', 'OUTPUT'] as const).map((from) => ({
    table: 'filter' as const,
    from,
    rank: 40,
    rule: `${isNew} ${portals} -j KUBE-SERVICES`,
  })),
  ...(['INPUT', 'FORWARD'] as const).map((from) => ({
    table: 'filter' as const,
    from,
    rank: 50,
    rule: `${isNew} -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES`,
  })),
  { table: 'filter', from: 'INPUT', rank: 90, rule: '-j FLOTILLA-INPUT' },
];

function inputRule(own: OwnListeners, { protocol, port }: OwnListeners['ports'][number]): string {
  return `-d ${own.gateway}/32 -i ${own.bridge} -p ${protocol} -m ${protocol} --dport ${port} -j ACCEPT`;
}
