import type { Clock } from '../../../openapi/machinery/clock.ts';
import type { FrameSink } from '../../registry/generic/watch.ts';
import type { Sink } from '../exchange.ts';

/** Frames of a busy watch are gathered for so long, since each write to a socket costs more than its bytes. */
const gatherMs = 10;
/** A reader that leaves more than this lying is cut off: it can begin anew from where it was. */
const pendingBytesMax = 16 * 1024 * 1024;
const gatheredBytesMax = 256 * 1024;

/** Gathers frames and writes them together; at once when the watch is quiet. */
export class FrameQueue implements FrameSink {
  readonly #sink: Sink;
  readonly #clock: Clock;
  #frames: Buffer[] = [];
  #bytes = 0;
  #writtenAt = -Infinity;
  #waits = false;
  /** The reader was too slow, and has missed something. */
  overflowed = false;

  constructor(sink: Sink, clock: Clock) {
    this.#sink = sink;
    this.#clock = clock;
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
    const [first] = this.#frames;
    if (first === undefined) return;
    this.#sink.write(this.#frames.length === 1 ? first : Buffer.concat(this.#frames, this.#bytes));
    this.#frames = [];
    this.#bytes = 0;
    this.#writtenAt = this.#clock.monotonic();
  }

  /** At the end of this turn when the last write is long ago, so that a commit's events go together; else a little later. */
  #schedule(): void {
    if (this.#waits) return;
    this.#waits = true;
    const done = (): void => {
      this.#waits = false;
      this.flush();
    };
    const left = this.#writtenAt + gatherMs - this.#clock.monotonic();
    if (left <= 0) queueMicrotask(done);
    else void this.#clock.sleep(left).then(done);
  }
}
