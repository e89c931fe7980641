import { afterEach, describe, expect, it } from '@jest/globals';
import { startControlPlane, type ControlPlane } from '../../test/fakes/control-plane.ts';
import {
  clusterRoles,
  configMaps,
  events,
  jobs,
  namespaces,
  nodes,
  serviceAccounts,
} from '../../openapi/generated/resources.ts';
import { createClusterRoleAggregationController } from './clusterrole-aggregation.ts';
import { createEventTtlController } from './event-ttl.ts';
import { createNodeIpamController } from './nodeipam.ts';
import { createRootCaController } from './root-ca.ts';
import { createServiceAccountController } from './serviceaccount.ts';
import { selectControllers } from './selection.ts';
import { createTtlAfterFinishedController } from './ttl-after-finished.ts';

let plane: ControlPlane | undefined;
afterEach(async () => {
  await plane?.running.stop();
  plane = undefined;
});

describe('the serviceaccount and root-ca controllers', () => {
  it('give each namespace its account and the CA, again when they were deleted or changed', async () => {
    plane = await startControlPlane(
      [createServiceAccountController(), createRootCaController({ rootCa: 'PEM' })],
      (api) => api.client.create(namespaces, { metadata: { name: 'shop' } }),
    );
    const { api, clock } = plane;
    await clock.advance(1000);
    expect(api.all(serviceAccounts).map((each) => each.metadata?.name)).toEqual(['default']);
    expect(api.all(configMaps)[0]?.data).toEqual({ 'ca.crt': 'PEM' });
    await api.client.delete(serviceAccounts, { namespace: 'shop', name: 'default' });
    await api.client.patch(
      configMaps,
      { namespace: 'shop', name: 'kube-root-ca.crt' },
      { data: { 'ca.crt': 'forged', more: 'x' } },
      { type: 'merge' },
    );
    await clock.advance(1000);
    expect(api.all(serviceAccounts)).toHaveLength(1);
    expect(api.all(configMaps)[0]?.data).toEqual({ 'ca.crt': 'PEM' });
  });
});

describe('the nodeipam controller', () => {
  it('gives each node a range of its own, and a free one to the next', async () => {
    plane = await startControlPlane(
      [createNodeIpamController({ clusterCIDR: '10.244.0.0/22' })],
      async (api) => {
        await api.client.create(nodes, {
          metadata: { name: 'given' },
          spec: { podCIDR: '10.244.1.0/24', podCIDRs: ['10.244.1.0/24'] },
        });
        for (const name of ['a', 'b']) await api.client.create(nodes, { metadata: { name } });
      },
    );
    const { api, clock } = plane;
    await clock.advance(1000);
    const ranges = (): Readonly<Record<string, string | undefined>> =>
      Object.fromEntries(api.all(nodes).map((node) => [node.metadata?.name ?? '', node.spec?.podCIDR]));
    expect(ranges()).toEqual({ given: '10.244.1.0/24', a: '10.244.0.0/24', b: '10.244.2.0/24' });
    await api.client.delete(nodes, { name: 'a' });
    for (const name of ['c', 'd', 'e']) await api.client.create(nodes, { metadata: { name } });
    await clock.advance(1000);
    expect(ranges()).toEqual({
      given: '10.244.1.0/24',
      b: '10.244.2.0/24',
      c: '10.244.0.0/24',
      d: '10.244.3.0/24',
      e: undefined,
    });
    await api.client.delete(nodes, { name: 'b' });
    await clock.advance(3_600_000);
    expect(ranges()['e']).toBe('10.244.2.0/24');
  });

  it('refuses a range that holds no part', () => {
    expect(() => createNodeIpamController({ clusterCIDR: '10.0.0.0/25' })).toThrow(
      'Cannot split 10.0.0.0/25 into parts of /24',
    );
  });
});

