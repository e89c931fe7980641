import { afterEach, describe, expect, it } from '@jest/globals';
import { startControlPlane, type ControlPlane } from '../../test/fakes/control-plane.ts';
import {
  deployments,
  events,
  podDisruptionBudgets,
  pods,
  replicaSets,
} from '../../openapi/generated/resources.ts';
import type { PodDisruptionBudget, PodDisruptionBudgetSpec } from '../../openapi/generated/types.ts';
import type { OwnerReference } from '../../openapi/machinery/object.ts';
import { createDisruptionController } from './disruption.ts';
import { selectorText } from './shared/disruption-plan.ts';
import { createStaleDisruptionController } from './stale-disruption.ts';

let plane: ControlPlane;
afterEach(() => plane.running.stop());
const key = { namespace: 'default', name: 'b' };

async function start(spec: Partial<PodDisruptionBudgetSpec>): Promise<void> {
  plane = await startControlPlane([createDisruptionController(), createStaleDisruptionController()], (api) =>
    api.client.create(podDisruptionBudgets, {
      metadata: key,
      spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
    }),
  );
  await plane.clock.advance(100);
}
async function run(name: string, isReady: boolean, owner?: OwnerReference): Promise<void> {
  await plane.api.client.create(pods, {
    metadata: {
      ...key,
      name,
      labels: { app: 'web' },
      ...(owner === undefined ? {} : { ownerReferences: [owner] }),
    },
    spec: { containers: [] },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] },
  });
  await plane.clock.advance(100);
}
/** Pods of two ReplicaSets of one Deployment, as in a rollout. */
async function runDeployment(replicas: number): Promise<void> {
  const { client } = plane.api;
  const deployment = await client.create(deployments, {
    metadata: { ...key, name: 'web' },
    spec: { replicas, selector: {}, template: {} },
  });
  const controls = (kind: string, name: string, uid: string): OwnerReference => ({
    apiVersion: 'apps/v1',
    kind,
    name,
    uid,
    controller: true,
  });
  const owner = controls('Deployment', 'web', deployment.metadata?.uid ?? '');
  for (const name of ['web-1', 'web-2']) {
    const set = await client.create(replicaSets, {
      metadata: { ...key, name, ownerReferences: [owner] },
      spec: { replicas: 2, selector: {} },
    });
    for (const i of ['a', 'b'])
      await run(`${name}-${i}`, true, controls('ReplicaSet', name, set.metadata?.uid ?? ''));
  }
}
const budget = (): PodDisruptionBudget => plane.api.all(podDisruptionBudgets)[0] ?? {};
const counts = (): readonly (number | undefined)[] => {
  const { currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed } = budget().status ?? {};
  return [currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed];
};
const told = (): readonly string[] =>
  plane.api.all(events).map((event) => `${event.reason ?? ''}: ${event.message ?? ''}`);

describe('the disruption controller', () => {
  it('counts pods that are ready', async () => {
    await start({ minAvailable: 1 });
    expect(counts()).toEqual([0, 1, 0, 0]);
    expect(told()).toEqual(['NoPods: No matching pods found']);
    await run('a', true);
    await run('b', false);
    expect(counts()).toEqual([1, 1, 2, 0]);
    await run('c', true);
    expect(counts()).toEqual([2, 1, 3, 1]);
    expect(budget().status?.conditions).toEqual([
      {
        type: 'DisruptionAllowed',
        status: 'True',
        reason: 'SufficientPods',
        message: '',
        observedGeneration: 1,
        lastTransitionTime: '2026-01-02T03:04:05Z',
      },
    ]);
  });

  it('takes shares of what the Deployment wants, rounded up', async () => {
    await start({ maxUnavailable: '30%' });
    await runDeployment(4);
    expect(counts()).toEqual([4, 2, 4, 2]);
    await plane.api.client.patch(
      deployments,
      { ...key, name: 'web' },
      { spec: { replicas: 10 } },
      { type: 'merge' },
    );
    await plane.clock.advance(100);
    expect(counts()).toEqual([4, 7, 10, 0]);
  });

  it('takes a share that must be available the same way', async () => {
    await start({ minAvailable: '50%' });
    await runDeployment(3);
    expect(counts()).toEqual([4, 2, 3, 2]);
  });

  it('allows nothing when what controls a pod wants no number of them', async () => {
    await start({ maxUnavailable: 1 });
    await run('a', true, { apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: 'j', controller: true });
    const text = 'jobs.batch does not implement the scale subresource';
    expect(told()).toContain(
      `CalculateExpectedPodCountFailed: Failed to calculate the number of expected pods: ${text}`,
    );
    expect(budget().status).toMatchObject({
      disruptionsAllowed: 0,
      conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message: text }],
    });
  });

  it('says when pods belong to nobody', async () => {
    await start({ maxUnavailable: 1 });
    await run('a', true);
    expect(told().some((text) => text.startsWith('UnmanagedPods: Pods selected by this'))).toBe(true);
    expect(counts()).toEqual([1, 0, 0, 0]);
  });

  it('counts an evicted pod as gone until it is, or is not after two minutes', async () => {
    await start({ minAvailable: 1 });
    await run('a', true);
    await run('b', true);
    const status = {
      ...budget().status,
      disruptedPods: { a: '2026-01-02T03:04:05Z' },
      disruptionsAllowed: 0,
    };
    await plane.api.client.updateStatus(podDisruptionBudgets, { ...budget(), status });
    await plane.clock.advance(1000);
    expect([counts(), budget().status?.disruptedPods]).toEqual([[1, 1, 2, 0], { a: '2026-01-02T03:04:05Z' }]);
    await plane.clock.advance(121_000);
    expect([counts(), budget().status?.disruptedPods]).toEqual([[2, 1, 2, 1], undefined]);
    expect(told()).toContain("NotDeleted: Pod was expected by PDB default/b to be deleted but it wasn't");
  });

  it('takes back a mark that came to nothing', async () => {
    await start({ minAvailable: 1 });
    await run('a', true);
    const marked = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'EvictionByEvictionAPI',
      lastTransitionTime: '2026-01-02T03:04:05Z',
    };
    await plane.api.client.patch(
      pods,
      { ...key, name: 'a' },
      { status: { conditions: [marked] } },
      { type: 'merge', subresource: 'status' },
    );
    await plane.clock.advance(60_000);
    const status = (): string | undefined => plane.api.all(pods)[0]?.status?.conditions?.[0]?.status;
    expect(status()).toBe('True');
    await plane.clock.advance(61_000);
    expect(status()).toBe('False');
  });
});

describe('selectorText()', () => {
  it('is what Go prints', () => {
    const selector = {
      matchLabels: { b: '2', a: '1' },
      matchExpressions: [{ key: 'k', operator: 'In', values: ['x', 'y'] }],
    };
    expect(selectorText(selector)).toBe(
      '&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:k,Operator:In,Values:[x y],},},}',
    );
  });
});
