import { Value, type Place, type Revisions, type Slab } from './version.ts';

/** Small enough to be refilled often, large enough that an allocation is rare. */
const SLAB_BYTES = 1024 * 1024;
/** A larger value has a slab of its own. */
const SHARED_BYTES_MAX = SLAB_BYTES / 8;

/**
 * The bytes of all values, off the heap and in few large pieces: the garbage collector has nothing to walk through, and a write
 * does not pay for an allocation. When most of a slab is forgotten, the values that are left move to another, so that one that
 * lives long never holds a slab of dead ones.
 */
export class Slabs {
  #current = new SharedSlab(SLAB_BYTES);

  /** A value with a copy of `bytes`. */
  add(key: string, bytes: Uint8Array, revisions: Revisions): Value {
    const slab = this.#slabFor(bytes.byteLength);
    const value = new Value(key, revisions, slab.copy(bytes));
    slab.own(value);
    return value;
  }

  /** The store forgets `value`; who still has it can still read it. */
  release(value: Value): void {
    const { slab } = value;
    if (value.isForgotten || !(slab instanceof SharedSlab)) return;
    slab.disown(value);
    if (slab !== this.#current && slab.isMostlyForgotten) this.#evacuate(slab);
  }

  #evacuate(slab: SharedSlab): void {
    for (const value of slab.leave()) {
      const to = this.#slabFor(value.length);
      value.offset = to.copy(value.value).offset;
      value.slab = to;
      to.own(value);
    }
  }

  #slabFor(bytes: number): SharedSlab {
    if (bytes > SHARED_BYTES_MAX) return new SharedSlab(bytes);
    if (this.#current.room < bytes) this.#current = new SharedSlab(SLAB_BYTES);
    return this.#current;
  }
}

/** Memory that many values share, one behind the other. */
class SharedSlab implements Slab {
  readonly #bytes: Buffer;
  #used = 0;
  /** Of what is used, how much belongs to values that the store still knows. */
  #known = 0;
  /** All that were ever put here. */
  #values: Value[] = [];

  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafeSlow(size);
  }

  get room(): number {
    return this.#bytes.byteLength - this.#used;
  }

  get isMostlyForgotten(): boolean {
    return this.#known < this.#used / 2;
  }

  view(offset: number, length: number): Buffer {
    return this.#bytes.subarray(offset, offset + length);
  }

  copy(bytes: Uint8Array): Place {
    const offset = this.#used;
    this.#bytes.set(bytes, offset);
    this.#used += bytes.byteLength;
    return { slab: this, offset, length: bytes.byteLength };
  }

  own(value: Value): void {
    this.#known += value.length;
    this.#values.push(value);
  }

  disown(value: Value): void {
    value.isForgotten = true;
    this.#known -= value.length;
  }

  /** Gives those that the store still knows, and forgets all. */
  leave(): Value[] {
    const left = this.#values.filter(({ isForgotten }) => !isForgotten);
    this.#values = [];
    this.#known = 0;
    return left;
  }
}
