import { Value, type Slab } from './version.ts';

/** Small enough to be refilled often, large enough that an allocation is rare. */
const SLAB_BYTES = 1024 * 1024;
/** A larger value has memory of its own. */
const SHARED_BYTES_MAX = SLAB_BYTES / 8;

/**
 * The bytes of all values, off the heap and in few large pieces: the garbage collector has nothing to walk through, and a write
 * does not pay for fresh pages. When most of a slab is forgotten, the values that are left move to another, so that one that lives
 * long never holds a slab of dead ones.
 */
export class Slabs {
  #current = new SharedSlab();

  /** A value with a copy of `bytes`. */
  add(key: string, bytes: Uint8Array, createRevision: number, modRevision: number): Value {
    if (bytes.byteLength > SHARED_BYTES_MAX) {
      const own = Buffer.allocUnsafeSlow(bytes.byteLength);
      own.set(bytes);
      return new Value(key, own, createRevision, modRevision);
    }
    const slab = this.#slabFor(bytes.byteLength);
    const value = new Value(key, slab.copy(bytes), createRevision, modRevision);
    slab.own(value);
    return value;
  }

  /** The store forgets `value`; who still has it can still read it. */
  release(value: Value): void {
    const slab = value.slab;
    if (!(slab instanceof SharedSlab)) return;
    slab.disown(value);
    if (slab !== this.#current && slab.isMostlyForgotten) this.#evacuate(slab);
  }

  #evacuate(slab: SharedSlab): void {
    for (const value of slab.leave()) {
      const to = this.#slabFor(value.value.byteLength);
      value.value = to.copy(value.value);
      to.own(value);
    }
  }

  #slabFor(bytes: number): SharedSlab {
    if (this.#current.room < bytes) this.#current = new SharedSlab();
    return this.#current;
  }
}

/** Memory that many values share, one behind the other. */
class SharedSlab implements Slab {
  readonly #bytes = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #used = 0;
  /** Of what is used, how much belongs to values that the store still knows. */
  #known = 0;
  /** All that were ever put here. */
  #values: Value[] = [];

  get room(): number {
    return SLAB_BYTES - this.#used;
  }

  get isMostlyForgotten(): boolean {
    return this.#known < this.#used / 2;
  }

  copy(bytes: Uint8Array): Buffer {
    const copy = this.#bytes.subarray(this.#used, this.#used + bytes.byteLength);
    copy.set(bytes);
    this.#used += bytes.byteLength;
    return copy;
  }

  own(value: Value): void {
    value.slab = this;
    this.#known += value.value.byteLength;
    this.#values.push(value);
  }

  disown(value: Value): void {
    value.slab = undefined;
    this.#known -= value.value.byteLength;
  }

  /** Gives those that are still here, and forgets them. */
  leave(): Value[] {
    const here = this.#values.filter(({ slab }) => slab === this);
    this.#values = [];
    this.#known = 0;
    return here;
  }
}
