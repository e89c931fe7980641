import { describe, expect, it } from '@jest/globals';
import { createFakeApi, type FakeApi } from '../../openapi/client/fake.ts';
import type { Client } from '../../openapi/client/client.ts';
import { leases, nodes } from '../../openapi/generated/resources.ts';
import type { Node } from '../../openapi/generated/types.ts';
import type { AgentConfig } from '../../openapi/machinery/agent-contract.ts';
import type { JsonValue } from '../../openapi/machinery/json.ts';
import { silentLogger } from '../../openapi/machinery/log.ts';
import { FakeClock } from '../../test/fakes/clock.ts';
import { NodeAgent } from './node-agent.ts';
import { nodeStatus, type NodeReading } from './node-object.ts';

const config: AgentConfig = {
  ...{
    nodeName: 'n1',
    clusterId: 'k',
    nodeIP: '',
    clusterCIDR: '10.244.0.0/16',
    serviceCIDR: '10.96.0.0/16',
  },
  ...{ clusterDNS: '10.96.0.10', clusterDomain: 'cluster.local', runtime: 'docker' },
  api: { serverName: 'kubernetes', ca: '', certificate: '', key: '' },
  labels: { disk: 'big' },
  taints: [{ key: 'own', value: 'x', effect: 'NoSchedule' }],
};
const gibibyte = 1024 ** 3;
const reading: NodeReading = {
  config,
  machine: {
    ...{ architecture: 'amd64', cpus: 4, memoryBytes: 8 * gibibyte, kernelVersion: '6.1', osImage: 'Debian' },
    ...{ bootId: 'b', machineId: 'm', systemUuid: 's' },
  },
  load: {
    ...{ memoryAvailableBytes: gibibyte, diskBytes: 100 * gibibyte, diskAvailableBytes: 50 * gibibyte },
    ...{ inodes: 1000, inodesFree: 500, cpuBusySeconds: 1 },
  },
  nodeIP: '192.168.0.1',
  runtime: { runtime: 'docker', runtimeVersion: '20.10', apiVersion: '1.41' },
  images: [
    { id: 'small', tags: ['a:1'], digests: [], sizeBytes: 1, user: '' },
    { id: 'large', tags: ['b:1'], digests: ['b@sha256:1'], sizeBytes: 2, user: '' },
  ],
  networkReady: true,
  nowMs: Date.UTC(2026, 0, 1),
};

describe('nodeStatus()', () => {
  it('tells what the machine has, and leaves some of it to the host', () => {
    const status = nodeStatus(reading, []);
    expect(status.capacity).toMatchObject({
      cpu: '4',
      memory: '8388608Ki',
      pods: '110',
      'ephemeral-storage': '104857600Ki',
    });
    expect(status.allocatable).toMatchObject({
      cpu: '4',
      memory: '8286208Ki',
      'ephemeral-storage': '96636764160',
    });
    expect(status.addresses).toEqual([
      { type: 'InternalIP', address: '192.168.0.1' },
      { type: 'Hostname', address: 'n1' },
    ]);
    expect(status.nodeInfo?.containerRuntimeVersion).toBe('docker://20.10');
    expect(status.images).toEqual([
      { names: ['b@sha256:1', 'b:1'], sizeBytes: 2 },
      { names: ['a:1'], sizeBytes: 1 },
    ]);
  });
  const cases: { name: string; more: Partial<NodeReading>; want: Record<string, string> }[] = [
    {
      name: 'well',
      more: {},
      want: { Ready: 'True KubeletReady', DiskPressure: 'False KubeletHasNoDiskPressure' },
    },
    { name: 'without a runtime', more: { runtime: undefined }, want: { Ready: 'False KubeletNotReady' } },
    { name: 'without a network', more: { networkReady: false }, want: { Ready: 'False KubeletNotReady' } },
    {
      name: 'with a full disk',
      more: { load: { ...reading.load, diskAvailableBytes: 1 } },
      want: { Ready: 'True KubeletReady', DiskPressure: 'True KubeletHasDiskPressure' },
    },
    {
      name: 'out of inodes',
      more: { load: { ...reading.load, inodesFree: 1 } },
      want: { DiskPressure: 'True KubeletHasDiskPressure' },
    },
    {
      name: 'out of memory',
      more: { load: { ...reading.load, memoryAvailableBytes: 1 } },
      want: { MemoryPressure: 'True KubeletHasInsufficientMemory' },
    },
  ];
  for (const { name, more, want } of cases) {
    it(`tells of a node ${name}`, () => {
      const { conditions = [] } = nodeStatus({ ...reading, ...more }, []);
      const told = Object.fromEntries(
        conditions.map(({ type, status, reason }) => [type, `${status} ${reason ?? ''}`]),
      );
      expect(told).toMatchObject(want);
    });
  }
  it('keeps the time of a condition until it changes', () => {
    const first = nodeStatus(reading, []).conditions ?? [];
    const later =
      nodeStatus({ ...reading, nowMs: reading.nowMs + 60_000, networkReady: false }, first).conditions ?? [];
    const times = Object.fromEntries(later.map(({ type, lastTransitionTime }) => [type, lastTransitionTime]));
    expect(times).toMatchObject({ DiskPressure: '2026-01-01T00:00:00Z', Ready: '2026-01-01T00:01:00Z' });
  });
});

interface Bench {
  readonly clock: FakeClock;
  readonly api: FakeApi;
  readonly agent: NodeAgent;
  readonly events: string[];
  networkReady: boolean;
  stop: () => void;
}

