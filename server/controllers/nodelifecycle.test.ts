import { afterEach, describe, expect, it } from '@jest/globals';
import { startControlPlane, type ControlPlane } from '../../test/fakes/control-plane.ts';
import { events, leases, nodes, pods } from '../../openapi/generated/resources.ts';
import type { Node, Taint } from '../../openapi/generated/types.ts';
import { microTimeText, timeText } from '../../openapi/machinery/clock.ts';
import { createNodeLifecycleController } from './nodelifecycle.ts';
import { createTaintEvictionController, evictionTime } from './taint-eviction.ts';

let plane: ControlPlane;
let alive: Set<string>;
afterEach(() => plane.running.stop());

const lease = (name: string): { namespace: string; name: string } => ({ namespace: 'kube-node-lease', name });
const nodeOf = (name: string): Node =>
  plane.api.all(nodes).find((node) => node.metadata?.name === name) ?? {};
const readyOf = (name: string): string | undefined =>
  nodeOf(name).status?.conditions?.find((each) => each.type === 'Ready')?.status;
const taintsOf = (name: string): readonly string[] =>
  (nodeOf(name).spec?.taints ?? []).map((taint) => `${taint.key.split('/')[1] ?? ''}:${taint.effect}`);
const podNames = (): readonly (string | undefined)[] =>
  plane.api
    .all(pods)
    .filter((pod) => pod.metadata?.deletionTimestamp === undefined)
    .map((pod) => pod.metadata?.name);
