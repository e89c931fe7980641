import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../../openapi/machinery/log.ts';
import { FakeClock } from '../../../test/fakes/clock.ts';
import { runCompactor } from './compactor.ts';
import { openMemoryStore } from './memory.ts';

describe('runCompactor()', () => {
  it('keeps between one and two intervals of history, and ends with its signal', async () => {
    const clock = new FakeClock();
    const storage = openMemoryStore();
    const end = new AbortController();
    const running = runCompactor({ storage, clock, log: silentLogger, intervalMs: 1000 }, end.signal);
    const first = storage.compactedRevision;
    const at: number[] = [];
    for (let interval = 0; interval < 4; interval++) {
      await storage.create(`/r/${interval}`, () => Buffer.from('x'));
      at.push(storage.revision);
      expect(storage.compactedRevision).toBe(at[interval - 2] ?? first);
      await clock.advance(1000);
    }
    await clock.advance(5000);
    expect(storage.compactedRevision).toBe(at[3]);
    end.abort();
    await running;
  });

  it('is not stopped by a store that has compacted further by itself', async () => {
    const clock = new FakeClock();
    const storage = openMemoryStore();
    const end = new AbortController();
    const running = runCompactor({ storage, clock, log: silentLogger, intervalMs: 1000 }, end.signal);
    for (let i = 0; i < 3; i++) await storage.create(`/r/${i}`, () => Buffer.from('x'));
    await storage.compact(storage.revision);
    await clock.advance(3000);
    await storage.create('/r/last', () => Buffer.from('x'));
    await clock.advance(2000);
    expect(storage.compactedRevision).toBe(storage.revision);
    end.abort();
    await running;
  });
});
