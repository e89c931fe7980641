import { afterEach, describe, expect, it } from '@jest/globals';
import { startControlPlane, until, type ControlPlane } from '../../test/fakes/control-plane.ts';
import { deployments, events, pods, replicaSets } from '../../openapi/generated/resources.ts';
import type { Deployment, DeploymentSpec, ReplicaSet } from '../../openapi/generated/types.ts';
import { createDeploymentController } from './deployment.ts';
import { createReplicaSetController } from './replicaset.ts';

const key = { namespace: 'default', name: 'web' };

function deployment(replicas: number, more: Partial<DeploymentSpec> = {}): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { ...key, annotations: { 'kubernetes.io/change-cause': 'first' } },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'c', image: 'nginx:1' }] },
      },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      progressDeadlineSeconds: 600,
      revisionHistoryLimit: 10,
      ...more,
    },
  };
}

let plane: ControlPlane;
async function start(object: Deployment): Promise<ControlPlane> {
  plane = await startControlPlane([createDeploymentController(), createReplicaSetController()], (api) =>
    api.client.create(deployments, object),
  );
  return plane;
}
afterEach(() => plane.running.stop());

const current = (): Deployment => plane.api.all(deployments)[0] ?? {};
const sets = (): readonly ReplicaSet[] => plane.api.all(replicaSets);
const setOf = (image: string): ReplicaSet | undefined =>
  sets().find((set) => set.spec?.template?.spec?.containers[0]?.image === image);
const isDone = (replicas: number): boolean => {
  const { status, metadata } = current();
  return (
    status?.observedGeneration === metadata?.generation &&
    status?.updatedReplicas === replicas &&
    status.replicas === replicas &&
    status.availableReplicas === replicas
  );
};
async function setImage(image: string): Promise<void> {
  const template = { spec: { containers: [{ name: 'c', image }] } };
  await plane.api.client.patch(deployments, key, { spec: { template } }, { type: 'merge' });
}
const progressing = (): unknown => current().status?.conditions?.find((each) => each.type === 'Progressing');
const messages = (): readonly string[] => plane.api.all(events).map((event) => event.message ?? '');

