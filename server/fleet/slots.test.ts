import { describe, expect, it } from '@jest/globals';
import { Slots } from './slots.ts';

describe('Slots', () => {
  it('lets the given number in, and the rest in their order', async () => {
    const slots = new Slots(1);
    const signal = new AbortController().signal;
    const order: string[] = [];
    const first = await slots.take(signal);
    const second = slots.take(signal).then((release) => {
      order.push('second');
      release();
      release();
    });
    const third = slots.take(signal).then(() => order.push('third'));
    expect(order).toEqual([]);
    first();
    await Promise.all([second, third]);
    expect(order).toEqual(['second', 'third']);
  });
  it('forgets who does not wait any more', async () => {
    const slots = new Slots(1);
    const end = new AbortController();
    const release = await slots.take(end.signal);
    const waiting = slots.take(end.signal);
    end.abort(new Error('over'));
    await expect(waiting).rejects.toThrow('over');
    release();
    await expect(slots.take(new AbortController().signal)).resolves.toBeDefined();
  });
});
