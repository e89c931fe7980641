/** Something that stands in the order under its key. */
export interface Keyed {
  readonly key: string;
}

interface Position {
  readonly chunk: number;
  readonly index: number;
}

/** A chunk splits in two beyond this: big enough that there are few, small enough that an insertion moves little. */
const CHUNK_ITEMS_MAX = 512;

/**
 * Keyed items in the order of their keys' UTF-8 bytes, in chunks: an insertion moves at most one chunk, a list reads neighbours,
 * and a count adds up the chunks between two searches.
 */
export class SortedKeys<Item extends Keyed> {
  readonly #chunks: Item[][] = [];
  #size = 0;
  #before: (a: string, b: string) => boolean = beforeByUnits;

  get size(): number {
    return this.#size;
  }

  /** Adds `item`, whose key must not be there yet. */
  insert(item: Item): void {
    if (this.#before === beforeByUnits && hasSurrogates(item.key)) this.#before = beforeByBytes;
    this.#size++;
    const at = this.#search((key) => this.#before(key, item.key));
    const last = this.#chunks.at(-1);
    if (last === undefined) this.#chunks.push([item]);
    else if (at.chunk < this.#chunks.length) this.#add(at.chunk, at.index, item);
    else this.#add(at.chunk - 1, last.length, item);
  }

  /** Removes the item of `key`; false if there is none. */
  delete(key: string): boolean {
    const at = this.#search((other) => this.#before(other, key));
    const chunk = this.#chunks[at.chunk];
    if (chunk?.[at.index]?.key !== key) return false;
    chunk.splice(at.index, 1);
    this.#size--;
    const next = this.#chunks[at.chunk + 1] ?? [];
    if (chunk.length === 0) this.#chunks.splice(at.chunk, 1);
    else if (next.length > 0 && chunk.length + next.length < CHUNK_ITEMS_MAX / 2) {
      chunk.push(...next);
      this.#chunks.splice(at.chunk + 1, 1);
    }
    return true;
  }

  /** How many keys begin with `prefix` and are not before `startKey`. */
  count(prefix: string, startKey?: string): number {
    const from = this.#lowerBound(prefix, startKey);
    const before = this.#orderFor(prefix);
    const to = this.#search((key) => before(key, prefix) || key.startsWith(prefix));
    if (to.chunk < from.chunk) return 0;
    if (from.chunk === to.chunk) return Math.max(0, to.index - from.index);
    let count = (this.#chunks[from.chunk]?.length ?? 0) - from.index + to.index;
    for (let i = from.chunk + 1; i < to.chunk; i++) count += this.#chunks[i]?.length ?? 0;
    return count;
  }

  /** Visits the items whose keys begin with `prefix` and are not before `startKey`, in order, until `visit` gives false. */
  forEach(prefix: string, startKey: string | undefined, visit: (item: Item) => boolean): void {
    let { chunk, index } = this.#lowerBound(prefix, startKey);
    for (; chunk < this.#chunks.length; chunk++, index = 0) {
      const part = this.#chunks[chunk] ?? [];
      // Most chunks are wholly below the prefix or not at all: their keys need not be looked at.
      const isWhole = part.at(-1)?.key.startsWith(prefix) === true;
      for (; index < part.length; index++) {
        const item = part[index];
        if (item === undefined || !(isWhole || item.key.startsWith(prefix)) || !visit(item)) return;
      }
    }
  }

  /** As forEach. Nothing may be inserted or deleted meanwhile. */
  *iterate(prefix: string, startKey?: string): Generator<Item, undefined> {
    let { chunk, index } = this.#lowerBound(prefix, startKey);
    for (; chunk < this.#chunks.length; chunk++, index = 0) {
      const part = this.#chunks[chunk] ?? [];
      for (; index < part.length; index++) {
        const item = part[index];
        if (item?.key.startsWith(prefix) !== true) return;
        yield item;
      }
    }
  }

  /** Whether `a` stands before `b`. */
  before(a: string, b: string): boolean {
    return beforeByBytes(a, b);
  }

  #lowerBound(prefix: string, startKey = prefix): Position {
    const start = beforeByBytes(prefix, startKey) ? startKey : prefix;
    const before = this.#orderFor(start);
    return this.#search((key) => before(key, start));
  }

  /** What is asked for may have surrogates where no key has. */
  #orderFor(asked: string): (a: string, b: string) => boolean {
    return hasSurrogates(asked) ? beforeByBytes : this.#before;
  }

  #add(chunkIndex: number, index: number, item: Item): void {
    const chunk = this.#chunks[chunkIndex] ?? [];
    chunk.splice(index, 0, item);
    if (chunk.length <= CHUNK_ITEMS_MAX) return;
    // Keys that come in order leave full chunks behind; others split in the middle.
    const appended = index === chunk.length - 1 && chunkIndex === this.#chunks.length - 1;
    this.#chunks.splice(chunkIndex + 1, 0, chunk.splice(appended ? chunk.length - 1 : chunk.length >> 1));
  }

  /** The first position whose key is not `isBefore`; the chunk after the last when all are. */
  #search(isBefore: (key: string) => boolean): Position {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const last = this.#chunks[middle]?.at(-1);
      if (last !== undefined && isBefore(last.key)) low = middle + 1;
      else high = middle;
    }
    const part = this.#chunks[low] ?? [];
    let from = 0;
    let to = part.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      const item = part[middle];
      if (item !== undefined && isBefore(item.key)) from = middle + 1;
      else to = middle;
    }
    return { chunk: low, index: from };
  }
}

function hasSurrogates(key: string): boolean {
  return /[\ud800-\udfff]/.test(key);
}

function beforeByUnits(a: string, b: string): boolean {
  return a < b;
}

/** UTF-16 puts U+10000 and up before U+E000; UTF-8 puts it last. Where neither has surrogates the two orders are one. */
function beforeByBytes(a: string, b: string): boolean {
  if (!hasSurrogates(a) && !hasSurrogates(b)) return a < b;
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
}