describe('the deployment controller', () => {
  it('creates a set named by its template, and pods', async () => {
    await start(deployment(3));
    await until(plane, () => isDone(3));
    const [set] = sets();
    expect(set?.metadata?.name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{8,10}$/);
    expect(set?.metadata?.annotations).toEqual({
      'kubernetes.io/change-cause': 'first',
      'deployment.kubernetes.io/desired-replicas': '3',
      'deployment.kubernetes.io/max-replicas': '4',
      'deployment.kubernetes.io/revision': '1',
    });
    expect(plane.api.all(pods)).toHaveLength(3);
    expect(current().metadata?.annotations?.['deployment.kubernetes.io/revision']).toBe('1');
    expect(current().status?.conditions).toMatchObject([
      {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      },
      {
        type: 'Progressing',
        status: 'True',
        reason: 'NewReplicaSetAvailable',
        message: `ReplicaSet "${set?.metadata?.name ?? ''}" has successfully progressed.`,
      },
    ]);
    expect(messages()).toContain(`Scaled up replica set ${set?.metadata?.name ?? ''} from 0 to 3`);
  });

  it('never leaves its bounds while it rolls out', async () => {
    await start(deployment(8));
    await until(plane, () => isDone(8));
    await setImage('nginx:2');
    let fewest = Infinity;
    let most = 0;
    await until(plane, () => {
      const alive = plane.api.all(pods).filter((pod) => pod.metadata?.deletionTimestamp === undefined);
      const ready = alive.filter((pod) =>
        (pod.status?.conditions ?? []).some((each) => each.type === 'Ready' && each.status === 'True'),
      );
      fewest = Math.min(fewest, ready.length);
      most = Math.max(most, alive.length);
      return isDone(8);
    });
    expect(fewest).toBeGreaterThanOrEqual(6);
    expect(most).toBeLessThanOrEqual(10);
    expect([setOf('nginx:1')?.spec?.replicas, setOf('nginx:2')?.spec?.replicas]).toEqual([0, 8]);
    expect(current().metadata?.annotations?.['deployment.kubernetes.io/revision']).toBe('2');
  });

  it('takes an old set up again on undo, with a new revision and its history', async () => {
    await start(deployment(2));
    await until(plane, () => isDone(2));
    await setImage('nginx:2');
    await until(plane, () => isDone(2));
    await setImage('nginx:1');
    await until(plane, () => isDone(2));
    expect(sets()).toHaveLength(2);
    expect(setOf('nginx:1')?.metadata?.annotations).toMatchObject({
      'deployment.kubernetes.io/revision': '3',
      'deployment.kubernetes.io/revision-history': '1',
    });
    expect(setOf('nginx:1')?.spec?.replicas).toBe(2);
  });

  it('counts revisions with 64 bits, since a user may have written a large one', async () => {
    await start(deployment(1));
    await until(plane, () => isDone(1));
    const annotations = { 'deployment.kubernetes.io/revision': '3546343826724305832' };
    await plane.api.client.patch(
      replicaSets,
      { ...key, name: sets()[0]?.metadata?.name ?? '' },
      { metadata: { annotations } },
      { type: 'merge' },
    );
    await setImage('nginx:2');
    await until(plane, () => isDone(1));
    expect(setOf('nginx:2')?.metadata?.annotations).toMatchObject({
      'deployment.kubernetes.io/revision': '3546343826724305833',
    });
  });

  it('keeps as many old sets as the history limit says', async () => {
    await start(deployment(1, { revisionHistoryLimit: 1 }));
    for (const image of ['nginx:2', 'nginx:3', 'nginx:4']) {
      await until(plane, () => isDone(1));
      await setImage(image);
      await plane.clock.advance(1000);
    }
    await until(plane, () => isDone(1) && sets().length === 2);
    expect(
      sets()
        .map((set) => set.spec?.template?.spec?.containers[0]?.image)
        .sort(),
    ).toEqual(['nginx:3', 'nginx:4']);
  });

  it('scales', async () => {
    await start(deployment(1));
    await until(plane, () => isDone(1));
    await plane.api.client.patch(deployments, key, { spec: { replicas: 4 } }, { type: 'merge' });
    await until(plane, () => isDone(4));
    await plane.api.client.patch(deployments, key, { spec: { replicas: 0 } }, { type: 'merge' });
    await until(plane, () => plane.api.all(pods).length === 0);
    expect(current().status?.replicas).toBeUndefined();
    expect(messages().some((message) => /^Scaled down replica set web-\w+ from 4 to 0$/.test(message))).toBe(
      true,
    );
  });

  it('with Recreate starts no new pod before the last old one is gone', async () => {
    await start(deployment(2, { strategy: { type: 'Recreate' } }));
    await until(plane, () => isDone(2));
    await setImage('nginx:2');
    let mixed = false;
    await until(plane, () => {
      mixed ||= new Set(plane.api.all(pods).map((pod) => pod.spec?.containers[0]?.image)).size > 1;
      return isDone(2);
    });
    expect(mixed).toBe(false);
  });

  it('does nothing to the pods while it is paused, and says so', async () => {
    await start(deployment(1));
    await until(plane, () => isDone(1));
    await plane.api.client.patch(deployments, key, { spec: { paused: true } }, { type: 'merge' });
    await plane.clock.advance(1000);
    await setImage('nginx:2');
    await plane.clock.advance(5000);
    expect(sets()).toHaveLength(1);
    expect(progressing()).toMatchObject({
      status: 'Unknown',
      reason: 'DeploymentPaused',
      message: 'Deployment is paused',
    });
    await plane.api.client.patch(deployments, key, { spec: { paused: false } }, { type: 'merge' });
    await until(plane, () => isDone(1));
    expect(setOf('nginx:2')?.spec?.replicas).toBe(1);
  });

  it('tells when the progress deadline has passed', async () => {
    await start(deployment(1, { progressDeadlineSeconds: 30 }));
    await plane.clock.advance(60_000);
    const name = sets()[0]?.metadata?.name ?? '';
    expect(progressing()).toMatchObject({
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: `ReplicaSet "${name}" has timed out progressing.`,
    });
    await until(plane, () => isDone(1));
    expect(progressing()).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
  });

  it('spreads a scaling in the middle of a rollout over both sets', async () => {
    await start(
      deployment(10, {
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } },
      }),
    );
    await until(plane, () => isDone(10));
    await setImage('nginx:broken');
    await plane.clock.advance(2000);
    await until(
      plane,
      () => setOf('nginx:1')?.spec?.replicas === 8 && setOf('nginx:broken')?.spec?.replicas === 5,
      { nodes: false },
    );
    await plane.api.client.patch(deployments, key, { spec: { replicas: 15 } }, { type: 'merge' });
    await plane.clock.advance(2000);
    expect([setOf('nginx:1')?.spec?.replicas, setOf('nginx:broken')?.spec?.replicas]).toEqual([11, 7]);
  });

  it("counts a collision and takes another name when a stranger has its set's name", async () => {
    await start(deployment(1));
    await until(plane, () => isDone(1));
    const [set] = sets();
    await plane.api.client.patch(
      replicaSets,
      { ...key, name: set?.metadata?.name ?? '' },
      { metadata: { ownerReferences: null, labels: { app: 'other' } } },
      { type: 'merge' },
    );
    await until(plane, () => sets().length === 2);
    expect(current().status?.collisionCount).toBe(1);
  });

  it('adopts what matches', async () => {
    await start(deployment(1));
    await until(plane, () => isDone(1));
    const [set] = sets();
    await plane.api.client.patch(
      replicaSets,
      { ...key, name: set?.metadata?.name ?? '' },
      { metadata: { ownerReferences: null } },
      { type: 'merge' },
    );
    await until(plane, () => sets()[0]?.metadata?.ownerReferences?.length === 1);
    expect(sets()).toHaveLength(1);
  });
});
