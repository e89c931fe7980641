import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../openapi/machinery/log.ts';
import type { KubeObject } from '../../openapi/machinery/object.ts';
import { FakeClock, settle } from '../../test/fakes/clock.ts';
import { setInformer } from '../../test/fakes/informer.ts';
import { createFakeHost, type FakeHost } from '../host/fake-host.ts';
import { startSavedInformer, type SavedList } from './saved-informer.ts';

interface Thing extends KubeObject {
  readonly size?: number;
  readonly beat?: number;
}

function thing(name: string, size: number, beat = 0): Thing {
  return { metadata: { namespace: 'a', name }, size, beat };
}

/** A live informer that hears nothing until it is told that the server is there. */
function pending(objects: readonly Thing[]): {
  live: SavedList<Thing> & { set(o: readonly Thing[]): void };
  readonly arrive: () => void;
} {
  const inner = setInformer<Thing>(objects);
  let arrive = (): void => undefined;
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  return { live: { ...inner, waitForSync: () => arrived }, arrive };
}

async function start(
  live: SavedList<Thing>,
  host: FakeHost,
  clock: FakeClock,
): Promise<{ list: SavedList<Thing>; told: string[] }> {
  const list = await startSavedInformer({
    live,
    host,
    clock,
    path: '/state/things.json',
    keep: ({ beat: _, ...rest }) => rest,
    log: silentLogger,
    signal: new AbortController().signal,
  });
  const told: string[] = [];
  list.subscribe(({ object, old }) => {
    const name = (object ?? old)?.metadata?.name ?? '';
    told.push(
      object === undefined ? `-${name}` : `${old === undefined ? '+' : '~'}${name}${object.size ?? ''}`,
    );
  });
  return { list, told };
}

describe('startSavedInformer()', () => {
  it('serves what it knew last while the server is away, then tells the difference', async () => {
    const host = createFakeHost();
    const clock = new FakeClock();
    const first = await start(setInformer([thing('x', 1), thing('y', 1), thing('z', 1)]), host, clock);
    await clock.advance(3_000);
    expect(first.told).toEqual(['+x1', '+y1', '+z1']);

    const { live, arrive } = pending([thing('x', 1), thing('y', 2), thing('new', 1)]);
    const { list, told } = await start(live, host, clock);
    expect(list.synced).toBe(true);
    expect(told).toEqual(['+x1', '+y1', '+z1']);
    expect(list.get({ namespace: 'a', name: 'y' })?.size).toBe(1);
    arrive();
    await settle();
    expect(told.slice(3)).toEqual(['~y2', '+new1', '-z']);
  });

  it('waits for the server when there is nothing on disk', async () => {
    const { live, arrive } = pending([thing('x', 1)]);
    const { list, told } = await start(live, createFakeHost(), new FakeClock());
    expect([list.synced, told]).toEqual([false, []]);
    arrive();
    await list.waitForSync(new AbortController().signal);
    await settle();
    expect([list.synced, told]).toEqual([true, ['+x1']]);
  });

  it('does not write, nor tell, what is not worth keeping', async () => {
    const host = createFakeHost();
    const clock = new FakeClock();
    const live = setInformer([thing('x', 1, 1)]);
    const { told } = await start(live, host, clock);
    await clock.advance(3_000);
    const before = host.files.get('/state/things.json');
    expect(before).not.toContain('beat');
    host.files.delete('/state/things.json');
    live.set([thing('x', 1, 2)]);
    await clock.advance(3_000);
    expect(told.filter((each) => each.startsWith('~'))).toEqual([]);
    expect(host.files.has('/state/things.json')).toBe(false);
  });

  it('begins anew when the file is broken', async () => {
    const host = createFakeHost();
    host.files.set('/state/things.json', '[{"metadata"');
    const { live } = pending([]);
    const { list } = await start(live, host, new FakeClock());
    expect(list.synced).toBe(false);
  });
});
