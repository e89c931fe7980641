import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../openapi/machinery/clock.ts';
import type { Logger } from '../../../openapi/machinery/log.ts';
import { Slabs } from '../mvcc/slabs.ts';
import { FIRST_REVISION, MvccStore } from '../mvcc/store.ts';
import { systemFiles, type Files, type OpenFile } from './files.ts';
import { JsonStore } from './json-store.ts';
import type { JournalEnd } from './journal.ts';
import { lockDirectory } from './lock.ts';
import { encodeSegmentHeader, newSalt, SEGMENT_HEADER_BYTES } from './record.ts';
import { recoverJournal, type RecoveredJournal } from './recovery.ts';
import { segmentName, segmentSequence, SPARE_NAME } from './segment-names.ts';
import { fillWithZeros } from './spare-segment.ts';
import { Snapshots } from './snapshots.ts';

export interface JsonStoreOptions {
  /** Made if it is not there, 0700. Nothing else may write in it. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Size of the journal's files; all of it is taken from the disk at once. A record may have an eighth of it. */
  readonly segmentBytes?: number | undefined;
  /** A snapshot is made when the journal has grown by so much since the last, and by as much as what lives takes. */
  readonly snapshotBytesMin?: number | undefined;
  /** How much history is kept at most, whatever its age: the bytes of values that are no longer the newest. */
  readonly historyBytesMax?: number | undefined;
  readonly files?: Files | undefined;
  /** How the directory is kept from others: lockDirectory. */
  readonly lock?: ((directory: string) => Promise<() => Promise<void>>) | undefined;
  readonly random?: ((bytes: number) => Buffer) | undefined;
}

const SEGMENT_BYTES = 64 * 1024 * 1024;
const SNAPSHOT_BYTES_MIN = 128 * 1024 * 1024;

/**
 * Opens the store in a directory, or makes a new one. Rejects with StoreLockedError when another process has it, with
 * CorruptStoreError when what is there is not as it was written, with NewerFormatError when a later version wrote it.
 */
export async function openJsonStore(options: JsonStoreOptions): Promise<JsonStore> {
  const files = options.files ?? systemFiles;
  await files.makeDirectory(options.directory);
  const unlock = await (options.lock ?? lockDirectory)(options.directory);
  try {
    return await openLocked(options, files, unlock);
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function openLocked(
  options: JsonStoreOptions,
  files: Files,
  unlock: () => Promise<void>,
): Promise<JsonStore> {
  const { directory, clock, log, historyBytesMax } = options;
  const started = clock.monotonic();
  const segmentBytes = options.segmentBytes ?? SEGMENT_BYTES;
  const random = options.random ?? randomBytes;
  await removeUnfinished(files, directory);
  const slabs = new Slabs();
  const snapshots = new Snapshots({ files, directory, log, slabs });
  const snapshot = await snapshots.load();
  const recovered =
    snapshot === undefined ? undefined : { baseRevision: snapshot.revision, values: snapshot.values };
  const store = new MvccStore({ slabs, recovered, historyBytesMax });
  const isNew = snapshot === undefined && !(await hasSegments(files, directory));
  const journal = isNew
    ? await makeJournal(files, directory, segmentBytes, random)
    : await recoverJournal({
        files,
        directory,
        log,
        snapshot,
        firstRevision: FIRST_REVISION,
        onWrite(key, value, revision) {
          store.replay(key, value, revision);
        },
      });
  log.log('info', isNew ? 'made a new store' : 'recovered the store', {
    directory,
    revision: store.revision,
    objects: await store.count(''),
    milliseconds: Math.round(clock.monotonic() - started),
  });
  return new JsonStore({
    directory,
    clock,
    log,
    files,
    random,
    segmentBytes,
    snapshotBytesMin: options.snapshotBytesMin ?? SNAPSHOT_BYTES_MIN,
    store,
    journal,
    snapshots,
    snapshotRevision: snapshot?.revision ?? FIRST_REVISION,
    unlock,
    hasSpare: await hasSpare(files, directory, segmentBytes),
  });
}

/** Removes what a crash left of files that had not got their names yet. */
async function removeUnfinished(files: Files, directory: string): Promise<void> {
  for (const name of await files.list(directory)) {
    if (name.endsWith('.tmp')) await files.remove(`${directory}/${name}`);
  }
}

/** Whether the spare segment of the process before can be used: one of another size is removed. */
async function hasSpare(files: Files, directory: string, segmentBytes: number): Promise<boolean> {
  if (!(await files.list(directory)).includes(SPARE_NAME)) return false;
  const spare = `${directory}/${SPARE_NAME}`;
  if ((await files.size(spare)) === segmentBytes) return true;
  await files.remove(spare);
  return false;
}

async function hasSegments(files: Files, directory: string): Promise<boolean> {
  return (await files.list(directory)).some((name) => segmentSequence(name) !== undefined);
}

/** The first segment of a new store. */
async function makeJournal(
  files: Files,
  directory: string,
  segmentBytes: number,
  random: (bytes: number) => Buffer,
): Promise<RecoveredJournal> {
  const storeId = random(16).toString('hex');
  const salt = newSalt(random);
  const firstRevision = FIRST_REVISION + 1;
  const header = encodeSegmentHeader({
    size: segmentBytes,
    sequence: 1,
    salt,
    storeId,
    firstRevision,
    previousCrc: 0,
  });
  const spare = `${directory}/${SPARE_NAME}.tmp`;
  await fillWithZeros(files, spare, segmentBytes);
  const file: OpenFile = await files.open(spare, 'write');
  await file.write(header, 0);
  await files.rename(spare, `${directory}/${segmentName(1)}`);
  await files.syncDirectory(directory);
  const end: JournalEnd = {
    size: segmentBytes,
    sequence: 1,
    salt,
    offset: SEGMENT_HEADER_BYTES,
    crc: header.readUInt32LE(60),
    revision: FIRST_REVISION,
  };
  return { storeId, end, file, segments: [{ sequence: 1, firstRevision }] };
}
