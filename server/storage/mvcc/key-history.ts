import { invariant } from '../../../openapi/machinery/invariant.ts';
import { live, type Value, type Version } from './version.ts';

/**
 * What is still known of one key, oldest first. put(1) put(2) delete(3) put(5) is [1, 2, 3†, 5]; compacted to 2 it is
 * [2, 3†, 5], to 3 or 4 it is [5]: of what is not newer than the compaction only the newest stays, and a deletion never.
 */
export class KeyHistory {
  readonly key: string;
  #newest: Version;
  /** All but the newest; most keys have none. */
  #older: Version[] | undefined;

  constructor(first: Version) {
    this.key = first.key;
    this.#newest = first;
  }

  get newest(): Version {
    return this.#newest;
  }

  put(version: Version): void {
    invariant(version.modRevision > this.#newest.modRevision, 'revisions of a key only grow', {
      key: this.key,
      revision: version.modRevision,
      last: this.#newest.modRevision,
    });
    if (this.#older === undefined) this.#older = [this.#newest];
    else this.#older.push(this.#newest);
    this.#newest = version;
  }

  /** The value that a reader at `revision` sees. */
  at(revision: number): Value | undefined {
    if (this.#newest.modRevision <= revision) return live(this.#newest);
    const older = this.#older;
    return older === undefined ? undefined : live(older[countUpTo(older, revision) - 1]);
  }

  /** Forgets what no reader at `revision` or later can see, and gives it. */
  compact(revision: number): readonly Version[] {
    const older = this.#older;
    if (older === undefined) return [];
    const covered = this.#newest.modRevision <= revision ? older.length : countUpTo(older, revision);
    const isSeen = covered < older.length || this.#newest.modRevision > revision;
    const kept = isSeen && live(older[covered - 1]) !== undefined ? covered - 1 : covered;
    if (kept < older.length) return older.splice(0, kept);
    this.#older = undefined;
    return older;
  }

  /** Whether a deletion is all that is left. */
  get isGone(): boolean {
    return this.#older === undefined && live(this.#newest) === undefined;
  }
}

/** How many bytes the value of `version` has. */
export function bytesOf(version: Version | undefined): number {
  return live(version)?.length ?? 0;
}

/** How many of `versions` are not newer than `revision`. */
function countUpTo(versions: readonly Version[], revision: number): number {
  let low = 0;
  let high = versions.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((versions[middle]?.modRevision ?? Infinity) <= revision) low = middle + 1;
    else high = middle;
  }
  return low;
}
