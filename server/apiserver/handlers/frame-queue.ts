import type { Clock } from '../../../openapi/machinery/clock.ts';
import type { FrameSink } from '../../registry/generic/watch.ts';
import type { Sink } from '../exchange.ts';

/** Frames of a busy watch are gathered for so long, since each write to a socket costs more than its bytes. */
const gatherMs = 10;
/** A reader that leaves more than this lying is cut off: it can begin anew from where it was. */
const pendingBytesMax = 8 * 1024 * 1024;
const gatheredBytesMax = 256 * 1024;

/** One timer for all watches that gather. */
export class FlushTimer {
  readonly #clock: Clock;
  #waiting: FrameQueue[] = [];
  #joined: { readonly frames: readonly Buffer[]; readonly bytes: Buffer } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.monotonic();
  }

  /** The frames one behind the other: one after the other, watches of one collection have gathered the same. */
  join(frames: readonly Buffer[], length: number): Buffer {
    const last = this.#joined;
    if (last !== undefined && isSame(last.frames, frames)) return last.bytes;
    const bytes = Buffer.concat(frames, length);
    this.#joined = { frames, bytes };
    return bytes;
  }

  /** Flushes the queue before `gatherMs` are over. */
  add(queue: FrameQueue): void {
    this.#waiting.push(queue);
    if (this.#waiting.length > 1) return;
    void this.#clock.sleep(gatherMs).then(() => {
      const due = this.#waiting;
      this.#waiting = [];
      for (const each of due) each.flush();
      this.#joined = undefined;
    });
  }
}

function isSame(a: readonly Buffer[], b: readonly Buffer[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Gathers frames and writes them together; at once when the watch is quiet. */
export class FrameQueue implements FrameSink {
  /** The reader was too slow, and has missed something. */
  overflowed = false;
  readonly #sink: Sink;
  readonly #timer: FlushTimer;
  #frames: Buffer[] = [];
  #bytes = 0;
  #writtenAt = -Infinity;
  #waits = false;

  constructor(sink: Sink, timer: FlushTimer) {
    this.#sink = sink;
    this.#timer = timer;
  }

  push(frame: Buffer): boolean {
    this.#frames.push(frame);
    this.#bytes += frame.length;
    if (this.#bytes >= gatheredBytesMax) this.flush();
    else this.#schedule();
    this.overflowed ||= this.#sink.pendingBytes + this.#bytes > pendingBytesMax;
    return !this.overflowed;
  }

  async drained(): Promise<void> {
    this.flush();
    await this.#sink.drained();
  }

  flush(): void {
    this.#waits = false;
    const [first] = this.#frames;
    if (first === undefined) return;
    this.#sink.write(this.#frames.length === 1 ? first : this.#timer.join(this.#frames, this.#bytes));
    this.#frames = [];
    this.#bytes = 0;
    this.#writtenAt = this.#timer.now();
  }

  /** At the end of this turn when the last write is long ago, so that a commit's events go together; else a little later. */
  #schedule(): void {
    if (this.#waits) return;
    this.#waits = true;
    if (this.#timer.now() - this.#writtenAt < gatherMs) {
      this.#timer.add(this);
      return;
    }
    queueMicrotask(() => {
      this.flush();
    });
  }
}
