import { describe, expect, it } from '@jest/globals';
import { InFlight } from './limits.ts';

describe('InFlight', () => {
  it('refuses what is too much, each kind by itself, until there is room again', async () => {
    const inFlight = new InFlight({ readsMax: 1, writesMax: 1 });
    let release = (): void => undefined;
    const first = inFlight.run('read', () => new Promise<void>((resolve) => (release = resolve)));
    await expect(inFlight.run('read', () => Promise.resolve())).rejects.toMatchObject({ code: 429 });
    await expect(inFlight.run('write', () => Promise.resolve('done'))).resolves.toBe('done');
    release();
    await first;
    await expect(inFlight.run('read', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect([inFlight.reads, inFlight.writes]).toEqual([0, 0]);
  });
});
