import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../test/fakes/clock.ts';
import { linkSignals, withinTime } from './link-signals.ts';

describe('linkSignals()', () => {
  it('aborts with the first parent that aborts, for its reason', () => {
    const [a, b] = [new AbortController(), new AbortController()];
    const linked = linkSignals(a.signal, b.signal);
    b.abort('why');
    a.abort('late');
    expect(linked.signal.reason).toBe('why');
  });
  it('is aborted at once below an aborted parent', () => {
    expect(linkSignals(AbortSignal.abort('over')).signal.reason).toBe('over');
  });
  it('hears nothing any more once released', () => {
    const parent = new AbortController();
    const linked = linkSignals(parent.signal);
    linked.release();
    parent.abort();
    expect(linked.signal.aborted).toBe(false);
  });
});

describe('withinTime()', () => {
  it('yields what the work yields, and leaves no timer', async () => {
    const clock = new FakeClock();
    expect(await withinTime(new AbortController().signal, 1000, clock, () => Promise.resolve(7))).toBe(7);
    await Promise.resolve();
    expect(clock.sleeping).toBe(0);
  });
  it('aborts the work with its parent', async () => {
    const parent = new AbortController();
    const work = withinTime(
      parent.signal,
      1000,
      new FakeClock(),
      (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        }),
    );
    parent.abort(new Error('stop'));
    await expect(work).rejects.toThrow('stop');
  });
});