const tolerations = ['not-ready', 'unreachable'].map((key) => ({
  key: `node.kubernetes.io/${key}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: 30,
}));

/** Nodes that renew their leases while they are in `alive`, one pod on each. */
async function start(names: readonly string[]): Promise<void> {
  plane = await startControlPlane(
    [createNodeLifecycleController(), createTaintEvictionController()],
    async (api) => {
      for (const name of names) {
        const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }];
        await api.client.create(nodes, { metadata: { name }, status: { conditions } });
        await api.client.create(leases, { metadata: lease(name), spec: { holderIdentity: name } });
        const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
        await api.client.create(pods, {
          metadata: { name: `on-${name}`, namespace: 'default' },
          spec: { nodeName: name, containers: [], tolerations },
          status,
        });
      }
    },
  );
  alive = new Set(names);
  await pass(20);
}

async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 10) {
    for (const name of alive) {
      const spec = { renewTime: microTimeText(plane.clock.now()) };
      await plane.api.client.patch(leases, lease(name), { spec }, { type: 'merge' });
    }
    await plane.clock.advance(10_000);
  }
}

/** The agent is back: its lease goes on, and it writes its own Ready. */
async function comeBack(name: string): Promise<void> {
  alive.add(name);
  const conditions = [
    { type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: timeText(plane.clock.now()) },
  ];
  await plane.api.client.patch(
    nodes,
    { name },
    { status: { conditions } },
    { type: 'merge', subresource: 'status' },
  );
  await plane.clock.advance(1000);
}

describe('the node life cycle', () => {
  it('leaves nodes that renew their leases alone', async () => {
    await start(['a', 'b', 'c']);
    await pass(300);
    expect(['a', 'b', 'c'].map(readyOf)).toEqual(['True', 'True', 'True']);
    expect(podNames()).toHaveLength(3);
  });

  it('marks a silent node Unknown after its grace, taints it, and evicts its pods when their tolerations end', async () => {
    await start(['a', 'b', 'c']);
    alive.delete('a');
    await pass(40);
    expect(readyOf('a')).toBe('True');
    await pass(30);
    const conditions = nodeOf('a').status?.conditions ?? [];
    expect(conditions.find((each) => each.type === 'Ready')).toMatchObject({
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
    });
    expect(conditions.find((each) => each.type === 'DiskPressure')).toMatchObject({
      status: 'Unknown',
      reason: 'NodeStatusNeverUpdated',
    });
    expect([...taintsOf('a')].sort()).toEqual(['unreachable:NoExecute', 'unreachable:NoSchedule']);
    const pod = plane.api.all(pods).find((each) => each.metadata?.name === 'on-a');
    expect(pod?.status?.conditions).toMatchObject([{ type: 'Ready', status: 'False' }]);
    expect(podNames()).toHaveLength(3);
    await pass(40);
    expect(podNames()).toEqual(['on-b', 'on-c']);
    expect(plane.api.all(events).map((event) => event.message)).toEqual(
      expect.arrayContaining([
        'Node a status is now: NodeNotReady',
        'Node is not ready',
        'Marking for deletion Pod default/on-a',
      ]),
    );
  });

  it('takes the taints back when the node returns in time, and evicts nobody', async () => {
    await start(['a', 'b', 'c']);
    alive.delete('a');
    await pass(70);
    expect(taintsOf('a')).toHaveLength(2);
    await comeBack('a');
    await pass(60);
    expect(taintsOf('a')).toEqual([]);
    expect(podNames()).toHaveLength(3);
    expect(plane.api.all(events).map((event) => event.message)).toContain(
      'Cancelling deletion of Pod default/on-a',
    );
  });

  it('evicts nobody when all nodes are silent: then it is our own network', async () => {
    await start(['a', 'b', 'c']);
    alive.clear();
    await pass(600);
    expect(['a', 'b', 'c'].map(readyOf)).toEqual(['Unknown', 'Unknown', 'Unknown']);
    expect(taintsOf('a')).toEqual(['unreachable:NoSchedule']);
    expect(podNames()).toHaveLength(3);
  });

  it('gives every node a fresh grace when the first comes back after all were silent', async () => {
    await start(['a', 'b', 'c']);
    alive.clear();
    await pass(600);
    await comeBack('a');
    await pass(40);
    expect(taintsOf('b')).toEqual(['unreachable:NoSchedule']);
    await pass(60);
    expect(podNames()).toContain('on-a');
  });

  it('stops evicting when 55 % of the nodes are silent', async () => {
    const names = Array.from({ length: 10 }, (_, i) => `n${i}`);
    await start(names);
    for (const name of names.slice(0, 6)) alive.delete(name);
    await pass(600);
    expect(podNames()).toHaveLength(10);
    expect(names.filter((name) => taintsOf(name).includes('unreachable:NoExecute'))).toEqual([]);
  });

  it('empties one node in 10 seconds at most', async () => {
    const names = Array.from({ length: 10 }, (_, i) => `n${i}`);
    await start(names);
    for (const name of names.slice(0, 3)) alive.delete(name);
    await pass(60);
    await plane.clock.advance(5000);
    const times = (): readonly number[] =>
      names.flatMap((name) =>
        (nodeOf(name).spec?.taints ?? [])
          .filter((taint) => taint.effect === 'NoExecute')
          .map((taint) => Date.parse(taint.timeAdded ?? '')),
      );
    await pass(60);
    const sorted = [...times()].sort((a, b) => a - b);
    expect(sorted).toHaveLength(3);
    expect(
      Math.min((sorted[1] ?? 0) - (sorted[0] ?? 0), (sorted[2] ?? 0) - (sorted[1] ?? 0)),
    ).toBeGreaterThanOrEqual(10_000);
  });

  it('taints a cordoned node, and one under pressure', async () => {
    await start(['a', 'b']);
    await plane.api.client.patch(nodes, { name: 'a' }, { spec: { unschedulable: true } }, { type: 'merge' });
    const conditions = [...(nodeOf('b').status?.conditions ?? []), { type: 'DiskPressure', status: 'True' }];
    await plane.api.client.patch(nodes, { name: 'b' }, { status: { conditions } } as never, {
      type: 'merge',
      subresource: 'status',
    });
    await plane.clock.advance(1000);
    expect([taintsOf('a'), taintsOf('b')]).toEqual([
      ['unschedulable:NoSchedule'],
      ['disk-pressure:NoSchedule'],
    ]);
    await plane.api.client.patch(nodes, { name: 'a' }, { spec: { unschedulable: null } }, { type: 'merge' });
    await plane.clock.advance(1000);
    expect(taintsOf('a')).toEqual([]);
  });
});

describe('evictionTime()', () => {
  const taint = (key: string): Taint => ({ key, effect: 'NoExecute', timeAdded: '2026-01-01T00:00:00Z' });
  const cases = [
    { name: 'without taints a pod stays', tolerations: [], taints: [], want: undefined },
    { name: 'a taint that is not tolerated means now', tolerations: [], taints: [taint('a')], want: 7 },
    {
      name: 'a toleration without limit is for ever',
      tolerations: [{ key: 'a', operator: 'Exists' }],
      taints: [taint('a')],
      want: undefined,
    },
    {
      name: 'a limit counts from when the pod was first seen to be in danger, whenever the taint was set',
      tolerations: [{ key: 'a', operator: 'Exists', tolerationSeconds: 10 }],
      taints: [taint('a')],
      want: 7 + 10_000,
    },
    {
      name: 'zero seconds are at once',
      tolerations: [{ operator: 'Exists', tolerationSeconds: 0 }],
      taints: [taint('a')],
      want: 7,
    },
    {
      name: 'of several the shortest counts',
      tolerations: [
        { key: 'a', operator: 'Exists', tolerationSeconds: 10 },
        { key: 'b', operator: 'Exists', tolerationSeconds: 5 },
      ],
      taints: [taint('a'), taint('b')],
      want: 7 + 5000,
    },
  ];
  for (const { name, tolerations: given, taints, want } of cases)
    it(name, () => {
      expect(evictionTime(given, taints, 7)).toBe(want);
    });
});
