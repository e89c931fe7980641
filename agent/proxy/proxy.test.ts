import { describe, expect, it } from '@jest/globals';
import type { EndpointSlice, Service as ApiService } from '../../openapi/generated/types.ts';
import { silentLogger } from '../../openapi/machinery/log.ts';
import type { KubeObject } from '../../openapi/machinery/object.ts';
import { FakeClock } from '../../test/fakes/clock.ts';
import { setInformer, type SetInformer } from '../../test/fakes/informer.ts';
import { createFakeHost, type FakeHost } from '../host/fake-host.ts';
import type { FirewallPart } from '../host/firewall-plan.ts';
import { runProxy } from './proxy.ts';

type Service = ApiService & KubeObject;
type Slice = EndpointSlice & KubeObject;

function service(name: string, clusterIP: string, protocol = 'TCP'): Service {
  return { metadata: { namespace: 'a', name }, spec: { clusterIP, ports: [{ port: 53, protocol }] } };
}

function slice(name: string, addresses: readonly string[], protocol = 'TCP'): Slice {
  return {
    metadata: { namespace: 'a', name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ port: 5353, protocol }],
    endpoints: addresses.map((address) => ({ addresses: [address] })),
  };
}

interface Rig {
  readonly services: SetInformer<Service>;
  readonly slices: SetInformer<Slice>;
  readonly nodes: SetInformer<KubeObject>;
  readonly clock: FakeClock;
  readonly parts: FirewallPart[];
  readonly host: FakeHost;
  failures: number;
  stop(): Promise<void>;
}

function start(services: readonly Service[], slices: readonly Slice[], synced = Promise.resolve()): Rig {
  const stop = new AbortController();
  const rig = {
    services: { ...setInformer(services), waitForSync: () => synced },
    slices: setInformer(slices),
    nodes: setInformer<KubeObject>(),
    clock: new FakeClock(),
    parts: [] as FirewallPart[],
    host: createFakeHost(),
    failures: 0,
  };
  const running = runProxy({
    ...rig,
    firewall: {
      set(_, part) {
        if (rig.failures > 0) {
          rig.failures -= 1;
          return Promise.reject(new Error('locked'));
        }
        rig.parts.push(part);
        return Promise.resolve();
      },
    },
    facts: {
      nodeName: 'n1',
      clusterCIDR: '10.244.0.0/16',
      serviceCIDR: '10.96.0.0/16',
      gateway: '10.244.1.1',
      localServices: [],
    },
    own: { bridge: 'flotilla0', gateway: '10.244.1.1', ports: [] },
    log: silentLogger,
    signal: stop.signal,
  });
  return Object.assign(rig, {
    async stop() {
      stop.abort();
      await running;
    },
  });
}

describe('runProxy()', () => {
  it('writes nothing before all services are known: half a list would cut off the rest', async () => {
    let arrive = (): void => undefined;
    const rig = start([service('x', '10.96.0.5')], [], new Promise((resolve) => (arrive = resolve)));
    await rig.clock.advance(10_000);
    expect(rig.parts).toHaveLength(0);
    arrive();
    await rig.clock.advance(0);
    expect(rig.parts).toHaveLength(1);
    expect(rig.parts[0]?.filter.get('KUBE-SERVICES')).toContain('10.96.0.5');
    await rig.stop();
  });

  it('writes the shared chains also when there is no service, and refuses what belongs to none', async () => {
    const rig = start([], []);
    await rig.clock.advance(0);
    expect(rig.parts[0]?.nat.get('KUBE-MARK-MASQ')).toBe('-j MARK --set-xmark 0x4000/0x4000');
    expect(rig.parts[0]?.filter.get('KUBE-SERVICES')).toMatch(/^-d 10\.96\.0\.0\/16 .* -j REJECT/);
    await rig.stop();
  });

  it('writes a change at once, and a storm of changes once a second', async () => {
    const rig = start([], []);
    await rig.clock.advance(10_000);
    rig.parts.length = 0;
    rig.services.set([service('x', '10.96.0.5')]);
    await rig.clock.advance(0);
    expect(rig.parts).toHaveLength(1);
    for (let i = 0; i < 50; i++) {
      rig.services.set([service('x', `10.96.1.${i}`)]);
      await rig.clock.advance(100);
    }
    expect(rig.parts.length).toBeLessThanOrEqual(8);
    await rig.clock.advance(1_000);
    expect(rig.parts.at(-1)?.filter.get('KUBE-SERVICES')).toContain('10.96.1.49');
    await rig.stop();
  });

  it('tries again when the rules cannot be written', async () => {
    const rig = start([], []);
    rig.failures = 3;
    await rig.clock.advance(20_000);
    expect(rig.parts).toHaveLength(1);
    await rig.stop();
  });

  it('makes the kernel forget UDP flows to endpoints that are gone, and to what had none', async () => {
    const rig = start(
      [service('dns', '10.96.0.5', 'UDP')],
      [slice('dns', ['10.244.1.2', '10.244.1.3'], 'UDP')],
    );
    await rig.clock.advance(10_000);
    rig.host.runs.length = 0;
    rig.slices.set([slice('dns', ['10.244.1.3'], 'UDP')]);
    await rig.clock.advance(10_000);
    const calls = rig.host.runs.map((run) => `${run.command} ${run.args.join(' ')}`);
    expect(calls).toEqual([
      'conntrack -D -p udp --orig-port-dst 53 --orig-dst 10.96.0.5 --dst-nat 10.244.1.2',
    ]);
    await rig.stop();
  });

  it('follows the label that says in which zone the node is', async () => {
    const near = slice('x', ['10.244.1.2', '10.244.2.2']);
    const endpoints = (near.endpoints ?? []).map((each, i) => ({
      ...each,
      hints: { forZones: [{ name: `z${i}` }] },
    }));
    const rig = start([service('x', '10.96.0.5')], [{ ...near, endpoints }]);
    const targets = (): string[] =>
      [...(rig.parts.at(-1)?.nat.values() ?? [])].join('\n').match(/(?<=--to-destination )\S+/g) ?? [];
    await rig.clock.advance(5_000);
    expect(targets()).toHaveLength(2);
    rig.nodes.set([{ metadata: { name: 'n1', labels: { 'topology.kubernetes.io/zone': 'z1' } } }]);
    await rig.clock.advance(5_000);
    expect(targets()).toEqual(['10.244.2.2:5353']);
    await rig.stop();
  });

  it('forgets a service with its rules', async () => {
    const rig = start([service('x', '10.96.0.5')], [slice('x', ['10.244.1.2'])]);
    await rig.clock.advance(5_000);
    expect([...(rig.parts.at(-1)?.nat.keys() ?? [])].some((chain) => chain.startsWith('KUBE-SVC-'))).toBe(
      true,
    );
    rig.services.set([]);
    rig.slices.set([]);
    await rig.clock.advance(5_000);
    expect([...(rig.parts.at(-1)?.nat.keys() ?? [])].some((chain) => chain.startsWith('KUBE-SVC-'))).toBe(
      false,
    );
    await rig.stop();
  });
});
