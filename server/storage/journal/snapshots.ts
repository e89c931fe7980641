import { Low } from 'lowdb';
import type { Logger } from '../../../openapi/machinery/log.ts';
import { CorruptStoreError } from './corrupt-store-error.ts';
import type { Slabs } from '../mvcc/slabs.ts';
import type { Files } from './files.ts';
import { segmentName, snapshotName, snapshotRevision } from './segment-names.ts';
import { SnapshotFile, type Snapshot } from './snapshot-file.ts';
import type { SegmentSummary } from './recovery.ts';

export interface SnapshotsOptions {
  readonly files: Files;
  readonly directory: string;
  readonly log: Logger;
  /** Where the values go that are read. */
  readonly slabs: Slabs;
}

const NOTHING: Snapshot = { storeId: '', revision: 0, values: [] };

/** The snapshots in a data directory, and the segments that they make superfluous. */
export class Snapshots {
  readonly #options: SnapshotsOptions;

  constructor(options: SnapshotsOptions) {
    this.#options = options;
  }

  /**
   * The newest that is whole. A damaged one is passed over for the one before, since the journal goes back to that: recovery
   * refuses if it does not. Undefined when there is none; rejects with CorruptStoreError when none is whole.
   */
  async load(): Promise<Snapshot | undefined> {
    const { log } = this.#options;
    let damage: CorruptStoreError | undefined;
    for (const revision of (await this.#revisions()).reverse()) {
      const low = this.#database(revision);
      try {
        await low.read();
        return low.data;
      } catch (error) {
        if (!(error instanceof CorruptStoreError)) throw error;
        damage ??= error;
        log.log('error', 'a snapshot is damaged: trying the one before', { problem: error.message });
      }
    }
    if (damage !== undefined) throw damage;
    return undefined;
  }

  /** Resolves when `snapshot` is on disk and verified. */
  async save(snapshot: Snapshot): Promise<void> {
    const low = this.#database(snapshot.revision);
    low.data = snapshot;
    await low.write();
  }

  /**
   * Removes all but the newest `kept` snapshots, and of `segments` those that the oldest of them makes superfluous. Resolves with
   * the segments that are left.
   */
  async clean(kept: number, segments: readonly SegmentSummary[]): Promise<readonly SegmentSummary[]> {
    const { files, directory } = this.#options;
    const revisions = await this.#revisions();
    const base = revisions.at(-kept);
    if (base === undefined) return segments;
    for (const revision of revisions) {
      if (revision < base) await files.remove(`${directory}/${snapshotName(revision)}`);
    }
    const first = segments.findLastIndex(({ firstRevision }) => firstRevision <= base + 1);
    for (const { sequence } of segments.slice(0, Math.max(0, first))) {
      await files.remove(`${directory}/${segmentName(sequence)}`);
    }
    await files.syncDirectory(directory);
    return segments.slice(Math.max(0, first));
  }

  #database(revision: number): Low<Snapshot> {
    const { files, directory, slabs } = this.#options;
    return new Low<Snapshot>(
      new SnapshotFile({ files, directory, slabs, name: snapshotName(revision) }),
      NOTHING,
    );
  }

  async #revisions(): Promise<number[]> {
    const { files, directory } = this.#options;
    return (await files.list(directory))
      .map((name) => snapshotRevision(name))
      .filter((revision) => revision !== undefined)
      .sort((a, b) => a - b);
  }
}
