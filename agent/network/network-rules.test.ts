import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { networkRules } from './network-rules.ts';
import type { PodNetworkConfig } from './pod-network.ts';

const config: PodNetworkConfig = {
  podCIDR: '10.244.1.0/24',
  clusterCIDR: '10.244.0.0/16',
  serviceCIDR: '10.96.0.0/16',
  peers: [],
};

function rulesOf(chain: string, uid: string, port: object): string[] {
  const hostPort = { hostPort: 80, containerPort: 8080, protocol: 'TCP' as const, hostIP: '', ...port };
  const rules = networkRules(config, new Map([[uid, { ip: '10.244.1.5', hostPorts: [hostPort] }]]), []);
  return (rules.nat.get(chain) ?? '').split('\n').filter(Boolean);
}

describe('networkRules()', () => {
  it('masquerades what leaves the cluster, and nothing within it', () => {
    expect(networkRules(config, new Map(), []).nat.get('FLOTILLA-POSTROUTING')?.split('\n')).toEqual([
      '-s 127.0.0.0/8 -o flotilla0 -j MASQUERADE --random-fully',
      '-s 10.244.1.0/24 -d 10.244.0.0/16 -j RETURN',
      '-s 10.244.1.0/24 -d 224.0.0.0/4 -j RETURN',
      '-s 10.244.1.0/24 ! -o flotilla0 -j MASQUERADE --random-fully',
    ]);
  });

  it('guards 127.0.0.1 from neighbours, and lets tunnelled peers in', () => {
    const guard = networkRules(config, new Map(), ['172.16.0.5']).filter.get('KUBE-FIREWALL')?.split('\n');
    expect(guard?.[0]).toMatch(/^! -s 127\.0\.0\.0\/8 -d 127\.0\.0\.0\/8 .* -j DROP$/);
    expect(guard?.[1]).toBe('-s 172.16.0.5/32 -p udp -m udp --dport 8472 -j ACCEPT');
  });

  const cases = [
    {
      name: 'on every address',
      port: {},
      want: [
        '-p tcp -m comment --comment "host port of pod u" -m tcp --dport 80 -j DNAT --to-destination 10.244.1.5:8080',
      ],
    },
    {
      name: 'on one address',
      port: { hostIP: '192.168.1.10', protocol: 'UDP' },
      want: [
        '-d 192.168.1.10/32 -p udp -m comment --comment "host port of pod u" -m udp --dport 80 -j DNAT --to-destination 10.244.1.5:8080',
      ],
    },
    { name: 'not on an IPv6 address', port: { hostIP: '::1' }, want: [] },
    { name: 'not without a number', port: { hostPort: 0 }, want: [] },
  ];
  for (const { name, port, want } of cases) {
    it(`opens a host port ${name}`, () => {
      expect(rulesOf('FLOTILLA-HOSTPORTS', 'u', port)).toEqual(want);
    });
  }

  it('lets no text of a pod change the shape of a rule', () => {
    const anything = fc.oneof(
      fc.string(),
      fc.constantFrom('"\n-A INPUT -j ACCEPT', "a' b", '1.2.3.4\n', '\\"'),
    );
    fc.assert(
      fc.property(anything, anything, anything, (uid, hostIP, protocol) => {
        for (const line of rulesOf('FLOTILLA-HOSTPORTS', uid, { hostIP, protocol })) {
          expect(line).toMatch(
            /^(?:-d [\d.]+\/32 )?-p (?:tcp|udp|sctp) -m comment --comment "host port of pod [\w-]*" -m \w+ --dport 80 -j DNAT --to-destination 10\.244\.1\.5:8080$/,
          );
        }
      }),
    );
  });
});
