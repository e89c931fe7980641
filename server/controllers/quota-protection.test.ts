import { afterEach, describe, expect, it } from '@jest/globals';
import { startControlPlane, type ControlPlane } from '../../test/fakes/control-plane.ts';
import {
  configMaps,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  resourceQuotas,
} from '../../openapi/generated/resources.ts';
import type { ResourceQuota } from '../../openapi/generated/types.ts';
import { createPvProtectionController } from './pv-protection.ts';
import { createPvcProtectionController } from './pvc-protection.ts';
import { createResourceQuotaController } from './resourcequota.ts';
import { fixedResources } from './shared/served.ts';

let plane: ControlPlane | undefined;
afterEach(async () => {
  await plane?.running.stop();
  plane = undefined;
});

const namespace = 'shop';
const metadata = (name: string): { name: string; namespace: string } => ({ name, namespace });

async function startQuotas(hard: Record<string, string>): Promise<ControlPlane> {
  const served = fixedResources([configMaps, pods]);
  return await startControlPlane([createResourceQuotaController({ served })], async ({ client }) => {
    for (const name of ['a', 'b']) await client.create(configMaps, { metadata: metadata(name) });
    const containers = [{ name: 'c', resources: { requests: { cpu: '100m' } } }];
    await client.create(pods, { metadata: metadata('p'), spec: { containers } });
    await client.create(resourceQuotas, { metadata: metadata('q'), spec: { hard } });
  });
}

function quota({ api }: ControlPlane): ResourceQuota | undefined {
  return api.all(resourceQuotas)[0];
}

describe('the resourcequota controller', () => {
  it('counts what there is, and takes over new limits', async () => {
    plane = await startQuotas({ configmaps: '5', 'count/pods': '3', 'requests.cpu': '1' });
    const { api, clock } = plane;
    await clock.advance(1000);
    expect(quota(plane)?.status).toEqual({
      hard: { configmaps: '5', 'count/pods': '3', 'requests.cpu': '1' },
      used: { configmaps: '2', 'count/pods': '1', 'requests.cpu': '100m' },
    });
    await api.client.patch(
      resourceQuotas,
      metadata('q'),
      { spec: { hard: { configmaps: '9', 'count/pods': null, 'requests.cpu': null } } },
      { type: 'merge' },
    );
    await clock.advance(1000);
    expect(quota(plane)?.status).toEqual({ hard: { configmaps: '9' }, used: { configmaps: '2' } });
  });

  it('gives back what is deleted, and what a pod held that has ended', async () => {
    plane = await startQuotas({ configmaps: '5', pods: '3' });
    const { api, clock } = plane;
    await clock.advance(1000);
    await api.client.delete(configMaps, metadata('a'));
    await api.client.patch(
      pods,
      metadata('p'),
      { status: { phase: 'Succeeded' } },
      { type: 'merge', subresource: 'status' },
    );
    await clock.advance(1000);
    expect(quota(plane)?.status?.used).toEqual({ configmaps: '1', pods: '0' });
  });

  it('keeps a charge whose object is not there yet, and gives it back when none comes', async () => {
    plane = await startQuotas({ configmaps: '5' });
    const { api, clock } = plane;
    await clock.advance(1000);
    await api.client.patch(
      resourceQuotas,
      metadata('q'),
      { status: { used: { configmaps: '3' } } },
      { type: 'merge', subresource: 'status' },
    );
    await api.client.delete(configMaps, metadata('a'));
    await clock.advance(200);
    expect(quota(plane)?.status?.used).toEqual({ configmaps: '2' });
    await clock.advance(2000);
    expect(quota(plane)?.status?.used).toEqual({ configmaps: '1' });
  });

  it('counts anew from time to time, whatever happened', async () => {
    plane = await startQuotas({ configmaps: '5' });
    const { api, clock } = plane;
    await clock.advance(1000);
    await api.client.patch(
      resourceQuotas,
      metadata('q'),
      { status: { used: { configmaps: '4' } } },
      { type: 'merge', subresource: 'status' },
    );
    await clock.advance(400_000);
    expect(quota(plane)?.status?.used).toEqual({ configmaps: '2' });
  });
});

describe('the protection of claims and volumes', () => {
  it('lets a claim go when the last pod on a node that uses it is gone', async () => {
    const finalizers = ['kubernetes.io/pvc-protection'];
    plane = await startControlPlane([createPvcProtectionController()], async ({ client }) => {
      await client.create(persistentVolumeClaims, { metadata: { ...metadata('data'), finalizers } });
      const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }];
      const spec = { containers: [], volumes };
      await client.create(pods, { metadata: metadata('runs'), spec: { ...spec, nodeName: 'n1' } });
      await client.create(pods, { metadata: metadata('waits'), spec });
    });
    const { api, clock } = plane;
    await api.client.delete(persistentVolumeClaims, metadata('data'));
    await clock.advance(1000);
    expect(api.all(persistentVolumeClaims)).toHaveLength(1);
    await api.client.delete(pods, metadata('runs'), { gracePeriodSeconds: 0 });
    await clock.advance(1000);
    expect(api.all(persistentVolumeClaims)).toHaveLength(0);
  });

  it('holds volumes that came without a finalizer, and bound ones that are deleted', async () => {
    plane = await startControlPlane([createPvProtectionController()], async ({ client }) => {
      await client.create(persistentVolumes, { metadata: { name: 'v' }, status: { phase: 'Bound' } });
    });
    const { api, clock } = plane;
    await clock.advance(1000);
    expect(api.all(persistentVolumes)[0]?.metadata?.finalizers).toEqual(['kubernetes.io/pv-protection']);
    await api.client.delete(persistentVolumes, { name: 'v' });
    await clock.advance(1000);
    expect(api.all(persistentVolumes)).toHaveLength(1);
    await api.client.patch(
      persistentVolumes,
      { name: 'v' },
      { status: { phase: 'Released' } },
      { type: 'merge', subresource: 'status' },
    );
    await clock.advance(1000);
    expect(api.all(persistentVolumes)).toHaveLength(0);
  });
});
