/** A binary heap: `pop` gives what comes before all else. */
export class Heap<T> {
  readonly #isBefore: (a: T, b: T) => boolean;
  readonly #items: T[] = [];

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get length(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    const items = this.#items;
    let index = items.length;
    items.push(item);
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = items[above];
      if (parent === undefined || !this.#isBefore(item, parent)) break;
      items[index] = parent;
      index = above;
    }
    items[index] = item;
  }

  pop(): T | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return first;
    let index = 0;
    for (;;) {
      const below = this.#firstChild(index);
      const child = items[below];
      if (child === undefined || !this.#isBefore(child, last)) break;
      items[index] = child;
      index = below;
    }
    items[index] = last;
    return first;
  }

  #firstChild(index: number): number {
    const left = 2 * index + 1;
    const a = this.#items[left];
    const b = this.#items[left + 1];
    return a !== undefined && b !== undefined && this.#isBefore(b, a) ? left + 1 : left;
  }
}
