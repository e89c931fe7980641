import { describe, expect, it } from '@jest/globals';
import { planLinks } from './link-plan.ts';
import type { PodNetworkConfig } from './pod-network.ts';
import type { Link, Snapshot } from './snapshot.ts';

function link(name: string, extra: Partial<Link> = {}): Link {
  return {
    name,
    mtu: 1500,
    mac: '02:00:00:00:00:01',
    up: true,
    master: undefined,
    kind: undefined,
    vxlan: undefined,
    addresses: [],
    ...extra,
  };
}

const eth0 = link('eth0', { addresses: [{ address: '192.168.1.10', prefix: 24 }] });
const bridge = link('flotilla0', {
  kind: 'bridge',
  mac: '0a:f1:0a:f4:01:01',
  addresses: [{ address: '10.244.1.1', prefix: 24 }],
});
const tunnel = link('flotilla.vx', {
  kind: 'vxlan',
  mtu: 1450,
  mac: '0a:f2:c0:a8:01:0a',
  vxlan: { id: 61_707, local: '192.168.1.10', port: 8472 },
  addresses: [{ address: '10.244.1.0', prefix: 32 }],
});
const config: PodNetworkConfig = {
  podCIDR: '10.244.1.0/24',
  clusterCIDR: '10.244.0.0/16',
  serviceCIDR: '10.96.0.0/16',
  peers: [],
};
const near = { nodeName: 'b', address: '192.168.1.11', podCIDR: '10.244.2.0/24' };
const far = { nodeName: 'c', address: '172.16.0.5', podCIDR: '10.244.3.0/24' };

function snapshot(extra: Partial<Snapshot> = {}): Snapshot {
  return {
    links: [eth0],
    routes: [],
    defaultRoute: { link: 'eth0' },
    tunnel: { neighbours: new Map(), forwards: new Map() },
    ...extra,
  };
}

describe('planLinks()', () => {
  it('makes the bridge on a bare host', () => {
    const plan = planLinks(snapshot(), config, '');
    expect(plan.ip).toEqual([
      'link add flotilla0 address 0a:f1:0a:f4:01:01 mtu 1500 type bridge',
      'addr add 10.244.1.1/24 dev flotilla0',
      'link set flotilla0 up',
    ]);
    expect(plan).toMatchObject({ bridge: [], mtu: 1500, tunnelled: [], links: ['flotilla0', 'eth0'] });
  });

  it('routes directly to a node on a link of ours', () => {
    const plan = planLinks(snapshot({ links: [eth0, bridge] }), { ...config, peers: [near] }, '');
    expect(plan.ip).toEqual(['route replace 10.244.2.0/24 via 192.168.1.11 dev eth0 proto 176']);
  });

  it('tunnels to a node elsewhere, with a smaller MTU', () => {
    const plan = planLinks(
      snapshot({ links: [eth0, bridge] }),
      { ...config, peers: [near, far] },
      '192.168.1.10',
    );
    expect(plan.ip).toEqual([
      'link set flotilla0 address 0a:f1:0a:f4:01:01 mtu 1450',
      'link add flotilla.vx address 0a:f2:c0:a8:01:0a mtu 1450 type vxlan id 61707 dstport 8472 local 192.168.1.10 dev eth0 nolearning',
      'addr add 10.244.1.0/32 dev flotilla.vx',
      'link set flotilla.vx up',
      'neigh replace 10.244.3.0 lladdr 0a:f2:ac:10:00:05 dev flotilla.vx nud permanent',
      'route replace 10.244.2.0/24 via 192.168.1.11 dev eth0 proto 176',
      'route replace 10.244.3.0/24 via 10.244.3.0 dev flotilla.vx onlink proto 176',
    ]);
    expect(plan.bridge).toEqual(['fdb replace 0a:f2:ac:10:00:05 dev flotilla.vx dst 172.16.0.5']);
    expect(plan).toMatchObject({ mtu: 1450, tunnelled: ['172.16.0.5'] });
  });

  it('does nothing when all is there', () => {
    const there = snapshot({
      links: [
        eth0,
        { ...bridge, mtu: 1450 },
        tunnel,
        link('fl0123456789a', { kind: 'veth', master: 'flotilla0' }),
      ],
      routes: [
        { destination: '10.244.2.0/24', via: '192.168.1.11', link: 'eth0' },
        { destination: '10.244.3.0/24', via: '10.244.3.0', link: 'flotilla.vx' },
      ],
      tunnel: {
        neighbours: new Map([['10.244.3.0', '0a:f2:ac:10:00:05']]),
        forwards: new Map([['0a:f2:ac:10:00:05', '172.16.0.5']]),
      },
    });
    const plan = planLinks(there, { ...config, peers: [near, far] }, '');
    expect([plan.ip, plan.bridge]).toEqual([[], []]);
  });

  it('takes away what belongs to nodes that are gone, the tunnel with its last peer', () => {
    const there = snapshot({
      links: [eth0, bridge, tunnel],
      routes: [{ destination: '10.244.9.0/24', via: '192.168.1.19', link: 'eth0' }],
      tunnel: { neighbours: new Map([['10.244.3.0', 'x']]), forwards: new Map([['x', '172.16.0.5']]) },
    });
    expect(planLinks(there, config, '').ip).toEqual([
      'link del flotilla.vx',
      'route del 10.244.9.0/24 proto 176',
    ]);
    const other = { ...far, address: '172.16.0.6', podCIDR: '10.244.4.0/24' };
    const plan = planLinks(there, { ...config, peers: [other] }, '');
    expect(plan.ip).toContain('neigh del 10.244.3.0 dev flotilla.vx');
    expect(plan.bridge).toContain('fdb del x dev flotilla.vx dst 172.16.0.5');
  });

  it('makes the tunnel anew when the node has another address', () => {
    const moved = link('eth0', { addresses: [{ address: '192.168.1.99', prefix: 24 }] });
    const plan = planLinks(snapshot({ links: [moved, bridge, tunnel] }), { ...config, peers: [far] }, '');
    expect(plan.ip.slice(1, 3)).toEqual([
      'link del flotilla.vx',
      expect.stringContaining('local 192.168.1.99 dev eth0'),
    ]);
  });

  it('joins pods to a bridge that was made anew, and corrects its address', () => {
    const orphan = link('fl0123456789a', { kind: 'veth' });
    const old = { ...bridge, addresses: [{ address: '10.244.7.1', prefix: 24 }] };
    expect(planLinks(snapshot({ links: [eth0, old, orphan] }), config, '').ip).toEqual([
      'addr del 10.244.7.1/24 dev flotilla0',
      'addr add 10.244.1.1/24 dev flotilla0',
      'link set fl0123456789a master flotilla0 up',
      'link set fl0123456789a type bridge_slave hairpin on',
    ]);
  });

  it('never routes to itself, nor by a bridge of Docker', () => {
    const docker = link('docker0', { kind: 'bridge', addresses: [{ address: '172.16.0.1', prefix: 12 }] });
    const self = { nodeName: 'a', address: '192.168.1.10', podCIDR: '10.244.8.0/24' };
    const plan = planLinks(
      snapshot({ links: [eth0, docker, bridge] }),
      { ...config, peers: [self, far] },
      '',
    );
    expect(plan.tunnelled).toEqual(['172.16.0.5']);
    expect(plan.ip.join('\n')).not.toContain('10.244.8.0');
  });

  it('says what is missing when the node has no address', () => {
    expect(() => planLinks(snapshot({ links: [], defaultRoute: undefined }), config, '')).toThrow(
      'no link has a default route',
    );
  });
});
