import type { StorageEvent } from '../storage.ts';

/** Events in the order of their revisions, cut off at the front by compaction. */
class Line {
  #events: StorageEvent[] = [];
  /** How many at the front are forgotten, but not yet moved out. */
  #forgotten = 0;

  push(event: StorageEvent): void {
    this.#events.push(event);
  }

  get size(): number {
    return this.#events.length - this.#forgotten;
  }

  get middle(): StorageEvent | undefined {
    return this.#events[this.#forgotten + (this.size >> 1)];
  }

  after(revision: number, prefix: string): StorageEvent[] {
    const found: StorageEvent[] = [];
    for (let i = this.#firstAfter(revision); i < this.#events.length; i++) {
      const event = this.#events[i];
      if (event?.key.startsWith(prefix) === true) found.push(event);
    }
    return found;
  }

  /** What has a revision above `after`, up to `revision`. */
  between(after: number, revision: number): StorageEvent[] {
    return this.#events.slice(this.#firstAfter(after), this.#firstAfter(revision));
  }

  /** Forgets up to `revision`; true when nothing is left. */
  forget(revision: number): boolean {
    this.#forgotten = this.#firstAfter(revision);
    if (this.#forgotten * 2 >= this.#events.length) {
      this.#events = this.#events.slice(this.#forgotten);
      this.#forgotten = 0;
    }
    return this.#events.length === 0;
  }

  #firstAfter(revision: number): number {
    let low = this.#forgotten;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#events[middle]?.revision ?? Infinity) <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * Every event since the last compaction, for watches that begin in the past. Besides the whole, one line for each resource
 * ("/registry/pods/"), so that a watch of a quiet resource does not read through a busy one.
 */
export class EventLog {
  readonly #all = new Line();
  readonly #byResource = new Map<string, Line>();

  get size(): number {
    return this.#all.size;
  }

  /** As many are older as are newer. */
  get middle(): StorageEvent | undefined {
    return this.#all.middle;
  }

  push(event: StorageEvent): void {
    this.#all.push(event);
    const resource = resourceOf(event.key);
    if (resource === undefined) return;
    let line = this.#byResource.get(resource);
    if (line === undefined) this.#byResource.set(resource, (line = new Line()));
    line.push(event);
  }

  /** What changed below `prefix` after `revision`, oldest first. */
  after(revision: number, prefix: string): StorageEvent[] {
    const resource = resourceOf(prefix);
    const line = resource === undefined ? this.#all : this.#byResource.get(resource);
    return line?.after(revision, prefix) ?? [];
  }

  /** All that has a revision above `after`, up to `revision`. */
  between(after: number, revision: number): StorageEvent[] {
    return this.#all.between(after, revision);
  }

  forget(revision: number): void {
    this.#all.forget(revision);
    for (const [resource, line] of this.#byResource) {
      if (line.forget(revision)) this.#byResource.delete(resource);
    }
  }
}

/** "/registry/pods/" of "/registry/pods/default/web"; undefined where there are not that many parts. */
function resourceOf(key: string): string | undefined {
  const end = key.indexOf('/', key.indexOf('/', 1) + 1);
  return end < 2 ? undefined : key.slice(0, end + 1);
}
