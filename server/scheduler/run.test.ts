import { afterEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../test/fakes/clock.ts';
import { createFakeApi, type FakeApi } from '../../openapi/client/fake.ts';
import {
  events,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
} from '../../openapi/generated/resources.ts';
import type { Node, Pod, PodSpec } from '../../openapi/generated/types.ts';
import { silentLogger } from '../../openapi/machinery/log.ts';
import { StatusError } from '../../openapi/machinery/status.ts';
import { startScheduler, type RunningScheduler } from './run.ts';

let api: FakeApi;
let clock: FakeClock;
let scheduler: RunningScheduler;
afterEach(() => scheduler.stop());

function node(name: string, cpu = '2', more: object = {}): Node {
  return { metadata: { name }, spec: more, status: { allocatable: { cpu, memory: '8Gi', pods: '110' } } };
}
function pod(name: string, cpu = '1', more: Partial<PodSpec> = {}): Pod {
  return {
    metadata: { name, namespace: 'default' },
    spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }], ...more },
  };
}

async function start(all: {
  readonly nodes?: readonly Node[];
  readonly pods?: readonly Pod[];
}): Promise<void> {
  clock = new FakeClock();
  api = createFakeApi({ clock });
  for (const each of all.nodes ?? []) await api.client.create(nodes, each);
  for (const each of all.pods ?? []) await api.client.create(pods, each);
  scheduler = startScheduler({ client: api.client, clock, random: () => 0.5, log: silentLogger });
  await scheduler.synced;
  await clock.advance(100);
}
const placed = (): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(api.all(pods).map((each) => [each.metadata?.name ?? '', each.spec?.nodeName]));
const told = (): readonly string[] =>
  api.all(events).map((event) => `${event.reason ?? ''}: ${event.message ?? ''}`);
const key = (name: string): { namespace: string; name: string } => ({ namespace: 'default', name });

