import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../test/fakes/clock.ts';
import type { Sink } from '../exchange.ts';
import { FlushTimer, FrameQueue } from './frame-queue.ts';

class SlowReader implements Sink {
  readonly chunks: string[] = [];
  pendingBytes = 0;

  write(chunk: Uint8Array): boolean {
    this.chunks.push(Buffer.from(chunk).toString());
    this.pendingBytes += chunk.length;
    return true;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }
}

let clock: FakeClock;
let reader: SlowReader;
let queue: FrameQueue;
beforeEach(() => {
  clock = new FakeClock();
  reader = new SlowReader();
  queue = new FrameQueue(reader, new FlushTimer(clock));
});

describe('FrameQueue', () => {
  it('writes the events of one commit together, at once', async () => {
    queue.push(Buffer.from('a'));
    queue.push(Buffer.from('b'));
    expect(reader.chunks).toEqual([]);
    await Promise.resolve();
    expect(reader.chunks).toEqual(['ab']);
  });

  it('gathers what comes soon after', async () => {
    queue.push(Buffer.from('a'));
    await Promise.resolve();
    for (const text of ['b', 'c', 'd']) {
      queue.push(Buffer.from(text));
      await Promise.resolve();
    }
    expect(reader.chunks).toEqual(['a']);
    await clock.advance(10);
    expect(reader.chunks).toEqual(['a', 'bcd']);
  });

  it('gives up a reader that leaves too much lying', async () => {
    const frame = Buffer.alloc(1 << 20);
    let taken = 0;
    while (queue.push(frame)) taken++;
    expect(taken).toBe(8);
    expect(queue.overflowed).toBe(true);
    await clock.advance(10);
  });
});

describe('FlushTimer', () => {
  it('joins frames that watches share once', () => {
    const timer = new FlushTimer(clock);
    const frames = ['a', 'b'].map((text) => Buffer.from(text));
    const first = timer.join(frames, 2);
    expect(first.toString()).toBe('ab');
    expect(timer.join([...frames], 2)).toBe(first);
    expect(timer.join(frames.toReversed(), 2).toString()).toBe('ba');
  });
});
