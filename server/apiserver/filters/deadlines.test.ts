import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../test/fakes/clock.ts';
import { Deadlines } from './deadlines.ts';

describe('Deadlines', () => {
  it('gives up what takes too long, and nothing else', async () => {
    const clock = new FakeClock();
    const deadlines = new Deadlines(clock, 60_000);
    const slow = deadlines.run(() => new Promise(() => undefined));
    const refused = expect(slow).rejects.toMatchObject({ code: 504, reason: 'Timeout' });
    await clock.advance(30_000);
    let finish = (_value: string): void => undefined;
    const later = deadlines.run(() => new Promise<string>((resolve) => (finish = resolve)));
    await clock.advance(31_000);
    await refused;
    finish('done');
    await expect(later).resolves.toBe('done');
    await clock.advance(1000);
    expect(clock.sleeping).toBe(0);
  });

  it('passes failures on', async () => {
    const deadlines = new Deadlines(new FakeClock(), 1000);
    await expect(deadlines.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  });
});
