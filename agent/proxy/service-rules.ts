import { endpointChain, serviceChain } from './chain-names.ts';
import type { Endpoint } from './endpoints.ts';
import type { ServicePort } from './service-ports.ts';

/** The rules of one service port: its own chains, and its lines in the shared chains. */
export interface ServiceRules {
  readonly natChains: ReadonlyMap<string, string>;
  /** nat KUBE-SERVICES */
  readonly natServices: readonly string[];
  /** nat KUBE-NODEPORTS */
  readonly natNodePorts: readonly string[];
  /** filter KUBE-SERVICES */
  readonly filterServices: readonly string[];
  /** filter KUBE-EXTERNAL-SERVICES */
  readonly filterExternal: readonly string[];
  /** filter KUBE-PROXY-FIREWALL */
  readonly filterFirewall: readonly string[];
}

const localAddress = '-m addrtype --src-type LOCAL';

interface Names {
  readonly service: string;
  readonly local: string;
  readonly external: string;
  readonly firewall: string;
}

/** Every line stands in the form that iptables-save prints, so that a comparison of texts tells the truth. */
export function serviceRules(port: ServicePort, clusterCIDR: string): ServiceRules {
  const names: Names = {
    service: serviceChain('SVC', port.rawId, port.protocol),
    local: serviceChain('SVL', port.rawId, port.protocol),
    external: serviceChain('EXT', port.rawId, port.protocol),
    firewall: serviceChain('FW', port.rawId, port.protocol),
  };
  const inside = port.internalLocal ? port.localEndpoints : port.endpoints;
  const outside = port.externalLocal ? port.localEndpoints : port.endpoints;
  return {
    natChains: natChains(port, names, clusterCIDR),
    natServices: [
      ...(inside.length === 0
        ? []
        : [to(port, port.clusterIP, 'cluster IP', port.internalLocal ? names.local : names.service)]),
      ...(outside.length === 0 ? [] : externalLines(port, names)),
    ],
    natNodePorts:
      port.nodePort === 0 || outside.length === 0
        ? []
        : [`-p ${port.protocol} ${comment(port.id)} ${dport(port, port.nodePort)} -j ${names.external}`],
    filterServices: refusal(port, inside, port.internalLocal).map(
      (line) => `-d ${port.clusterIP}/32 ${line(port.port)}`,
    ),
    filterExternal: externalRefusals(port, outside),
    filterFirewall:
      port.sourceRanges.length === 0
        ? []
        : port.loadBalancerIPs.map(
            (ip) =>
              `-d ${ip}/32 -p ${port.protocol} ${comment(`${port.id} traffic not accepted by ${names.firewall}`)} ` +
              `${dport(port, port.port)} -j DROP`,
          ),
  };
}

function natChains(port: ServicePort, names: Names, clusterCIDR: string): Map<string, string> {
  const chains = new Map<string, string>();
  const use = chainsInUse(port);
  if (use.cluster) {
    chains.set(names.service, lines([...masquerade(port, clusterCIDR), ...balance(port, port.endpoints)]));
  }
  if (use.local) {
    const masq = port.internalLocal ? masquerade(port, clusterCIDR) : [];
    chains.set(names.local, lines([...masq, ...balance(port, port.localEndpoints)]));
  }
  if (use.external) chains.set(names.external, lines(externalChain(port, names, clusterCIDR)));
  if (use.external && port.loadBalancerIPs.length > 0 && port.sourceRanges.length > 0) {
    chains.set(names.firewall, lines(firewallChain(port, names)));
  }
  for (const endpoint of [
    ...(use.cluster ? port.endpoints : []),
    ...(use.local ? port.localEndpoints : []),
  ]) {
    chains.set(chainOf(port, endpoint), lines(endpointRules(port, endpoint)));
  }
  return chains;
}

function chainsInUse(port: ServicePort): { cluster: boolean; local: boolean; external: boolean } {
  const reachable = isReachableFromOutside(port);
  const external = reachable && (port.externalLocal ? port.localEndpoints : port.endpoints).length > 0;
  return {
    // Pods and this node reach an external address by all endpoints, also with policy Local.
    cluster: port.endpoints.length > 0 && (!port.internalLocal || external),
    local: port.localEndpoints.length > 0 && (port.internalLocal || (external && port.externalLocal)),
    external,
  };
}

function isReachableFromOutside(port: ServicePort): boolean {
  return port.nodePort !== 0 || port.externalIPs.length > 0 || port.loadBalancerIPs.length > 0;
}

/** What does not come from a pod must come back through this node. */
function masquerade(port: ServicePort, clusterCIDR: string): string[] {
  if (port.onNode) return [];
  return [
    `! -s ${clusterCIDR} -d ${port.clusterIP}/32 -p ${port.protocol} ${comment(`${port.id} cluster IP`)} ` +
      `${dport(port, port.port)} -j KUBE-MARK-MASQ`,
  ];
}

