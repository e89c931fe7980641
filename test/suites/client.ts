import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Client, WatchEvent } from '../../openapi/client/client.ts';
import type { KubeObject } from '../../openapi/machinery/object.ts';
import type { Resource } from '../../openapi/machinery/resource.ts';
import { isConflict, isNotFound, isStatusError } from '../../openapi/machinery/status.ts';

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}
interface Pod extends KubeObject {
  readonly spec?: object;
  readonly status?: { readonly phase?: string };
}
const configMaps: Resource<ConfigMap> = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};
const pods: Resource<Pod> = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };

export interface ClientUnderTest {
  readonly client: Client;
  close(): Promise<void>;
}

/** What every Client must do, over any transport and against any server that has the namespace "default". */
export function describeClient(name: string, create: () => Promise<ClientUnderTest>): void {
  describe(`${name} as a Client`, () => {
    let subject: ClientUnderTest;
    let client: Client;
    beforeEach(async () => {
      subject = await create();
      client = subject.client;
    });
    afterEach(() => subject.close());

    const configMap = (name: string, data: Record<string, string> = {}): ConfigMap => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'default', labels: { suite: 'client' } },
      data,
    });

    it('creates, and gives back what the server added', async () => {
      const created = await client.create(configMaps, configMap('a', { k: 'ü' }));
      expect(created.metadata?.uid).toMatch(/^[0-9a-f-]{36}$/);
      expect(created.metadata?.resourceVersion).toMatch(/^\d+$/);
      expect(await client.get(configMaps, { namespace: 'default', name: 'a' })).toEqual(created);
    });

    it('makes a name from generateName', async () => {
      const created = await client.create(configMaps, {
        metadata: { namespace: 'default', generateName: 'x-' },
      });
      expect(created.metadata?.name).toMatch(/^x-[a-z0-9]{5}$/);
    });

    it('tells an absent object by NotFound', async () => {
      const error: unknown = await client
        .get(configMaps, { namespace: 'default', name: 'none' })
        .catch((e: unknown) => e);
      expect(isNotFound(error)).toBe(true);
      expect(String(error)).toContain('configmaps "none" not found');
    });

    it('tells a second creation by AlreadyExists', async () => {
      await client.create(configMaps, configMap('a'));
      const error: unknown = await client.create(configMaps, configMap('a')).catch((e: unknown) => e);
      expect(isStatusError(error, 'AlreadyExists')).toBe(true);
    });

    it('refuses an update of an old state by Conflict', async () => {
      const first = await client.create(configMaps, configMap('a'));
      await client.update(configMaps, { ...first, data: { n: '1' } });
      const error: unknown = await client
        .update(configMaps, { ...first, data: { n: '2' } })
        .catch((e: unknown) => e);
      expect(isConflict(error)).toBe(true);
    });

    it('patches, and removes what the patch says is null', async () => {
      await client.create(configMaps, configMap('a', { keep: '1', drop: '2' }));
      const key = { namespace: 'default', name: 'a' };
      const patched = await client.patch(
        configMaps,
        key,
        { data: { drop: null, add: '3' } },
        { type: 'merge' },
      );
      expect(patched.data).toEqual({ keep: '1', add: '3' });
    });

    it('lists by namespace and label, with kinds in the items', async () => {
      await client.create(configMaps, configMap('a'));
      await client.create(configMaps, configMap('b'));
      const list = await client.list(configMaps, { namespace: 'default', labelSelector: 'suite=client' });
      expect(list.items.map((item) => [item.kind, item.metadata?.name])).toEqual([
        ['ConfigMap', 'a'],
        ['ConfigMap', 'b'],
      ]);
    });

    it('lists in pages', async () => {
      for (const name of ['a', 'b', 'c']) await client.create(configMaps, configMap(name));
      const selection = { namespace: 'default', labelSelector: 'suite=client', limit: 2 };
      const first = await client.list(configMaps, selection);
      const token = first.metadata.continue;
      expect(first.items).toHaveLength(2);
      expect(token).toBeDefined();
      const second = await client.list(configMaps, { ...selection, continue: token });
      expect(second.items.map((item) => item.metadata?.name)).toEqual(['c']);
    });

    it('keeps an object until its last finalizer has gone', async () => {
      await client.create(configMaps, {
        ...configMap('a'),
        metadata: { ...configMap('a').metadata, finalizers: ['example.com/x'] },
      });
      const key = { namespace: 'default', name: 'a' };
      await client.delete(configMaps, key);
      expect((await client.get(configMaps, key)).metadata?.deletionTimestamp).toBeDefined();
      await client.patch(configMaps, key, { metadata: { finalizers: null } }, { type: 'merge' });
      await expect(client.get(configMaps, key)).rejects.toThrow('not found');
    });

    it('deletes only the object that the precondition means', async () => {
      await client.create(configMaps, configMap('a'));
      const key = { namespace: 'default', name: 'a' };
      const error: unknown = await client
        .delete(configMaps, key, { preconditions: { uid: 'other' } })
        .catch((e: unknown) => e);
      expect(isConflict(error)).toBe(true);
    });

    it('deletes a collection', async () => {
      for (const name of ['a', 'b']) await client.create(configMaps, configMap(name));
      await client.deleteCollection(configMaps, { namespace: 'default' });
      const left = await client.list(configMaps, { namespace: 'default', labelSelector: 'suite=client' });
      expect(left.items).toEqual([]);
    });

    it('writes status by its subresource', async () => {
      const spec = { containers: [{ name: 'c', image: 'i' }] };
      const created = await client.create(pods, { metadata: { namespace: 'default', name: 'p' }, spec });
      const updated = await client.updateStatus(pods, {
        ...created,
        status: { ...created.status, phase: 'Running' },
      });
      expect(updated.status?.phase).toBe('Running');
    });

    it('watches changes from a revision on until it is aborted', async () => {
      const list = await client.list(configMaps, { namespace: 'default' });
      const ended = new AbortController();
      const seen: WatchEvent<ConfigMap>[] = [];
      const watching = (async () => {
        const events = client.watch(configMaps, {
          namespace: 'default',
          labelSelector: 'suite=client',
          resourceVersion: list.metadata.resourceVersion,
          signal: ended.signal,
        });
        for await (const event of events) {
          seen.push(event);
          if (event.type === 'DELETED') ended.abort();
        }
      })().catch(() => undefined);
      const created = await client.create(configMaps, configMap('w'));
      await client.update(configMaps, { ...created, data: { a: 'b' } });
      await client.delete(configMaps, { namespace: 'default', name: 'w' });
      await watching;
      expect(seen.map((event) => event.type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
      expect(seen[1]?.object.data).toEqual({ a: 'b' });
    });
  });
}