describe('startScheduler()', () => {
  it('binds a pod to the least used node, and says so', async () => {
    await start({ nodes: [node('a'), node('b', '8')], pods: [pod('p')] });
    expect(placed()).toEqual({ p: 'b' });
    expect(told()).toEqual(['Scheduled: Successfully assigned default/p to b']);
  });

  it('counts what it has just bound, before the server shows it', async () => {
    await start({ nodes: [node('a'), node('b')], pods: ['1', '2', '3', '4', '5'].map((name) => pod(name)) });
    const byNode = Object.values(placed());
    expect(byNode.filter((name) => name === 'a')).toHaveLength(2);
    expect(byNode.filter((name) => name === 'b')).toHaveLength(2);
    expect(byNode.filter((name) => name === undefined)).toHaveLength(1);
  });

  it('tells why a pod fits nowhere as kube-scheduler does', async () => {
    const taints = { taints: [{ key: 'a', value: 'b', effect: 'NoSchedule' }] };
    await start({
      nodes: [node('a', '2', taints), node('b', '500m'), node('c', '2'), node('d', '2')],
      pods: [pod('x', '2'), pod('y', '2'), pod('p', '1')],
    });
    const message =
      '0/4 nodes are available: 1 node(s) had untolerated taint(s), 3 Insufficient cpu. no new claims to deallocate, ' +
      'preemption: 0/4 nodes are available: 2 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.';
    expect(told()).toContain(`FailedScheduling: ${message}`);
    const failed = api.all(pods).find((each) => each.spec?.nodeName === undefined);
    expect(failed?.status?.conditions).toMatchObject([
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message },
    ]);
  });

  it('says that there are no nodes', async () => {
    await start({ pods: [pod('p')] });
    expect(told()).toEqual(['FailedScheduling: no nodes available to schedule pods']);
    await api.client.create(nodes, node('a'));
    await clock.advance(2000);
    expect(placed()).toEqual({ p: 'a' });
  });

  it('leaves a pod with gates, of another scheduler, or on its way out alone', async () => {
    await start({
      nodes: [node('a')],
      pods: [
        pod('gated', '0', { schedulingGates: [{ name: 'x.com/g' }] }),
        pod('theirs', '0', { schedulerName: 'other' }),
      ],
    });
    expect(placed()).toEqual({ gated: undefined, theirs: undefined });
    await api.client.patch(pods, key('gated'), { spec: { schedulingGates: null } }, { type: 'merge' });
    await clock.advance(100);
    expect(placed()).toEqual({ gated: 'a', theirs: undefined });
  });

  const wakers: readonly {
    name: string;
    spec: PodSpec | undefined;
    nodes: readonly Node[];
    change: () => Promise<unknown>;
  }[] = [
    {
      name: 'a pod went that took its room',
      spec: undefined,
      nodes: [node('a', '1')],
      change: () => api.client.delete(pods, key('taker'), { gracePeriodSeconds: 0 }),
    },
    {
      name: 'a node lost a taint',
      spec: undefined,
      nodes: [node('a', '1'), node('b', '1', { taints: [{ key: 'k', effect: 'NoSchedule' }] })],
      change: () => api.client.patch(nodes, { name: 'b' }, { spec: { taints: null } }, { type: 'merge' }),
    },
    {
      name: 'a node was uncordoned',
      spec: undefined,
      nodes: [node('a', '1'), node('b', '1', { unschedulable: true })],
      change: () =>
        api.client.patch(nodes, { name: 'b' }, { spec: { unschedulable: null } }, { type: 'merge' }),
    },
    {
      name: 'a node grew',
      spec: undefined,
      nodes: [node('a', '1')],
      change: () =>
        api.client.patch(
          nodes,
          { name: 'a' },
          { status: { allocatable: { cpu: '4' } } },
          { type: 'merge', subresource: 'status' },
        ),
    },
    {
      name: 'a node got a label',
      spec: { containers: [], nodeSelector: { disk: 'ssd' } },
      nodes: [node('a', '1'), node('b', '1')],
      change: () =>
        api.client.patch(nodes, { name: 'b' }, { metadata: { labels: { disk: 'ssd' } } }, { type: 'merge' }),
    },
  ];
  for (const { name, spec, nodes: all, change } of wakers)
    it(`tries a pod again when ${name}`, async () => {
      await start({ nodes: all, pods: [pod('taker', '1')] });
      await api.client.create(pods, spec === undefined ? pod('p') : { ...pod('p'), spec });
      await clock.advance(20_000);
      expect(placed()['p']).toBeUndefined();
      const attempts = told().filter((text) => text.startsWith('FailedScheduling')).length;
      expect(attempts).toBe(1);
      await change();
      await clock.advance(2000);
      expect(placed()['p']).toBeDefined();
    });

  it('does not try again for a heartbeat', async () => {
    await start({ nodes: [node('a', '1')], pods: [pod('p', '4')] });
    for (let beat = 0; beat < 5; beat++) {
      const conditions = [{ type: 'Ready', status: 'True', lastHeartbeatTime: `2026-01-01T00:00:0${beat}Z` }];
      await api.client.patch(
        nodes,
        { name: 'a' },
        { status: { conditions } },
        { type: 'merge', subresource: 'status' },
      );
      await clock.advance(10_000);
    }
    expect(api.all(events).map((event) => event.count)).toEqual([1]);
  });

  it('frees the room and tries again when the server refuses the binding', async () => {
    await start({ nodes: [node('a', '1', { unschedulable: true })], pods: [pod('p')] });
    api.fail('create', pods, new StatusError('InternalError', 'the disk is full'), 1);
    await api.client.patch(nodes, { name: 'a' }, { spec: { unschedulable: null } }, { type: 'merge' });
    await clock.advance(1500);
    expect(told()).toContain('FailedScheduling: running Bind plugin "DefaultBinder": the disk is full');
    expect(placed()['p']).toBeUndefined();
    await clock.advance(5000);
    expect(placed()['p']).toBe('a');
  });

  it('places a pod of higher priority first', async () => {
    await start({
      nodes: [node('a', '1', { unschedulable: true })],
      pods: [pod('low'), pod('high', '1', { priority: 10 })],
    });
    await api.client.patch(nodes, { name: 'a' }, { spec: { unschedulable: null } }, { type: 'merge' });
    await clock.advance(5000);
    expect(placed()).toEqual({ low: undefined, high: 'a' });
  });

  it('spreads the replicas of one owner', async () => {
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'u', controller: true };
    const replica = (name: string): Pod => {
      const { metadata, ...rest } = pod(name, '1m');
      return { metadata: { ...metadata, ownerReferences: [owner] }, ...rest };
    };
    await start({
      nodes: ['a', 'b', 'c'].map((name) => node(name, '64')),
      pods: ['1', '2', '3', '4', '5', '6'].map(replica),
    });
    const names = Object.values(placed());
    expect(['a', 'b', 'c'].map((name) => names.filter((each) => each === name).length)).toEqual([2, 2, 2]);
  });

  it('spreads over many nodes, and looks at a part of them only', async () => {
    await start({
      nodes: Array.from({ length: 300 }, (_, i) => node(`n${i}`)),
      pods: Array.from({ length: 300 }, (_, i) => pod(`p${i}`)),
    });
    expect(new Set(Object.values(placed())).size).toBeGreaterThan(250);
  });

  describe('with priorities', () => {
    const free = async (name: string): Promise<void> => {
      await api.client.delete(pods, key(name), { gracePeriodSeconds: 0 });
      await clock.advance(3000);
    };
    const podCalled = (name: string): Pod | undefined =>
      api.all(pods).find((each) => each.metadata?.name === name);

    it('takes the room of a lower pod, which is told, and waits for it to go', async () => {
      await start({ nodes: [node('a', '1')], pods: [pod('low')] });
      await api.client.create(pods, pod('high', '1', { priority: 10 }));
      await clock.advance(100);
      const low = podCalled('low');
      expect(low?.metadata?.deletionTimestamp).toBeDefined();
      expect(low?.status?.conditions).toContainEqual(
        expect.objectContaining({
          type: 'DisruptionTarget',
          status: 'True',
          reason: 'PreemptionByScheduler',
          message: 'default-scheduler: preempting to accommodate a higher priority pod',
        }),
      );
      const high = podCalled('high');
      expect(high?.status?.nominatedNodeName).toBe('a');
      expect(told()).toContain(`Preempted: Preempted by pod ${high?.metadata?.uid ?? ''} on node a`);
      expect(told()).toContain('FailedScheduling: 0/1 nodes are available: 1 Insufficient cpu.');
      await clock.advance(20_000);
      expect(placed()['high']).toBeUndefined();
      await free('low');
      expect(placed()['high']).toBe('a');
    });

    it('gives the room that it made to no less important pod', async () => {
      await start({ nodes: [node('a', '1')], pods: [pod('low')] });
      await api.client.create(pods, pod('high', '1', { priority: 10 }));
      await clock.advance(100);
      await api.client.create(pods, pod('middle', '1', { priority: 5 }));
      await clock.advance(100);
      await free('low');
      expect(placed()).toMatchObject({ high: 'a', middle: undefined });
    });

    it('takes nobody when the pod may not', async () => {
      await start({ nodes: [node('a', '1')], pods: [pod('low')] });
      await api.client.create(pods, pod('shy', '1', { priority: 10, preemptionPolicy: 'Never' }));
      await clock.advance(100);
      expect(podCalled('low')?.metadata?.deletionTimestamp).toBeUndefined();
      expect(told()).toContain(
        'FailedScheduling: 0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.',
      );
    });
  });

  it('tries a pod again when one came that it wants to be near', async () => {
    const near = {
      topologyKey: 'kubernetes.io/hostname',
      labelSelector: { matchLabels: { app: 'web' } },
    };
    const affinity = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [near] } };
    const labelled = node('a');
    await start({
      nodes: [{ ...labelled, metadata: { name: 'a', labels: { 'kubernetes.io/hostname': 'a' } } }],
      pods: [pod('fan', '0', { affinity })],
    });
    expect(told()[0]).toMatch(
      /^FailedScheduling: 0\/1 nodes are available: 1 node\(s\) didn't match pod affinity rules\./,
    );
    const { metadata, ...rest } = pod('star', '0');
    await api.client.create(pods, { metadata: { ...metadata, labels: { app: 'web' } }, ...rest });
    await clock.advance(3000);
    expect(placed()).toEqual({ fan: 'a', star: 'a' });
  });

  it('waits for a claim, and says for which', async () => {
    const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }];
    await start({ nodes: [node('a')], pods: [pod('p', '0', { volumes })] });
    expect(told()).toEqual([
      'FailedScheduling: 0/1 nodes are available: persistentvolumeclaim "data" not found. not found',
    ]);
    await api.client.create(persistentVolumes, { metadata: { name: 'pv' }, spec: {} });
    await api.client.create(persistentVolumeClaims, {
      metadata: { ...key('data'), annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } },
      spec: { volumeName: 'pv' },
    });
    await clock.advance(3000);
    expect(placed()).toEqual({ p: 'a' });
  });
});