function balance(port: ServicePort, endpoints: readonly Endpoint[]): string[] {
  const sticky = port.affinitySeconds === 0 ? [] : endpoints.map((each) => rememberedRule(port, each));
  const random = endpoints.map((each, i) => {
    const left = endpoints.length - i;
    const chance = left === 1 ? '' : ` -m statistic --mode random --probability ${probabilityText(left)}`;
    return `${comment(`${port.id} -> ${textOf(each)}`)}${chance} -j ${chainOf(port, each)}`;
  });
  return [...sticky, ...random];
}

function rememberedRule(port: ServicePort, endpoint: Endpoint): string {
  const chain = chainOf(port, endpoint);
  return (
    `${comment(`${port.id} -> ${textOf(endpoint)}`)} -m recent --rcheck --seconds ${port.affinitySeconds} --reap ` +
    `--name ${chain} --mask 255.255.255.255 --rsource -j ${chain}`
  );
}

/** 1/n as the kernel keeps it (in 31 bits) and iptables-save prints it. */
export function probabilityText(n: number): string {
  return (Math.round(0x8000_0000 / n) / 0x8000_0000).toFixed(11);
}

function endpointRules(port: ServicePort, endpoint: Endpoint): string[] {
  const remember =
    port.affinitySeconds === 0
      ? ''
      : `-m recent --set --name ${chainOf(port, endpoint)} --mask 255.255.255.255 --rsource `;
  const hairpin = `-s ${endpoint.address}/32 ${comment(port.id)} -j KUBE-MARK-MASQ`;
  return [
    ...(port.onNode ? [] : [hairpin]),
    `-p ${port.protocol} ${comment(port.id)} ${remember}-m ${port.protocol} -j DNAT --to-destination ${textOf(endpoint)}`,
  ];
}

function externalLines(port: ServicePort, names: Names): string[] {
  const balancer = port.sourceRanges.length > 0 ? names.firewall : names.external;
  return [
    ...port.externalIPs.map((ip) => to(port, ip, 'external IP', names.external)),
    ...port.loadBalancerIPs.map((ip) => to(port, ip, 'loadbalancer IP', balancer)),
  ];
}

function to(port: ServicePort, address: string, what: string, chain: string): string {
  return `-d ${address}/32 -p ${port.protocol} ${comment(`${port.id} ${what}`)} ${dport(port, port.port)} -j ${chain}`;
}

function externalChain(port: ServicePort, names: Names, clusterCIDR: string): string[] {
  if (!port.externalLocal) {
    const masq = `${comment(`masquerade traffic for ${port.id} external destinations`)} -j KUBE-MARK-MASQ`;
    return [...(port.onNode ? [] : [masq]), `-j ${names.service}`];
  }
  return [
    `-s ${clusterCIDR} ${comment(`pod traffic for ${port.id} external destinations`)} -j ${names.service}`,
    `${comment(`masquerade LOCAL traffic for ${port.id} external destinations`)} ${localAddress} -j KUBE-MARK-MASQ`,
    `${comment(`route LOCAL traffic for ${port.id} external destinations`)} ${localAddress} -j ${names.service}`,
    `-j ${names.local}`,
  ];
}

function firewallChain(port: ServicePort, names: Names): string[] {
  return port.sourceRanges.map(
    (range) => `-s ${range} ${comment(`${port.id} loadbalancer IP`)} -j ${names.external}`,
  );
}

type Refusal = (port: number, match?: string) => string;

/** No endpoint anywhere: the client is told at once. None on this node, by policy: the packet is dropped. */
function refusal(port: ServicePort, chosen: readonly Endpoint[], isLocal: boolean): Refusal[] {
  if (chosen.length > 0) return [];
  const nowhere = !isLocal || port.endpoints.length === 0;
  const text = comment(`${port.id} has no ${nowhere ? '' : 'local '}endpoints`);
  const target = nowhere ? 'REJECT --reject-with icmp-port-unreachable' : 'DROP';
  return [(number, match = '') => `-p ${port.protocol} ${text} ${match}${dport(port, number)} -j ${target}`];
}

function externalRefusals(port: ServicePort, outside: readonly Endpoint[]): string[] {
  return refusal(port, outside, port.externalLocal).flatMap((line) => [
    ...(port.nodePort === 0 ? [] : [line(port.nodePort, '-m addrtype --dst-type LOCAL ')]),
    ...[...port.externalIPs, ...port.loadBalancerIPs].map((ip) => `-d ${ip}/32 ${line(port.port)}`),
  ]);
}

function chainOf(port: ServicePort, endpoint: Endpoint): string {
  return endpointChain(port.rawId, port.protocol, textOf(endpoint));
}

function textOf(endpoint: Endpoint): string {
  return `${endpoint.address}:${endpoint.port}`;
}

function dport(port: ServicePort, number: number): string {
  return `-m ${port.protocol} --dport ${number}`;
}

/** Quoted always: iptables-save quotes what has a blank, a slash or a colon in it, and ours have. */
function comment(text: string): string {
  return `-m comment --comment "${text}"`;
}

function lines(rules: readonly string[]): string {
  return rules.join('\n');
}
