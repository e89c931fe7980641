import { afterEach, describe, expect, it } from '@jest/globals';
import { startControlPlane, until, type ControlPlane } from '../../test/fakes/control-plane.ts';
import { events, pods, replicaSets, replicationControllers } from '../../openapi/generated/resources.ts';
import type { Pod, ReplicaSet } from '../../openapi/generated/types.ts';
import { StatusError } from '../../openapi/machinery/status.ts';
import { createReplicaSetController } from './replicaset.ts';
import { createReplicationControllerController } from './replicationcontroller.ts';
import { inDeletionOrder } from './shared/pod-ranking.ts';

let plane: ControlPlane | undefined;
afterEach(async () => {
  await plane?.running.stop();
  plane = undefined;
});
const key = { namespace: 'default', name: 'web' };

function replicaSet(replicas: number, minReadySeconds = 0): ReplicaSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: key,
    spec: {
      replicas,
      minReadySeconds,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web', more: 'x' } },
        spec: { containers: [{ name: 'c', image: 'i' }] },
      },
    },
  };
}

async function start(object: ReplicaSet, ...others: readonly Pod[]): Promise<ControlPlane> {
  plane = await startControlPlane([createReplicaSetController()], async (api) => {
    for (const pod of others) await api.client.create(pods, pod);
    await api.client.create(replicaSets, object);
  });
  await plane.clock.advance(100);
  return plane;
}

describe('the replicaset controller', () => {
  it('creates the pods that are missing, once', async () => {
    const { api } = await start(replicaSet(7));
    const [set] = api.all(replicaSets);
    expect(api.all(pods)).toHaveLength(7);
    expect(api.all(pods)[0]?.metadata).toMatchObject({
      generateName: 'web-',
      labels: { app: 'web', more: 'x' },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: 'web',
          uid: set?.metadata?.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    });
    expect(set?.status).toEqual({
      replicas: 7,
      fullyLabeledReplicas: 7,
      terminatingReplicas: 0,
      observedGeneration: 1,
    });
    expect(api.all(events).filter((event) => event.reason === 'SuccessfulCreate')).toHaveLength(7);
  });

  it('replaces a pod that is deleted, and one that failed', async () => {
    const { api, clock } = await start(replicaSet(2));
    const [first, second] = api.all(pods);
    await api.client.delete(pods, { ...key, name: first?.metadata?.name ?? '' });
    await api.client.patch(
      pods,
      { ...key, name: second?.metadata?.name ?? '' },
      { status: { phase: 'Failed' } },
      { type: 'merge', subresource: 'status' },
    );
    await clock.advance(100);
    const active = api.all(pods).filter((pod) => pod.status?.phase !== 'Failed');
    expect(active).toHaveLength(2);
  });

  it('adopts orphans that match, and creates only the rest', async () => {
    const orphan = { metadata: { ...key, name: 'orphan', labels: { app: 'web' } }, spec: { containers: [] } };
    const { api } = await start(replicaSet(2), orphan);
    expect(api.all(pods)).toHaveLength(2);
    const adopted = api.all(pods).find((pod) => pod.metadata?.name === 'orphan');
    expect(adopted?.metadata?.ownerReferences).toMatchObject([
      { kind: 'ReplicaSet', name: 'web', controller: true },
    ]);
    expect(api.all(replicaSets)[0]?.status?.fullyLabeledReplicas).toBe(1);
  });

  it('releases a pod whose labels no longer match, and replaces it', async () => {
    const { api, clock } = await start(replicaSet(1));
    const name = api.all(pods)[0]?.metadata?.name ?? '';
    await api.client.patch(
      pods,
      { ...key, name },
      { metadata: { labels: { app: 'debug' } } },
      { type: 'merge' },
    );
    await clock.advance(100);
    expect(api.all(pods)).toHaveLength(2);
    expect(api.all(pods).find((pod) => pod.metadata?.name === name)?.metadata?.ownerReferences).toEqual([]);
  });

  it('leaves the pods of others alone', async () => {
    const owner = { apiVersion: 'v1', kind: 'Other', name: 'o', uid: 'u', controller: true };
    const theirs = {
      metadata: { ...key, name: 'theirs', labels: { app: 'web' }, ownerReferences: [owner] },
      spec: { containers: [] },
    };
    const { api } = await start(replicaSet(1), theirs);
    expect(api.all(pods)).toHaveLength(2);
    expect(api.all(pods).find((pod) => pod.metadata?.name === 'theirs')?.metadata?.ownerReferences).toEqual([
      owner,
    ]);
  });

  it('tells that pods cannot be created, asks for one only, and goes on when they can', async () => {
    plane = await startControlPlane([createReplicaSetController()]);
    const { api, clock } = plane;
    const refusal = new StatusError('Forbidden', 'pods "web-" is forbidden: exceeded quota: q');
    api.fail('create', pods, refusal, 4);
    const wanted = replicaSet(50);
    let writes = 0;
    api.onWrite = (verb, resource) => {
      if (verb === 'create' && resource.plural === 'pods') writes += 1;
    };
    await api.client.create(replicaSets, wanted);
    await clock.advance(0);
    const told = (): unknown => api.all(replicaSets)[0]?.status?.conditions;
    expect(writes).toBe(0);
    expect(told()).toMatchObject([
      { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: refusal.message },
    ]);
    await clock.advance(60_000);
    expect(api.all(pods)).toHaveLength(50);
    expect(told()).toBeUndefined();
    expect(api.all(events).map((event) => event.message)).toContain(`Error creating: ${refusal.message}`);
  });

  it('counts a pod as available when it has been ready long enough', async () => {
    const running = await start(replicaSet(1, 30));
    await until(running, () => running.api.all(replicaSets)[0]?.status?.readyReplicas === 1);
    expect(running.api.all(replicaSets)[0]?.status?.availableReplicas).toBeUndefined();
    await running.clock.advance(31_000);
    expect(running.api.all(replicaSets)[0]?.status?.availableReplicas).toBe(1);
  });

  it('scales down', async () => {
    const running = await start(replicaSet(5));
    await running.api.client.patch(replicaSets, key, { spec: { replicas: 2 } }, { type: 'merge' });
    await running.clock.advance(100);
    expect(running.api.all(pods)).toHaveLength(2);
    expect(running.api.all(events).filter((event) => event.reason === 'SuccessfulDelete')).toHaveLength(3);
  });
});

