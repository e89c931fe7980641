import { afterEach, describe, expect, it } from '@jest/globals';
import { actAsNodes, startControlPlane, until, type ControlPlane } from '../../test/fakes/control-plane.ts';
import {
  controllerRevisions,
  events,
  persistentVolumeClaims,
  pods,
  statefulSets,
} from '../../openapi/generated/resources.ts';
import type { StatefulSet, StatefulSetSpec } from '../../openapi/generated/types.ts';
import { createStatefulSetController } from './statefulset.ts';

let plane: ControlPlane;
afterEach(() => plane.running.stop());
const key = { namespace: 'default', name: 'web' };

async function start(more: Partial<StatefulSetSpec> = {}): Promise<void> {
  plane = await startControlPlane([createStatefulSetController()], (api) =>
    api.client.create(statefulSets, {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: key,
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: 'web' } },
        serviceName: 'web',
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [{ name: 'c', image: 'i:1' }] },
        },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
        ...more,
      },
    }),
  );
  await plane.clock.advance(100);
}
const names = (): readonly string[] => plane.api.all(pods).map((pod) => pod.metadata?.name ?? '');
const images = (): readonly (string | undefined)[] =>
  plane.api.all(pods).map((pod) => pod.spec?.containers[0]?.image);
const set = (): StatefulSet => plane.api.all(statefulSets)[0] ?? {};
const change = (spec: object): Promise<unknown> =>
  plane.api.client.patch(statefulSets, key, { spec } as never, { type: 'merge' });
const withImage = (image: string): object => ({ template: { spec: { containers: [{ name: 'c', image }] } } });
const allReady = (count: number): boolean =>
  set().status?.readyReplicas === count && names().length === count;

describe('the statefulset controller', () => {
  it('starts pods one after the other, and says so', async () => {
    await start();
    expect(names()).toEqual(['web-0']);
    await plane.clock.advance(5000);
    expect(names()).toEqual(['web-0']);
    await actAsNodes(plane);
    expect(names()).toEqual(['web-0', 'web-1']);
    await until(plane, () => allReady(3));
    const told = plane.api.all(events).map((event) => `${event.reason ?? ''}: ${event.message ?? ''}`);
    expect(told).toContain('SuccessfulCreate: Create Pod web-2 in StatefulSet web successful');
    expect(set().status).toMatchObject({
      replicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      updatedReplicas: 3,
    });
  });

  it('scales down from the top, one pod at a time', async () => {
    await start();
    await until(plane, () => allReady(3));
    await change({ replicas: 1 });
    await plane.clock.advance(100);
    const going = (): readonly (string | undefined)[] =>
      plane.api
        .all(pods)
        .filter((pod) => pod.metadata?.deletionTimestamp !== undefined)
        .map((pod) => pod.metadata?.name);
    expect(going()).toEqual(['web-2']);
    await actAsNodes(plane);
    expect([names(), going()]).toEqual([['web-0', 'web-1'], ['web-1']]);
    await until(plane, () => allReady(1));
  });

  it('rolls an update out from the top and back again, with the same revision', async () => {
    await start();
    await until(plane, () => allReady(3));
    const first = set().status?.currentRevision;
    await change(withImage('i:2'));
    await plane.clock.advance(100);
    expect(set().status).toMatchObject({ currentRevision: first, currentReplicas: 2 });
    await until(plane, () => images().every((image) => image === 'i:2') && allReady(3));
    await until(plane, () => set().status?.currentRevision !== first);
    await change(withImage('i:1'));
    await until(plane, () => images().every((image) => image === 'i:1') && allReady(3));
    await until(plane, () => set().status?.currentRevision === first);
    expect(
      plane.api
        .all(controllerRevisions)
        .map((revision) => revision.revision)
        .sort(),
    ).toEqual([2, 3]);
  });

  it('updates no pod below the partition, also when it makes one anew', async () => {
    await start({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } });
    await until(plane, () => allReady(3));
    await change(withImage('i:2'));
    await until(plane, () => images().includes('i:2') && allReady(3));
    expect(images()).toEqual(['i:1', 'i:1', 'i:2']);
    await plane.api.client.delete(pods, { ...key, name: 'web-0' }, { gracePeriodSeconds: 0 });
    await until(plane, () => allReady(3));
    await plane.clock.advance(5000);
    expect(images()).toEqual(['i:1', 'i:1', 'i:2']);
  });

  it('keeps no more old revisions than the limit', async () => {
    await start({ replicas: 1, revisionHistoryLimit: 1 });
    for (const image of ['i:2', 'i:3', 'i:4']) {
      await until(plane, () => allReady(1));
      await change(withImage(image));
      await until(plane, () => images()[0] === image && allReady(1));
    }
    await plane.clock.advance(5000);
    expect(plane.api.all(controllerRevisions)).toHaveLength(2);
  });

  it('makes a pod anew that failed', async () => {
    await start({ replicas: 1 });
    await until(plane, () => allReady(1));
    const before = plane.api.all(pods)[0]?.metadata?.uid;
    await plane.api.client.patch(
      pods,
      { ...key, name: 'web-0' },
      { status: { phase: 'Failed' } },
      { type: 'merge', subresource: 'status' },
    );
    await until(plane, () => allReady(1) && plane.api.all(pods)[0]?.metadata?.uid !== before);
  });

  it('makes claims before the pod, and keeps them', async () => {
    await start({ replicas: 2, volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: {} }] });
    await until(plane, () => allReady(2));
    await change({ replicas: 1 });
    await until(plane, () => allReady(1));
    const claims = plane.api.all(persistentVolumeClaims);
    expect(claims.map((claim) => claim.metadata?.name)).toEqual(['data-web-0', 'data-web-1']);
    expect(claims.map((claim) => claim.metadata?.ownerReferences)).toEqual([undefined, undefined]);
    expect(claims[0]?.metadata?.labels).toEqual({ app: 'web' });
  });

  it('gives claims to the set, and those of a pod that goes to the pod, as the policy says', async () => {
    await start({
      replicas: 2,
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: {} }],
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
    });
    await until(plane, () => allReady(2));
    const owners = (): readonly (readonly string[])[] =>
      plane.api
        .all(persistentVolumeClaims)
        .map((claim) => (claim.metadata?.ownerReferences ?? []).map((owner) => owner.kind));
    expect(owners()).toEqual([['StatefulSet'], ['StatefulSet']]);
    await change({ replicas: 1 });
    await until(plane, () => allReady(1));
    expect(owners()).toEqual([['StatefulSet'], ['Pod']]);
  });

  it('adopts a pod of its names only', async () => {
    plane = await startControlPlane([createStatefulSetController()], async (api) => {
      for (const name of ['web-0', 'stray'])
        await api.client.create(pods, {
          metadata: { ...key, name, labels: { app: 'web' } },
          spec: { containers: [] },
        });
      await api.client.create(statefulSets, {
        metadata: key,
        spec: { replicas: 1, selector: { matchLabels: { app: 'web' } }, serviceName: '', template: {} },
      });
    });
    await plane.clock.advance(1000);
    await actAsNodes(plane);
    await plane.clock.advance(1000);
    const owned = plane.api
      .all(pods)
      .map((pod) => [pod.metadata?.name, pod.metadata?.ownerReferences?.length]);
    expect(owned).toEqual([
      ['stray', undefined],
      ['web-0', 1],
    ]);
  });
});
