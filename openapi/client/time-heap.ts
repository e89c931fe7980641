interface Entry<T> {
  readonly at: number;
  readonly value: T;
}

/** Values by time, the earliest first: a binary heap. */
export class TimeHeap<T> {
  readonly #entries: Entry<T>[] = [];

  get length(): number {
    return this.#entries.length;
  }

  peek(): Entry<T> | undefined {
    return this.#entries[0];
  }

  push(at: number, value: T): void {
    const entries = this.#entries;
    const entry = { at, value };
    let index = entries.length;
    entries.push(entry);
    for (let parent = entries[(index - 1) >> 1]; index > 0 && parent !== undefined && parent.at > at;) {
      entries[index] = parent;
      index = (index - 1) >> 1;
      parent = entries[(index - 1) >> 1];
    }
    entries[index] = entry;
  }

  pop(): Entry<T> | undefined {
    const entries = this.#entries;
    const first = entries[0];
    const last = entries.pop();
    if (first === undefined || last === undefined || entries.length === 0) return first;
    let index = 0;
    for (;;) {
      const child = this.#earlierChild(index);
      const below = entries[child];
      if (below === undefined || below.at >= last.at) break;
      entries[index] = below;
      index = child;
    }
    entries[index] = last;
    return first;
  }

  #earlierChild(index: number): number {
    const left = this.#entries[2 * index + 1];
    const right = this.#entries[2 * index + 2];
    return right !== undefined && left !== undefined && right.at < left.at ? 2 * index + 2 : 2 * index + 1;
  }
}