describe('the replicationcontroller controller', () => {
  it('does the same by its own kind of selector', async () => {
    plane = await startControlPlane([createReplicationControllerController()], (api) =>
      api.client.create(replicationControllers, {
        apiVersion: 'v1',
        kind: 'ReplicationController',
        metadata: key,
        spec: {
          replicas: 2,
          selector: { app: 'web' },
          template: { metadata: { labels: { app: 'web' } }, spec: { containers: [] } },
        },
      }),
    );
    await plane.clock.advance(100);
    expect(plane.api.all(pods)).toHaveLength(2);
    expect(plane.api.all(replicationControllers)[0]?.status).toEqual({
      replicas: 2,
      fullyLabeledReplicas: 2,
      observedGeneration: 1,
    });
  });
});

describe('inDeletionOrder()', () => {
  const nowMs = Date.UTC(2026, 0, 2);
  const at = (secondsAgo: number): string => new Date(nowMs - secondsAgo * 1000).toISOString();
  interface Fields {
    readonly node?: string;
    readonly phase?: string;
    readonly readyAgo?: number;
    readonly cost?: string;
    readonly restarts?: number;
    readonly age?: number;
  }
  function pod(
    name: string,
    { node = 'n1', phase = 'Running', readyAgo, cost, restarts = 0, age = 1000 }: Fields,
  ): Pod {
    const ready =
      readyAgo === undefined ? [] : [{ type: 'Ready', status: 'True', lastTransitionTime: at(readyAgo) }];
    const annotations = cost === undefined ? {} : { 'controller.kubernetes.io/pod-deletion-cost': cost };
    return {
      metadata: { name, uid: name, creationTimestamp: at(age), annotations },
      spec: { containers: [], ...(node === '' ? {} : { nodeName: node }) },
      status: {
        phase,
        conditions: ready,
        containerStatuses: [{ name: 'c', ready: true, restartCount: restarts, image: '', imageID: '' }],
      },
    };
  }
  const cases: readonly { name: string; first: Fields; second: Fields; crowd?: readonly Fields[] }[] = [
    { name: 'without a node before with one', first: { node: '', readyAgo: 100 }, second: { readyAgo: 100 } },
    { name: 'pending before running', first: { phase: 'Pending' }, second: {} },
    { name: 'not ready before ready', first: {}, second: { readyAgo: 1 } },
    { name: 'cheap before dear', first: { readyAgo: 1000, cost: '-5' }, second: { readyAgo: 1, cost: '5' } },
    {
      name: 'on a crowded node before alone',
      first: { readyAgo: 1000 },
      second: { node: 'n2', readyAgo: 1 },
      crowd: [{}, {}],
    },
    { name: 'shortly ready before long ready', first: { readyAgo: 1 }, second: { readyAgo: 1000 } },
    {
      name: 'often restarted before seldom',
      first: { readyAgo: 100, restarts: 5 },
      second: { readyAgo: 100 },
    },
    { name: 'young before old', first: { readyAgo: 100, age: 100 }, second: { readyAgo: 100, age: 10_000 } },
  ];
  for (const { name, first, second, crowd = [] } of cases)
    it(`puts ${name}`, () => {
      const [a, b] = [pod('z', first), pod('a', second)];
      const related = [a, b, ...crowd.map((fields, i) => pod(`crowd${i}`, fields))];
      expect(inDeletionOrder([b, a], related, nowMs).map((each) => each.metadata?.name)).toEqual(['z', 'a']);
    });
});
