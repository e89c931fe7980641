import { describe, expect, it } from '@jest/globals';
import { admissionRequest, hastyClock, plainPod } from '../../../test/fakes/admission.ts';
import {
  configMaps,
  deployments,
  pods,
  resourceQuotas,
  services,
} from '../../../openapi/generated/resources.ts';
import type { Pod, ResourceQuota } from '../../../openapi/generated/types.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { notFound } from '../../../openapi/machinery/status.ts';
import type { Accounts, Lookup } from '../lookup.ts';
import type { AdmissionRequest } from '../plugin.ts';
import { resourceQuota } from './resource-quota.ts';

/** Quotas alone, with revisions, and with a write by somebody else before every so-many-th of ours. */
class Quotas implements Lookup, Accounts {
  readonly #stored = new Map<string, ResourceQuota>();
  readonly #disturbEvery: number;
  #revision = 0;
  writes = 0;

  constructor(quotas: readonly ResourceQuota[], disturbEvery = 0) {
    this.#disturbEvery = disturbEvery;
    for (const quota of quotas) this.#put(quota);
  }

  #put(quota: ResourceQuota): ResourceQuota {
    const stored = { ...quota, metadata: { ...quota.metadata, resourceVersion: String(++this.#revision) } };
    this.#stored.set(quota.metadata?.name ?? '', stored);
    return stored;
  }

  get(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  list<T extends KubeObject>(): Promise<readonly T[]> {
    return Promise.resolve([...this.#stored.values()] as unknown as readonly T[]);
  }

  async update<T extends KubeObject>(
    _resource: unknown,
    { name }: { readonly name: string },
    change: (current: T) => T,
  ): Promise<T> {
    await Promise.resolve();
    const current = this.#stored.get(name);
    if (current === undefined) throw notFound(resourceQuotas, name);
    this.writes++;
    const isDisturbed = this.#disturbEvery > 0 && this.writes % this.#disturbEvery === 0;
    const found = isDisturbed ? this.#put(current) : current;
    return this.#put(change(found as unknown as T)) as unknown as T;
  }

  used(name = 'q'): Readonly<Record<string, string>> | undefined {
    return this.#stored.get(name)?.status?.used;
  }
}

function quota(
  hard: Record<string, string>,
  used: Record<string, string> = {},
  spec: ResourceQuota['spec'] = {},
): ResourceQuota {
  const zeros = Object.fromEntries(Object.keys(hard).map((name) => [name, '0']));
  return { metadata: { name: 'q', namespace: 'a' }, spec, status: { hard, used: { ...zeros, ...used } } };
}

async function ask(quotas: Quotas, given: Partial<AdmissionRequest> = {}): Promise<void> {
  const plugin = resourceQuota({ lookup: quotas, accounts: quotas, clock: hastyClock });
  await plugin.validate?.(admissionRequest(given));
}

function podAsking(requests: Record<string, string>): Pod {
  return { ...plainPod, spec: { containers: [{ name: 'c', resources: { requests } }] } };
}

describe('ResourceQuota', () => {
  for (const disturbEvery of [0, 3])
    it(`never lets more through than there is room for, however many come at once${disturbEvery > 0 ? ' and others write too' : ''}`, async () => {
      const quotas = new Quotas([quota({ configmaps: '20', 'count/configmaps': '30' })], disturbEvery);
      const plugin = resourceQuota({ lookup: quotas, accounts: quotas, clock: hastyClock });
      const request = admissionRequest({ resource: configMaps, object: {} });
      const results = await Promise.allSettled(
        Array.from({ length: 100 }, () => plugin.validate?.(request) ?? Promise.resolve()),
      );
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(20);
      expect(quotas.used()).toEqual({ configmaps: '20', 'count/configmaps': '20' });
      expect(quotas.writes).toBeLessThan(10);
    });

  it('refuses what exceeds, and says by what', async () => {
    const quotas = new Quotas([quota({ 'requests.cpu': '1', pods: '5' }, { 'requests.cpu': '900m' })]);
    await expect(ask(quotas, { object: podAsking({ cpu: '200m' }) })).rejects.toMatchObject({
      code: 403,
      message:
        'pods "p" is forbidden: exceeded quota: q, requested: requests.cpu=200m, used: requests.cpu=900m, limited: requests.cpu=1',
    });
    await ask(quotas, { object: podAsking({ cpu: '100m' }) });
    expect(quotas.used()).toEqual({ 'requests.cpu': '1', pods: '1' });
  });

  it('asks containers for what is limited', async () => {
    const run = ask(new Quotas([quota({ 'limits.memory': '1Gi', 'requests.cpu': '1' })]));
    await expect(run).rejects.toMatchObject({
      message:
        'pods "p" is forbidden: failed quota: q: must specify limits.memory for: c; requests.cpu for: c',
    });
  });

  it('refuses while it is not known what is used', async () => {
    const unknown = { ...quota({}), status: { hard: { configmaps: '5' }, used: {} } };
    const run = ask(new Quotas([unknown]), { resource: configMaps, object: {} });
    await expect(run).rejects.toMatchObject({
      message: 'configmaps "p" is forbidden: status unknown for quota: q, resources: configmaps',
    });
  });

  it('checks a dry run, and charges nothing for it', async () => {
    const quotas = new Quotas([quota({ pods: '1' })]);
    await ask(quotas, { dryRun: true });
    expect(quotas.used()).toEqual({ pods: '0' });
    await ask(quotas);
    await expect(ask(quotas, { dryRun: true })).rejects.toMatchObject({ code: 403 });
  });

  it('charges what an update adds', async () => {
    const quotas = new Quotas([quota({ 'services.nodeports': '2', services: '5' }, { services: '1' })]);
    const service = (type: string): KubeObject =>
      ({ metadata: { resourceVersion: '5' }, spec: { type, ports: [{ port: 80 }] } }) as KubeObject;
    const update = { resource: services, operation: 'UPDATE' as const };
    await ask(quotas, { ...update, object: service('NodePort'), oldObject: service('ClusterIP') });
    await ask(quotas, { ...update, object: service('NodePort'), oldObject: service('NodePort') });
    expect(quotas.used()).toEqual({ services: '1', 'services.nodeports': '1' });
  });

  const scoped: { name: string; spec: ResourceQuota['spec']; pod: Partial<Pod['spec']>; counted: boolean }[] =
    [
      { name: 'BestEffort', spec: { scopes: ['BestEffort'] }, pod: {}, counted: true },
      { name: 'NotBestEffort', spec: { scopes: ['NotBestEffort'] }, pod: {}, counted: false },
      {
        name: 'Terminating',
        spec: { scopes: ['Terminating'] },
        pod: { activeDeadlineSeconds: 5 },
        counted: true,
      },
      {
        name: 'NotTerminating',
        spec: { scopes: ['NotTerminating'] },
        pod: { activeDeadlineSeconds: 5 },
        counted: false,
      },
      {
        name: 'a priority class in a list',
        spec: {
          scopeSelector: {
            matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }],
          },
        },
        pod: { priorityClassName: 'high' },
        counted: true,
      },
      {
        name: 'a priority class that is not in a list, of a pod without one',
        spec: {
          scopeSelector: {
            matchExpressions: [{ scopeName: 'PriorityClass', operator: 'NotIn', values: ['high'] }],
          },
        },
        pod: {},
        counted: true,
      },
    ];
  for (const { name, spec, pod, counted } of scoped)
    it(`${counted ? 'counts' : 'does not count'} by the scope ${name}`, async () => {
      const quotas = new Quotas([quota({ pods: '5' }, {}, spec ?? {})]);
      const object = { ...plainPod, spec: { containers: [{ name: 'c' }], ...pod } } as Pod;
      await ask(quotas, { resource: pods, object });
      expect(quotas.used()).toEqual({ pods: counted ? '1' : '0' });
    });

  it('counts any kind by its name', async () => {
    const quotas = new Quotas([quota({ 'count/deployments.apps': '1' })]);
    await ask(quotas, { resource: deployments, object: {} });
    await expect(ask(quotas, { resource: deployments, object: {} })).rejects.toMatchObject({ code: 403 });
    await expect(ask(quotas, { resource: configMaps, object: {} })).resolves.toBeUndefined();
  });
});
