import { describe, expect, it } from '@jest/globals';
import { FakeClock, settle } from '../../test/fakes/clock.ts';
import { WorkQueue } from './work-queue.ts';

function queueOf(options: { keysMax?: number } = {}): {
  queue: WorkQueue;
  clock: FakeClock;
  end: AbortController;
} {
  const clock = new FakeClock();
  const end = new AbortController();
  return { queue: new WorkQueue({ clock, signal: end.signal, ...options }), clock, end };
}

describe('WorkQueue', () => {
  it('hands a key out once however often it was added', async () => {
    const { queue } = queueOf();
    queue.add('a');
    queue.add('a');
    expect(await queue.take()).toBe('a');
    expect(queue.length).toBe(0);
  });

  it('holds a key back that is being worked on, and gives it again after', async () => {
    const { queue } = queueOf();
    queue.add('a');
    await queue.take();
    queue.add('a');
    let second: string | undefined;
    void queue.take().then((key) => (second = key));
    await settle();
    expect(second).toBeUndefined();
    queue.done('a');
    await settle();
    expect(second).toBe('a');
  });

  it('keeps the order of adding', async () => {
    const { queue } = queueOf();
    for (const key of ['b', 'a', 'c']) queue.add(key);
    expect([await queue.take(), await queue.take(), await queue.take()]).toEqual(['b', 'a', 'c']);
  });

  it('doubles the delay of a retry up to 16 minutes, and starts anew once forgotten', async () => {
    const { queue, clock } = queueOf();
    const waits: number[] = [];
    for (let i = 0; i < 20; i++) {
      const start = clock.now();
      queue.retry('a');
      const taken = { done: false };
      void queue.take().then(() => (taken.done = true));
      for (let step = 5; !taken.done; step *= 2) await clock.advance(step);
      waits.push(clock.now() - start);
      queue.done('a');
      if (i === 18) queue.forget('a');
    }
    expect(waits.slice(0, 2).every((wait) => wait <= 15)).toBe(true);
    expect(waits[18]).toBeGreaterThanOrEqual(16 * 60_000);
    expect(waits[19]).toBeLessThanOrEqual(5);
  });

  it('lets the sooner of two delays win', async () => {
    const { queue, clock } = queueOf();
    queue.addAfter('a', 1000);
    queue.addAfter('a', 10);
    queue.addAfter('b', 500);
    await clock.advance(10);
    expect(await queue.take()).toBe('a');
    await clock.advance(490);
    expect(await queue.take()).toBe('b');
    await clock.advance(10_000);
    expect(queue.length).toBe(0);
  });

  it('answers false when it is full', () => {
    const { queue } = queueOf({ keysMax: 2 });
    expect([queue.add('a'), queue.addAfter('b', 10), queue.add('c'), queue.add('a')]).toEqual([
      true,
      true,
      false,
      true,
    ]);
  });

  it('lets waiting takers go when its signal aborts', async () => {
    const { queue, end } = queueOf();
    const taking = queue.take();
    end.abort(new Error('the end'));
    await expect(taking).rejects.toThrow('the end');
  });
});