describe('the time to live of ended things', () => {
  it('deletes an event an hour after it was last seen', async () => {
    plane = await startControlPlane([createEventTtlController()], (api) =>
      api.client.create(events, {
        metadata: { name: 'e', namespace: 'default' },
        involvedObject: {},
        lastTimestamp: '2026-01-02T03:04:05Z',
      }),
    );
    const { api, clock } = plane;
    await clock.advance(3_599_000);
    await api.client.patch(
      events,
      { namespace: 'default', name: 'e' },
      { lastTimestamp: '2026-01-02T03:34:05Z' },
      { type: 'merge' },
    );
    await clock.advance(1000);
    expect(api.all(events)).toHaveLength(1);
    await clock.advance(1_800_000);
    expect(api.all(events)).toEqual([]);
  });

  it('deletes a Job when its seconds after its end have passed', async () => {
    const spec = { ttlSecondsAfterFinished: 60, template: {} };
    const conditions = [{ type: 'Complete', status: 'True', lastTransitionTime: '2026-01-02T03:04:00Z' }];
    plane = await startControlPlane([createTtlAfterFinishedController()], (api) =>
      api.client.create(jobs, {
        metadata: { name: 'j', namespace: 'default' },
        spec,
        status: { conditions },
      }),
    );
    const { api, clock } = plane;
    await clock.advance(50_000);
    expect(api.all(jobs)[0]?.metadata?.deletionTimestamp).toBeUndefined();
    await clock.advance(10_000);
    expect(api.all(jobs)[0]?.metadata?.deletionTimestamp).toBeDefined();
  });
});

describe('the clusterrole-aggregation controller', () => {
  it('fills an aggregate with the rules that its selector chooses, each once', async () => {
    const rule = (resource: string): object => ({ apiGroups: [''], resources: [resource], verbs: ['get'] });
    plane = await startControlPlane([createClusterRoleAggregationController()], async (api) => {
      const chosen = { labels: { to: 'view' } };
      await api.client.create(clusterRoles, {
        metadata: { name: 'b', ...chosen },
        rules: [rule('pods'), rule('nodes')] as never,
      });
      await api.client.create(clusterRoles, {
        metadata: { name: 'a', ...chosen },
        rules: [rule('pods')] as never,
      });
      await api.client.create(clusterRoles, { metadata: { name: 'c' }, rules: [rule('secrets')] as never });
      await api.client.create(clusterRoles, {
        metadata: { name: 'view' },
        aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: 'view' } }] },
        rules: [],
      });
    });
    await plane.clock.advance(1000);
    const view = plane.api.all(clusterRoles).find((role) => role.metadata?.name === 'view');
    expect(view?.rules).toEqual([rule('pods'), rule('nodes')]);
  });
});

describe('selectControllers()', () => {
  const all = ['deployment', 'job', 'nodeipam'].map((name) => ({
    name,
    watches: [],
    reconcile: () => Promise.resolve(undefined),
  }));
  const cases: readonly { choice: readonly string[]; want: readonly string[] }[] = [
    { choice: ['*'], want: ['deployment', 'job', 'nodeipam'] },
    { choice: ['*', '-job'], want: ['deployment', 'nodeipam'] },
    { choice: ['job'], want: ['job'] },
    { choice: ['-*'], want: [] },
    { choice: ['-*', 'job'], want: ['job'] },
    { choice: ['*', '-node-ipam-controller'], want: ['deployment', 'job'] },
    { choice: ['deployment-controller'], want: ['deployment'] },
    { choice: [], want: [] },
  ];
  for (const { choice, want } of cases)
    it(`${JSON.stringify(choice)} chooses ${want.length} of them: ${want.join(', ')}`, () => {
      expect(selectControllers(all, choice).map((controller) => controller.name)).toEqual(want);
    });
  it('refuses a name that does not exist', () => {
    expect(() => selectControllers(all, ['deploymnet'])).toThrow(
      '"deploymnet" names no controller: there are deployment, job, nodeipam',
    );
  });
});
