import { describe, expect, it } from '@jest/globals';
import { Slabs } from './slabs.ts';

describe('Slabs', () => {
  it('keeps a copy of each value', () => {
    const slabs = new Slabs();
    const scratch = Buffer.alloc(10);
    const values = Array.from({ length: 1000 }, (_, i) =>
      slabs.add('/r/a', scratch.fill(i % 256), { create: 1, mod: i }),
    );
    for (const [i, { value }] of values.entries()) expect([...value]).toEqual(Array(10).fill(i % 256));
  });

  it('moves the few that are left out of a slab, so that it can go', () => {
    const slabs = new Slabs();
    const values = Array.from({ length: 5000 }, (_, i) =>
      slabs.add('/r/a', Buffer.alloc(1000, i % 256), { create: 1, mod: i }),
    );
    const kept = values.filter((_, i) => i % 50 === 0);
    const before = new Set(kept.map(({ value }) => value.buffer));
    expect(before.size).toBeGreaterThan(4);
    for (const value of values) if (!kept.includes(value)) slabs.release(value);
    expect(new Set(kept.map(({ value }) => value.buffer)).size).toBeLessThanOrEqual(2);
    for (const { value, modRevision } of kept) {
      expect(Buffer.from(value).equals(Buffer.alloc(1000, modRevision % 256))).toBe(true);
    }
  });

  it('forgets a value once only', () => {
    const slabs = new Slabs();
    const [a, b] = [
      slabs.add('/r/a', Buffer.from('a'), { create: 1, mod: 1 }),
      slabs.add('/r/b', Buffer.from('b'), { create: 1, mod: 1 }),
    ];
    slabs.release(a);
    slabs.release(a);
    expect(Buffer.from(b.value).toString()).toBe('b');
  });

  it('gives a large value memory of its own', () => {
    const slabs = new Slabs();
    const large = slabs.add('/r/a', Buffer.alloc(1_500_000, 'x'), { create: 1, mod: 1 });
    expect(large.value.buffer.byteLength).toBe(1_500_000);
    slabs.release(large);
  });
});
