import { describe, expect, it } from '@jest/globals';
import type { Versioned } from '../storage.ts';
import { memoryCommitLog } from './commit-log.ts';
import { MvccStore } from './store.ts';

describe('MvccStore', () => {
  it('shortens its history by itself when that holds too many bytes, and keeps what lives', async () => {
    const store = new MvccStore({ historyBytesMax: 100_000 });
    store.writeTo(memoryCommitLog());
    const first = store.compactedRevision;
    const quiet = await store.create('/r/quiet', () => Buffer.alloc(1000, 'q'));
    let busy: Versioned = await store.create('/r/busy', () => Buffer.alloc(1000));
    for (let i = 0; i < 1000; i++) {
      busy = await store.update('/r/busy', busy.modRevision, () => Buffer.alloc(1000, i % 256));
    }
    expect(store.compactedRevision).toBeGreaterThan(first + 800);
    expect(store.revision - store.compactedRevision).toBeGreaterThan(10);
    expect(await store.get('/r/quiet')).toBe(quiet);
    expect(await store.get('/r/busy')).toBe(busy);
    expect(store.liveBytes).toBe(2000);
    await store.close();
  });

  it('shortens it while it recovers, too', async () => {
    const store = new MvccStore({ historyBytesMax: 100_000 });
    for (let i = 0; i < 1000; i++) store.replay('/r/busy', Buffer.alloc(1000, i % 256), store.revision + 1);
    expect(store.revision - store.compactedRevision).toBeLessThan(150);
    expect((await store.get('/r/busy'))?.value[0]).toBe(999 % 256);
  });

  it('takes no writes before it has its log', async () => {
    await expect(new MvccStore().create('/r/a', () => Buffer.from('x'))).rejects.toThrow('not open yet');
  });

  it('waits when its log has no room, and checks only then', async () => {
    let makeRoom: () => void = () => undefined;
    let room: Promise<void> | undefined = new Promise((resolve) => (makeRoom = resolve));
    const store = new MvccStore();
    store.writeTo({ ...memoryCommitLog(), room: () => room });
    const writes = [1, 2, 3].map((i) => store.create('/r/a', () => Buffer.from(String(i))));
    await new Promise((resolve) => setImmediate(resolve));
    expect(store.revision).toBe(store.compactedRevision);
    room = undefined;
    makeRoom();
    const outcomes = await Promise.allSettled(writes);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
  });

  it('refuses a replay with a gap', () => {
    const store = new MvccStore();
    expect(() => {
      store.replay('/r/a', Buffer.from('x'), store.revision + 2);
    }).toThrow('each revision once');
  });
});
