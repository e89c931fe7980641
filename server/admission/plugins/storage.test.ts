import { describe, expect, it } from '@jest/globals';
import { runPlugin } from '../../../test/fakes/admission.ts';
import { lookupOf } from '../../../test/fakes/lookup.ts';
import { ingresses, persistentVolumeClaims } from '../../../openapi/generated/resources.ts';
import type { Ingress, PersistentVolumeClaim, StorageClass } from '../../../openapi/generated/types.ts';
import { defaultIngressClass } from './default-ingress-class.ts';
import { defaultStorageClass } from './default-storage-class.ts';
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize.ts';
import { storageObjectInUseProtection } from './storage-object-in-use-protection.ts';

function storageClass(
  name: string,
  more: Partial<StorageClass> = {},
  creationTimestamp = '2026-01-01T00:00:00Z',
): StorageClass {
  const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name, annotations, creationTimestamp },
    provisioner: 'p',
    ...more,
  };
}

function claim(spec: PersistentVolumeClaim['spec'], phase = 'Pending'): PersistentVolumeClaim {
  return { metadata: { name: 'c' }, ...(spec === undefined ? {} : { spec }), status: { phase } };
}

describe('DefaultStorageClass and DefaultIngressClass', () => {
  const plugin = defaultStorageClass(
    lookupOf([
      storageClass('old'),
      storageClass('new', {}, '2026-02-01T00:00:00Z'),
      storageClass('late', {}, '2026-02-01T00:00:00Z'),
    ]),
  );
  const cases = [
    { name: 'the newest default, the first by name of equally old ones', spec: {}, want: 'late' },
    { name: 'no class where none is wanted', spec: { storageClassName: '' }, want: '' },
    { name: 'its own class', spec: { storageClassName: 'mine' }, want: 'mine' },
  ];
  for (const { name, spec, want } of cases)
    it(`gives a claim ${name}`, async () => {
      const made = await runPlugin(plugin, { resource: persistentVolumeClaims, object: claim(spec) });
      expect((made as PersistentVolumeClaim).spec?.storageClassName).toBe(want);
    });

  it('leaves an Ingress alone that names its class the old way', async () => {
    const annotations = { 'ingressclass.kubernetes.io/is-default-class': 'true' };
    const found = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: { name: 'x', annotations },
    };
    const ingress = (own: Record<string, string>): Ingress => ({
      metadata: { name: 'i', annotations: own },
      spec: {},
    });
    const run = async (object: Ingress): Promise<Ingress> =>
      (await runPlugin(defaultIngressClass(lookupOf([found])), { resource: ingresses, object })) as Ingress;
    expect((await run(ingress({}))).spec?.ingressClassName).toBe('x');
    expect(
      (await run(ingress({ 'kubernetes.io/ingress.class': 'y' }))).spec?.ingressClassName,
    ).toBeUndefined();
  });
});

describe('StorageObjectInUseProtection', () => {
  it('holds a new claim by a finalizer, once', async () => {
    const object: PersistentVolumeClaim = { metadata: { name: 'c', finalizers: ['example.com/x'] } };
    const made = await runPlugin(storageObjectInUseProtection, { resource: persistentVolumeClaims, object });
    expect(made?.metadata?.finalizers).toEqual(['example.com/x', 'kubernetes.io/pvc-protection']);
    const again = { resource: persistentVolumeClaims, object: made };
    expect(await runPlugin(storageObjectInUseProtection, again)).toBe(made);
  });
});

describe('PersistentVolumeClaimResize', () => {
  const plugin = persistentVolumeClaimResize(
    lookupOf([storageClass('grows', { allowVolumeExpansion: true }), storageClass('fixed')]),
  );
  const sized = (storage: string, storageClassName = 'grows', phase = 'Bound'): PersistentVolumeClaim =>
    claim({ storageClassName, resources: { requests: { storage } } }, phase);
  const cases = [
    { name: 'grows where the class allows it', now: sized('2Gi'), old: sized('1Gi'), want: undefined },
    { name: 'shrinks: that is for others to judge', now: sized('1Gi'), old: sized('2Gi'), want: undefined },
    { name: 'grows unbound', now: sized('2Gi'), old: sized('1Gi', 'grows', 'Pending'), want: /Only bound/ },
    {
      name: 'grows in a fixed class',
      now: sized('2Gi', 'fixed'),
      old: sized('1Gi', 'fixed'),
      want: /must support resize/,
    },
  ];
  for (const { name, now, old, want } of cases)
    it(`${want === undefined ? 'lets pass' : 'refuses'} a claim that ${name}`, async () => {
      const run = runPlugin(plugin, {
        resource: persistentVolumeClaims,
        operation: 'UPDATE',
        object: now,
        oldObject: old,
      });
      if (want === undefined) await expect(run).resolves.toBe(now);
      else await expect(run).rejects.toMatchObject({ code: 403, message: expect.stringMatching(want) });
    });
});
