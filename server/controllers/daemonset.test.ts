import { afterEach, describe, expect, it } from '@jest/globals';
import { actAsNodes, startControlPlane, until, type ControlPlane } from '../../test/fakes/control-plane.ts';
import { controllerRevisions, daemonSets, nodes, pods } from '../../openapi/generated/resources.ts';
import type { DaemonSet, DaemonSetSpec, Pod, Taint } from '../../openapi/generated/types.ts';
import { createDaemonSetController } from './daemonset.ts';
import { nodeOfDaemon } from './shared/daemon-pods.ts';

let plane: ControlPlane;
afterEach(() => plane.running.stop());
const key = { namespace: 'default', name: 'agent' };

async function start(names: readonly string[], more: Partial<DaemonSetSpec> = {}): Promise<void> {
  plane = await startControlPlane([createDaemonSetController()], async (api) => {
    for (const name of names) await api.client.create(nodes, { metadata: { name, labels: { name } } });
    await api.client.create(daemonSets, {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: key,
      spec: {
        selector: { matchLabels: { app: 'agent' } },
        template: {
          metadata: { labels: { app: 'agent' } },
          spec: { containers: [{ name: 'c', image: 'i:1' }] },
        },
        ...more,
      },
    });
  });
  await plane.clock.advance(100);
}

/** The scheduler's part: a daemon's affinity says where it goes. */
async function place(): Promise<void> {
  for (const pod of plane.api.all(pods))
    if (pod.spec?.nodeName === undefined)
      await plane.api.client.patch(
        pods,
        { ...key, name: pod.metadata?.name ?? '' },
        { spec: { nodeName: nodeOfDaemon(pod) } },
        { type: 'merge' },
      );
  await actAsNodes(plane);
}
const where = (): readonly string[] =>
  plane.api
    .all(pods)
    .filter((pod) => pod.metadata?.deletionTimestamp === undefined)
    .map(nodeOfDaemon)
    .sort();
const images = (): readonly (string | undefined)[] =>
  plane.api.all(pods).map((pod) => pod.spec?.containers[0]?.image);
const set = (): DaemonSet => plane.api.all(daemonSets)[0] ?? {};
const isReady = (pod: Pod): boolean =>
  (pod.status?.conditions ?? []).some((each) => each.type === 'Ready' && each.status === 'True');

async function setImage(image: string): Promise<void> {
  const template = { spec: { containers: [{ name: 'c', image }] } };
  await plane.api.client.patch(daemonSets, key, { spec: { template } }, { type: 'merge' });
}
async function taint(name: string, taints: readonly Taint[] | null): Promise<void> {
  await plane.api.client.patch(nodes, { name }, { spec: { taints } } as never, { type: 'merge' });
  await plane.clock.advance(2000);
}

describe('the daemonset controller', () => {
  it('puts a pod on each node, on new ones too, and tells how many', async () => {
    await start(['a', 'b']);
    expect(where()).toEqual(['a', 'b']);
    await place();
    await plane.clock.advance(2000);
    await plane.api.client.create(nodes, { metadata: { name: 'c' } });
    await plane.clock.advance(2000);
    expect(where()).toEqual(['a', 'b', 'c']);
    expect(set().status).toEqual({
      currentNumberScheduled: 3,
      desiredNumberScheduled: 3,
      numberAvailable: 2,
      numberMisscheduled: 0,
      numberReady: 2,
      numberUnavailable: 1,
      observedGeneration: 1,
      updatedNumberScheduled: 3,
    });
  });

  it('tolerates the troubles of a node', async () => {
    await start(['a']);
    const [pod] = plane.api.all(pods);
    expect(pod?.spec?.tolerations).toHaveLength(6);
    await taint('a', [
      { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' },
      { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' },
    ]);
    expect(where()).toEqual(['a']);
  });

  it('leaves nodes that are not chosen, and goes from those that it does not tolerate', async () => {
    await start(['a', 'b'], {
      template: {
        metadata: { labels: { app: 'agent' } },
        spec: { containers: [{ name: 'c' }], nodeSelector: { name: 'a' } },
      },
    });
    expect(where()).toEqual(['a']);
    await taint('a', [{ key: 'k', effect: 'NoSchedule' }]);
    expect([where(), set().status?.numberMisscheduled]).toEqual([['a'], 1]);
    await taint('a', [{ key: 'k', effect: 'NoExecute' }]);
    expect(where()).toEqual([]);
  });

  it('replaces a pod that failed, later each time', async () => {
    await start(['a']);
    await place();
    const fail = async (): Promise<void> => {
      const name = plane.api.all(pods)[0]?.metadata?.name ?? '';
      await plane.api.client.patch(
        pods,
        { ...key, name },
        { status: { phase: 'Failed' } },
        { type: 'merge', subresource: 'status' },
      );
      await plane.clock.advance(10);
    };
    const phases = (): readonly (string | undefined)[] => plane.api.all(pods).map((pod) => pod.status?.phase);
    await fail();
    await until(plane, () => phases().length === 1 && phases()[0] === undefined, { nodes: false });
    await place();
    await fail();
    expect(phases()).toContain('Failed');
    await until(plane, () => phases().length === 1 && phases()[0] === undefined, { nodes: false });
  });

  it('rolls an update out, one node at a time, and keeps its history', async () => {
    await start(['a', 'b', 'c'], {
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
    });
    await place();
    await plane.clock.advance(1000);
    await setImage('i:2');
    let fewest = 3;
    for (let round = 0; round < 20; round++) {
      await plane.clock.advance(1000);
      fewest = Math.min(
        fewest,
        plane.api.all(pods).filter((pod) => isReady(pod) && pod.metadata?.deletionTimestamp === undefined)
          .length,
      );
      await place();
    }
    expect(images()).toEqual(['i:2', 'i:2', 'i:2']);
    expect(fewest).toBe(2);
    expect(
      plane.api
        .all(controllerRevisions)
        .map((each) => each.revision)
        .sort(),
    ).toEqual([1, 2]);
    await setImage('i:1');
    await plane.clock.advance(1000);
    expect(
      plane.api
        .all(controllerRevisions)
        .map((each) => each.revision)
        .sort(),
    ).toEqual([2, 3]);
  });

  it('with surge starts the new pod before the old one goes', async () => {
    await start(['a', 'b'], {
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    });
    await place();
    await plane.clock.advance(1000);
    await setImage('i:2');
    let fewest = 2;
    for (let round = 0; round < 20; round++) {
      await plane.clock.advance(1000);
      fewest = Math.min(
        fewest,
        plane.api.all(pods).filter((pod) => isReady(pod) && pod.metadata?.deletionTimestamp === undefined)
          .length,
      );
      await place();
    }
    expect([images(), fewest]).toEqual([['i:2', 'i:2'], 2]);
  });

  it('with OnDelete waits for someone to delete the old pod', async () => {
    await start(['a'], { updateStrategy: { type: 'OnDelete' } });
    await place();
    await setImage('i:2');
    await plane.clock.advance(5000);
    expect(images()).toEqual(['i:1']);
    await plane.api.client.delete(
      pods,
      { ...key, name: plane.api.all(pods)[0]?.metadata?.name ?? '' },
      { gracePeriodSeconds: 0 },
    );
    await plane.clock.advance(5000);
    expect(images()).toEqual(['i:2']);
  });
});