function start(api?: FakeApi): Bench {
  const clock = new FakeClock();
  const used = api ?? createFakeApi({ clock });
  // The fake has no strategic patch: for a node's status a merge does the same here.
  const client: Client = {
    ...used.client,
    patch: async (resource, key, patch, options) => {
      if (options.type !== 'strategic') return await used.client.patch(resource, key, patch, options);
      const current = (await used.client.get(resource, key)) as Node;
      const { status } = patch as unknown as { status: JsonValue };
      return (await used.client.updateStatus(nodes, { ...current, status } as unknown as Node)) as never;
    },
  };
  const ended = new AbortController();
  const events: string[] = [];
  const bench = {
    clock,
    api: used,
    events,
    networkReady: true,
    stop: () => {
      ended.abort();
    },
  };
  const agent = new NodeAgent({
    ...{
      client,
      config,
      machine: reading.machine,
      clock,
      random: () => 0.5,
      log: silentLogger,
      signal: ended.signal,
    },
    recorder: { event: (_about, _type, reason, message) => events.push(`${reason} ${message}`) },
    read: () => {
      const { load, nodeIP, runtime, images } = reading;
      return Promise.resolve({ load, nodeIP, runtime, images, networkReady: bench.networkReady });
    },
  });
  void agent.run();
  return Object.assign(bench, { agent });
}

describe('NodeAgent', () => {
  it('registers the node with labels and taints, and holds a lease', async () => {
    const bench = start();
    await bench.clock.advance(0);
    const node = await bench.api.client.get(nodes, { name: 'n1' });
    expect(node.metadata?.labels).toMatchObject({
      disk: 'big',
      'kubernetes.io/hostname': 'n1',
      'kubernetes.io/arch': 'amd64',
    });
    expect(node.spec?.taints).toEqual([{ key: 'own', value: 'x', effect: 'NoSchedule' }]);
    expect(bench.events).toEqual(['Starting Starting kubelet.']);
    const lease = { namespace: 'kube-node-lease', name: 'n1' };
    const first = (await bench.api.client.get(leases, lease)).spec;
    expect(first).toMatchObject({ holderIdentity: 'n1', leaseDurationSeconds: 40 });
    await bench.clock.advance(11_000);
    const renewed = await bench.api.client.get(leases, lease);
    expect(renewed.spec?.renewTime).not.toBe(first?.renewTime);
    const { uid = '' } = (await bench.api.client.get(nodes, { name: 'n1' })).metadata ?? {};
    expect(renewed.metadata?.ownerReferences).toEqual([{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid }]);
    bench.stop();
  });
  it('writes an unchanged status every five minutes, a changed one at once', async () => {
    const bench = start();
    await bench.clock.advance(0);
    let writes = 0;
    bench.api.onWrite = (_verb, resource) => {
      if (resource.plural === 'nodes') writes += 1;
    };
    await bench.clock.advance(280_000);
    expect(writes).toBe(0);
    await bench.clock.advance(40_000);
    expect(writes).toBe(1);
    bench.networkReady = false;
    bench.agent.hurry();
    await bench.clock.advance(0);
    expect(writes).toBe(2);
    expect(bench.events.at(-1)).toBe('NodeNotReady Node n1 status is now: NodeNotReady');
    bench.stop();
  });
  it('speaks up at once when it sees itself called lost', async () => {
    const bench = start();
    await bench.clock.advance(0);
    const node = await bench.api.client.get(nodes, { name: 'n1' });
    const conditions = (node.status?.conditions ?? []).map((each) =>
      each.type === 'Ready' ? { ...each, status: 'Unknown', reason: 'NodeStatusUnknown' } : each,
    );
    const lost = await bench.api.client.updateStatus(nodes, {
      ...node,
      status: { ...node.status, conditions },
    });
    bench.agent.see({ ...lost, metadata: { name: 'other' } });
    bench.agent.see(node);
    await bench.clock.advance(5_000);
    const ready = async (): Promise<object | undefined> =>
      (await bench.api.client.get(nodes, { name: 'n1' })).status?.conditions?.find(
        ({ type }) => type === 'Ready',
      );
    expect(await ready()).toMatchObject({ status: 'Unknown' });
    bench.agent.see(lost);
    await bench.clock.advance(0);
    expect(await ready()).toMatchObject({
      ...{ status: 'True', reason: 'KubeletReady' },
      lastTransitionTime: new Date(bench.clock.now()).toISOString().replace('.000', ''),
    });
    expect(bench.events.at(-1)).toBe('NodeReady Node n1 status is now: NodeReady');
    bench.stop();
  });
  it('takes a node that is there, and gives it the labels that it lacks', async () => {
    const clock = new FakeClock();
    const api = createFakeApi({ clock });
    const metadata = { name: 'n1', labels: { mine: 'kept', disk: 'small' } };
    await api.client.create(nodes, {
      apiVersion: 'v1',
      kind: 'Node',
      metadata,
      spec: { unschedulable: true },
    });
    const bench = start(api);
    await bench.clock.advance(0);
    const node = await api.client.get(nodes, { name: 'n1' });
    expect(node.metadata?.labels).toMatchObject({ mine: 'kept', disk: 'big' });
    expect(node.spec).toEqual({ unschedulable: true });
    bench.stop();
  });
  it('registers anew when somebody deleted the node', async () => {
    const bench = start();
    await bench.clock.advance(0);
    await bench.api.client.delete(nodes, { name: 'n1' });
    await bench.clock.advance(330_000);
    expect((await bench.api.client.get(nodes, { name: 'n1' })).metadata?.name).toBe('n1');
    bench.stop();
  });
  it('goes on when the server is away', async () => {
    const bench = start();
    bench.api.fail('get', nodes, new Error('connect ENOENT'), 3);
    await bench.clock.advance(20_000);
    expect((await bench.api.client.get(nodes, { name: 'n1' })).status?.capacity).toBeDefined();
    bench.stop();
  });
});
