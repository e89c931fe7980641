import { describe, expect, it } from '@jest/globals';
import { FakeClock, settle } from '../../test/fakes/clock.ts';
import { silentLogger } from '../machinery/log.ts';
import type { KubeObject } from '../machinery/object.ts';
import type { Resource } from '../machinery/resource.ts';
import { startInformer } from './create-informer.ts';
import { createFakeApi, type FakeApi } from './fake.ts';
import type { Change, Informer } from './informer.ts';

const configMaps: Resource = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};

interface Setup {
  readonly api: FakeApi;
  readonly clock: FakeClock;
  readonly informer: Informer<KubeObject>;
  readonly end: AbortController;
  readonly changes: string[];
}

async function setup(names: readonly string[] = []): Promise<Setup> {
  const clock = new FakeClock();
  const api = createFakeApi({ clock });
  for (const name of names) await api.client.create(configMaps, object(name));
  const end = new AbortController();
  const informer = startInformer({
    client: api.client,
    resource: configMaps,
    clock,
    random: () => 0.5,
    log: silentLogger,
    signal: end.signal,
  });
  const changes: string[] = [];
  informer.subscribe((change) => changes.push(textOf(change)));
  await informer.waitForSync(end.signal);
  await settle();
  return { api, clock, informer, end, changes };
}

function object(name: string, more: object = {}): KubeObject {
  return { metadata: { name, namespace: 'default', ...more } };
}

function textOf({ object: now, old }: Change<KubeObject>): string {
  const name = (now ?? old)?.metadata?.name ?? '';
  if (now === undefined) return `-${name}`;
  return old === undefined ? `+${name}` : `~${name}`;
}

const key = (name: string): { namespace: string; name: string } => ({ namespace: 'default', name });

describe('startInformer()', () => {
  it('tells what is there, then each change', async () => {
    const { api, changes, end } = await setup(['a']);
    await api.client.create(configMaps, object('b'));
    await api.client.patch(configMaps, key('b'), { data: { x: '1' } }, { type: 'merge' });
    await api.client.delete(configMaps, key('a'));
    await settle();
    expect(changes).toEqual(['+a', '+b', '~b', '-a']);
    end.abort();
  });

  it('tells a late subscriber what is there', async () => {
    const { informer, end } = await setup(['a', 'b']);
    const late: string[] = [];
    const stop = informer.subscribe((change) => late.push(textOf(change)));
    expect(late).toEqual(['+a', '+b']);
    stop();
    end.abort();
  });

  it('covers a write once its event is in', async () => {
    const { api, informer, end } = await setup();
    const created = await api.client.create(configMaps, object('a'));
    const version = created.metadata?.resourceVersion ?? '';
    await settle();
    expect(informer.covers(version)).toBe(true);
    expect(informer.covers(String(Number(version) + 1))).toBe(false);
    end.abort();
  });

  it('finds by namespace, by owner, and what has no controller', async () => {
    const { api, informer, end } = await setup(['a']);
    const owner = { apiVersion: 'v1', kind: 'X', name: 'o', uid: 'u1', controller: true };
    await api.client.create(configMaps, object('b', { ownerReferences: [owner] }));
    await api.client.create(configMaps, { metadata: { name: 'c', namespace: 'other' } });
    await settle();
    const names = (list: readonly KubeObject[]): unknown => list.map((each) => each.metadata?.name);
    expect(names(informer.list('default'))).toEqual(['a', 'b']);
    expect(names(informer.ownedBy('u1'))).toEqual(['b']);
    expect(names(informer.orphans('default'))).toEqual(['a']);
    end.abort();
  });

  it('takes a broken watch up where it was, without listing again', async () => {
    const { api, clock, changes, end } = await setup(['a']);
    api.fail('list', configMaps, new Error('must not list'), 99);
    api.endWatches();
    await api.client.create(configMaps, object('b'));
    await clock.advance(5000);
    expect(changes).toEqual(['+a', '+b']);
    end.abort();
  });

  it('lists again when history has expired, and finds what was deleted meanwhile', async () => {
    const { api, clock, changes, informer, end } = await setup(['a', 'b']);
    api.fail('watch', configMaps, new Error('the server is away'), 3);
    api.endWatches();
    await settle();
    await api.client.delete(configMaps, key('a'));
    await api.client.create(configMaps, object('c'));
    api.compact();
    await clock.advance(120_000);
    expect(changes).toEqual(['+a', '+b', '+c', '-a']);
    expect(informer.list().map((each) => each.metadata?.name)).toEqual(['b', 'c']);
    end.abort();
  });

  it('tells an object that was replaced as a removal and an addition', async () => {
    const { api, clock, changes, end } = await setup(['a']);
    api.fail('watch', configMaps, new Error('the server is away'), 1);
    api.endWatches();
    await api.client.delete(configMaps, key('a'));
    await api.client.create(configMaps, object('a'));
    api.compact();
    await clock.advance(60_000);
    expect(changes).toEqual(['+a', '-a', '+a']);
    end.abort();
  });

  it('waits longer after each failure', async () => {
    const clock = new FakeClock();
    const api = createFakeApi({ clock });
    api.fail('list', configMaps, new Error('away'), 5);
    const end = new AbortController();
    const informer = startInformer({
      client: api.client,
      resource: configMaps,
      clock,
      random: () => 1,
      log: silentLogger,
      signal: end.signal,
    });
    await clock.advance(200 + 400 + 800 + 1600);
    expect(informer.synced).toBe(false);
    await clock.advance(3300);
    expect(informer.synced).toBe(true);
    end.abort();
  });

  it('lets who waits for its first list go when their signal aborts', async () => {
    const clock = new FakeClock();
    const api = createFakeApi({ clock });
    api.fail('list', configMaps, new Error('away'), 99);
    const end = new AbortController();
    const informer = startInformer({
      client: api.client,
      resource: configMaps,
      clock,
      random: () => 1,
      log: silentLogger,
      signal: end.signal,
    });
    const waiting = informer.waitForSync(end.signal);
    end.abort(new Error('the end'));
    await expect(waiting).rejects.toThrow('the end');
  });
});
