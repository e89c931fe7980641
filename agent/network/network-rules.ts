import type { FirewallPart, Jump } from '../host/firewall-plan.ts';
import { parseAddress } from './addresses.ts';
import type { PodRecord } from './pod-addresses.ts';
import { bridgeName, vxlanPort } from './names.ts';
import type { HostPort, PodNetworkConfig } from './pod-network.ts';

const jumps: readonly Jump[] = [
  { table: 'nat', from: 'PREROUTING', rank: 10, rule: '-m addrtype --dst-type LOCAL -j FLOTILLA-HOSTPORTS' },
  { table: 'nat', from: 'OUTPUT', rank: 10, rule: '-m addrtype --dst-type LOCAL -j FLOTILLA-HOSTPORTS' },
  { table: 'nat', from: 'POSTROUTING', rank: 10, rule: '-j FLOTILLA-POSTROUTING' },
  { table: 'filter', from: 'INPUT', rank: 10, rule: '-j KUBE-FIREWALL' },
  // Behind what refuses (agent/proxy), before what a firewall or Docker's policy drops.
  { table: 'filter', from: 'FORWARD', rank: 90, rule: '-j FLOTILLA-FORWARD' },
];

/** NodePorts and hostPorts on 127.0.0.1 need route_localnet; with it, a neighbour could reach what listens on 127.0.0.1 only. */
const guardLoopback =
  '! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" ' +
  '-m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP';

const masquerade = '-j MASQUERADE --random-fully';

/** Masquerading of what leaves the cluster, passage for pods' packets, host ports. `tunnelled` are the peers behind VXLAN. */
export function networkRules(
  config: PodNetworkConfig,
  pods: ReadonlyMap<string, PodRecord>,
  tunnelled: readonly string[],
): FirewallPart {
  const exposed = [...pods]
    .filter(([, pod]) => pod.hostPorts.length > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    nat: new Map([
      ['FLOTILLA-HOSTPORTS', exposed.flatMap(([uid, pod]) => hostPortRules(uid, pod)).join('\n')],
      [
        'FLOTILLA-POSTROUTING',
        [
          // A pod that calls itself through its host port must see another source than itself.
          ...exposed.map(([, { ip }]) => `-s ${ip}/32 -d ${ip}/32 ${masquerade}`),
          `-s 127.0.0.0/8 -o ${bridgeName} ${masquerade}`,
          `-s ${config.podCIDR} -d ${config.clusterCIDR} -j RETURN`,
          `-s ${config.podCIDR} -d 224.0.0.0/4 -j RETURN`,
          `-s ${config.podCIDR} ! -o ${bridgeName} ${masquerade}`,
        ].join('\n'),
      ],
    ]),
    filter: new Map([
      ['KUBE-FIREWALL', [guardLoopback, ...tunnelled.map(tunnelRule)].join('\n')],
      ['FLOTILLA-FORWARD', [`-i ${bridgeName} -j ACCEPT`, `-o ${bridgeName} -j ACCEPT`].join('\n')],
    ]),
    jumps,
  };
}

function hostPortRules(podUid: string, pod: PodRecord): string[] {
  const text = `-m comment --comment "host port of pod ${podUid.replace(/[^A-Za-z0-9-]/g, '_').slice(0, 64)}"`;
  return pod.hostPorts.filter(isSound).map((port) => {
    const protocol = port.protocol.toLowerCase();
    const only = port.hostIP === '' || port.hostIP === '0.0.0.0' ? '' : `-d ${port.hostIP}/32 `;
    return (
      `${only}-p ${protocol} ${text} -m ${protocol} --dport ${port.hostPort} ` +
      `-j DNAT --to-destination ${pod.ip}:${port.containerPort}`
    );
  });
}

/** An IPv6 address, or anything that would change a rule's shape, opens no port. */
function isSound(port: HostPort): boolean {
  const ports = [port.hostPort, port.containerPort];
  const numbers = ports.every((each) => Number.isInteger(each) && each > 0 && each <= 65_535);
  const address = port.hostIP === '' || parseAddress(port.hostIP) !== undefined;
  return numbers && address && ['TCP', 'UDP', 'SCTP'].includes(port.protocol);
}

function tunnelRule(peer: string): string {
  return `-s ${peer}/32 -p udp -m udp --dport ${vxlanPort} -j ACCEPT`;
}
