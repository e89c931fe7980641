import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../openapi/machinery/log.ts';
import { FakeClock } from '../../test/fakes/clock.ts';
import { setInformer } from '../../test/fakes/informer.ts';
import type { PodNetworkConfig } from './pod-network.ts';
import { networkConfigOf, runPodNetwork, type NetworkNode } from './run-pod-network.ts';

const options = { nodeName: 'a', clusterCIDR: '10.244.0.0/16', serviceCIDR: '10.96.0.0/16' };

function node(name: string, podCIDR?: string, address?: string): NetworkNode {
  return {
    metadata: { name },
    spec: podCIDR === undefined ? {} : { podCIDR },
    status:
      address === undefined
        ? {}
        : {
            addresses: [
              { type: 'Hostname', address: name },
              { type: 'InternalIP', address },
            ],
          },
  };
}

describe('networkConfigOf()', () => {
  it('has nothing to do before this node has a range', () => {
    expect(networkConfigOf([node('a'), node('b', '10.244.2.0/24', '10.0.0.2')], options)).toBeUndefined();
  });

  it('takes the peers that have a range and an IPv4 address, in order', () => {
    const all = [
      node('c', '10.244.3.0/24', '10.0.0.3'),
      node('a', '10.244.1.0/24', '10.0.0.1'),
      node('b', '10.244.2.0/24', '10.0.0.2'),
      node('no-range', undefined, '10.0.0.4'),
      node('no-address', '10.244.5.0/24'),
      node('six', '10.244.6.0/24', 'fd00::6'),
      node('odd', '10.244.7.0/24\nroute add default', '10.0.0.7'),
    ];
    expect(networkConfigOf(all, options)?.peers.map((peer) => peer.nodeName)).toEqual(['b', 'c']);
  });
});

describe('runPodNetwork()', () => {
  it('follows the nodes at once, checks every 30 s, and tries again when it fails', async () => {
    const clock = new FakeClock();
    const nodes = setInformer([node('a', '10.244.1.0/24', '10.0.0.1')]);
    const stop = new AbortController();
    const configured: number[] = [];
    let failures = 0;
    const network = {
      gateway: '10.244.1.1',
      configure(config: PodNetworkConfig): Promise<void> {
        if (failures > 0) {
          failures -= 1;
          return Promise.reject(new Error('no'));
        }
        configured.push(config.peers.length);
        return Promise.resolve();
      },
    };
    const ready: string[] = [];
    const running = runPodNetwork({
      ...options,
      network,
      nodes,
      clock,
      log: silentLogger,
      signal: stop.signal,
      onReady: (gateway) => ready.push(gateway),
    });
    await clock.advance(0);
    expect([configured, ready]).toEqual([[0], ['10.244.1.1']]);
    nodes.set([node('a', '10.244.1.0/24', '10.0.0.1'), node('b', '10.244.2.0/24', '10.0.0.2')]);
    await clock.advance(10);
    expect(configured.at(-1)).toBe(1);
    failures = 2;
    const before = configured.length;
    await clock.advance(30_000);
    expect(configured).toHaveLength(before);
    await clock.advance(3_000);
    expect(configured).toHaveLength(before + 1);
    stop.abort();
    await running;
  });
});
