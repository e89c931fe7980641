import { afterEach, describe, expect, it } from '@jest/globals';
import { startControlPlane, type ControlPlane } from '../../test/fakes/control-plane.ts';
import { allResources, configMaps, namespaces, secrets } from '../../openapi/generated/resources.ts';
import type { ConfigMap, Secret } from '../../openapi/generated/types.ts';
import type { OwnerReference } from '../../openapi/machinery/object.ts';
import { createGarbageCollector } from './garbagecollector.ts';
import { createNamespaceController } from './namespace.ts';
import { fixedResources } from './shared/served.ts';

let plane: ControlPlane;
afterEach(() => plane.running.stop());

async function start(): Promise<void> {
  const served = fixedResources(allResources);
  plane = await startControlPlane([
    createGarbageCollector({ served }),
    createNamespaceController({ served }),
  ]);
}
const key = (name: string): { namespace: string; name: string } => ({ namespace: 'default', name });
const configs = (): readonly (string | undefined)[] =>
  plane.api.all(configMaps).map((each) => each.metadata?.name);
const vaults = (): readonly (string | undefined)[] =>
  plane.api.all(secrets).map((each) => each.metadata?.name);

async function owner(name: string, more: object = {}): Promise<OwnerReference> {
  const created = await plane.api.client.create(configMaps, { metadata: { ...key(name), ...more } });
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name,
    uid: created.metadata?.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}
function dependent(name: string, ...ownerReferences: readonly OwnerReference[]): Promise<Secret> {
  return plane.api.client.create(secrets, { metadata: { ...key(name), ownerReferences } });
}
const settle = (): Promise<void> => plane.clock.advance(5000);

describe('the garbage collector', () => {
  it('deletes what lost its owner, and what lost that', async () => {
    await start();
    const a = await owner('a');
    const b = await owner('b', { ownerReferences: [a] });
    await dependent('c', b);
    await settle();
    expect([configs(), vaults()]).toEqual([['a', 'b'], ['c']]);
    await plane.api.client.delete(configMaps, key('a'));
    await settle();
    expect([configs(), vaults()]).toEqual([[], []]);
  });

  it('deletes what names an owner that never was, or one of the same name', async () => {
    await start();
    const a = await owner('a');
    await dependent('stranger', { ...a, uid: 'other' });
    await dependent('ours', a);
    await settle();
    expect(vaults()).toEqual(['ours']);
  });

  it('leaves what names a kind that is not served', async () => {
    await start();
    await dependent('x', { apiVersion: 'example.com/v1', kind: 'Widget', name: 'w', uid: 'u' });
    await settle();
    expect(vaults()).toEqual(['x']);
  });

  it('only takes the reference away while another owner is left', async () => {
    await start();
    const [a, b] = [await owner('a'), await owner('b')];
    await dependent('x', a, { ...b, controller: false });
    await settle();
    await plane.api.client.delete(configMaps, key('a'));
    await settle();
    expect(plane.api.all(secrets)[0]?.metadata?.ownerReferences).toEqual([{ ...b, controller: false }]);
  });

  it('in the foreground keeps the owner until its dependents have gone', async () => {
    await start();
    const a = await owner('a');
    await plane.api.client.create(secrets, {
      metadata: { ...key('x'), ownerReferences: [a], finalizers: ['example.com/hold'] },
    });
    await settle();
    await plane.api.client.delete(configMaps, key('a'), { propagationPolicy: 'Foreground' });
    await settle();
    expect(plane.api.all(secrets)[0]?.metadata?.deletionTimestamp).toBeDefined();
    expect(configs()).toEqual(['a']);
    await plane.api.client.patch(secrets, key('x'), { metadata: { finalizers: null } }, { type: 'merge' });
    await settle();
    expect([configs(), vaults()]).toEqual([[], []]);
  });

  it('in the foreground does not wait for dependents that do not block', async () => {
    await start();
    const a = await owner('a');
    const finalizers = ['example.com/hold'];
    await plane.api.client.create(secrets, {
      metadata: { ...key('x'), ownerReferences: [{ ...a, blockOwnerDeletion: false }], finalizers },
    });
    await settle();
    await plane.api.client.delete(configMaps, key('a'), { propagationPolicy: 'Foreground' });
    await settle();
    expect(configs()).toEqual([]);
  });

  it('orphans', async () => {
    await start();
    await dependent('x', await owner('a'));
    await settle();
    await plane.api.client.delete(configMaps, key('a'), { propagationPolicy: 'Orphan' });
    await settle();
    expect(configs()).toEqual([]);
    expect(plane.api.all(secrets)[0]?.metadata?.ownerReferences).toEqual([]);
  });
});

describe('the namespace controller', () => {
  it('empties a namespace and lets it go', async () => {
    await start();
    await plane.api.client.create(namespaces, { metadata: { name: 'shop' } });
    await plane.api.client.create(configMaps, {
      metadata: { namespace: 'shop', name: 'a' },
    } satisfies ConfigMap);
    await plane.api.client.create(configMaps, { metadata: { namespace: 'default', name: 'keep' } });
    await settle();
    await plane.api.client.delete(namespaces, { name: 'shop' });
    await plane.clock.advance(20_000);
    expect(plane.api.all(namespaces)).toEqual([]);
    expect(configs()).toEqual(['keep']);
  });

  it('tells what is left', async () => {
    await start();
    await plane.api.client.create(namespaces, { metadata: { name: 'shop' } });
    await plane.api.client.create(configMaps, {
      metadata: { namespace: 'shop', name: 'a', finalizers: ['example.com/hold'] },
    });
    await plane.api.client.delete(namespaces, { name: 'shop' });
    await settle();
    expect(plane.api.all(namespaces)[0]?.status?.conditions).toMatchObject([
      { type: 'NamespaceDeletionDiscoveryFailure', status: 'False' },
      { type: 'NamespaceDeletionGroupVersionParsingFailure', status: 'False' },
      { type: 'NamespaceDeletionContentFailure', status: 'False', reason: 'ContentDeleted' },
      {
        type: 'NamespaceContentRemaining',
        status: 'True',
        reason: 'SomeResourcesRemain',
        message: 'Some resources are remaining: configmaps. has 1 resource instances',
      },
      {
        type: 'NamespaceFinalizersRemaining',
        status: 'True',
        reason: 'SomeFinalizersRemain',
        message:
          'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
      },
    ]);
    await plane.api.client.patch(
      configMaps,
      { namespace: 'shop', name: 'a' },
      { metadata: { finalizers: null } },
      { type: 'merge' },
    );
    await plane.clock.advance(30_000);
    expect(plane.api.all(namespaces)).toEqual([]);
  });
});
