import type { Logger } from '../../../openapi/machinery/log.ts';
import { CorruptStoreError, NewerFormatError } from './corrupt-store-error.ts';
import type { Files, OpenFile } from './files.ts';
import type { JournalEnd } from './journal.ts';
import {
  decodeSegmentHeader,
  FORMAT_VERSION,
  RecordKind,
  SEGMENT_HEADER_BYTES,
  type Record,
  type SegmentHeader,
} from './record.ts';
import { segmentName, segmentSequence } from './segment-names.ts';
import { isTorn, scanSegment, type SegmentEnd } from './segment-scan.ts';
import { zeroOut } from './spare-segment.ts';

export interface RecoveryOptions {
  readonly files: Files;
  readonly directory: string;
  readonly log: Logger;
  /** What the snapshot says: the store's id, and the revision up to which it holds all. Undefined: there is none. */
  readonly snapshot: { readonly storeId: string; readonly revision: number } | undefined;
  /** The revision before the first of a store without snapshot. */
  readonly firstRevision: number;
  /** Called for each write after the snapshot, in order. `value` is undefined for a deletion, and a view that dies with the call. */
  readonly onWrite: (key: string, value: Buffer | undefined, revision: number) => void;
}

export interface RecoveredJournal {
  readonly storeId: string;
  readonly end: JournalEnd;
  /** The last segment, open for durable writing. */
  readonly file: OpenFile;
  /** All segments, oldest first. */
  readonly segments: readonly SegmentSummary[];
}

export interface SegmentSummary {
  readonly sequence: number;
  readonly firstRevision: number;
}

interface Segment extends SegmentHeader {
  readonly path: string;
}

interface Scanned {
  readonly segment: Segment;
  readonly bytes: Buffer;
  readonly end: SegmentEnd;
  readonly revision: number;
}

/** Reads the journal, and makes its last segment ready to go on. Rejects with CorruptStoreError when anything is not as written. */
export async function recoverJournal(options: RecoveryOptions): Promise<RecoveredJournal> {
  const segments = await readHeaders(options);
  const base = options.snapshot?.revision ?? options.firstRevision;
  const reader = new SegmentReader(options, base);
  const first = firstNeeded(segments, base);
  let scanned = await reader.read(first);
  for (const next of segments.slice(segments.indexOf(first) + 1)) {
    checkSequence(scanned.segment, next);
    const isLast = next === segments.at(-1);
    if (isLast && (await isBegunOnly(options.files, scanned, next))) {
      await removeBegun(options, next);
      segments.pop();
      break;
    }
    checkEnd(scanned, next);
    scanned = await reader.read(next);
  }
  checkLast(scanned, base);
  const file = await makeReady(options, scanned);
  const { size, sequence, salt, storeId } = scanned.segment;
  const { offset, crc } = scanned.end;
  return {
    storeId,
    end: { size, sequence, salt, offset, crc, revision: scanned.revision },
    file,
    segments,
  };
}

async function readHeaders({ files, directory, snapshot }: RecoveryOptions): Promise<Segment[]> {
  const sequences = (await files.list(directory))
    .map((name) => segmentSequence(name))
    .filter((sequence) => sequence !== undefined)
    .sort((a, b) => a - b);
  const segments: Segment[] = [];
  for (const sequence of sequences) {
    const path = `${directory}/${segmentName(sequence)}`;
    const header = decodeSegmentHeader(await readStart(files, path));
    if (typeof header === 'string') throw new CorruptStoreError(path, 0, header);
    if (header.format > FORMAT_VERSION) throw new NewerFormatError(path, header.format, FORMAT_VERSION);
    const problem = headerProblem(header, sequence, snapshot?.storeId ?? segments[0]?.storeId);
    if (problem !== undefined) throw new CorruptStoreError(path, 0, problem);
    segments.push({ ...header, path });
  }
  return segments;
}

async function readStart(files: Files, path: string): Promise<Buffer> {
  const file = await files.open(path, 'read');
  try {
    const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
    return bytes.subarray(0, await file.read(bytes, 0));
  } finally {
    await file.close();
  }
}

function headerProblem(
  header: SegmentHeader,
  sequence: number,
  storeId: string | undefined,
): string | undefined {
  if (header.sequence !== sequence) {
    return `its header says that it is segment ${header.sequence}, its name says ${sequence}: it was renamed`;
  }
  if (storeId !== undefined && header.storeId !== storeId) {
    return `it belongs to the store ${header.storeId}, the others to ${storeId}`;
  }
  return undefined;
}

function checkSequence(before: Segment, next: Segment): void {
  const sequence = before.sequence + 1;
  if (next.sequence === sequence) return;
  const missing = before.path.replace(segmentName(before.sequence), segmentName(sequence));
  throw new CorruptStoreError(missing, 0, 'the file is missing');
}

/** The segment that has the first write after `base`. Older ones may be left from a removal that a crash cut short. */
function firstNeeded(segments: readonly Segment[], base: number): Segment {
  const segment = segments.findLast(({ firstRevision }) => firstRevision <= base + 1);
  if (segment !== undefined) return segment;
  const oldest = segments[0];
  throw new CorruptStoreError(
    oldest?.path ?? segmentName(1),
    0,
    oldest === undefined
      ? 'there is a snapshot, but no journal'
      : `the journal begins at revision ${oldest.firstRevision}, and what was written from ${base + 1} on is missing`,
  );
}

/** Reads whole segments into one buffer, one after the other, and checks that revisions go on from each to the next. */
class SegmentReader {
  readonly #options: RecoveryOptions;
  readonly #base: number;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(options: RecoveryOptions, base: number) {
    this.#options = options;
    this.#base = base;
  }

  async read(segment: Segment): Promise<Scanned> {
    const bytes = await this.#load(segment);
    let revision = segment.firstRevision - 1;
    const end = scanSegment(bytes, segment, (record) => {
      if (record.revision !== revision + 1) {
        return `a record has revision ${record.revision} behind ${revision}`;
      }
      revision = record.revision;
      return this.#tell(record);
    });
    return { segment, bytes, end, revision };
  }

  async #load(segment: Segment): Promise<Buffer> {
    const { files } = this.#options;
    const size = await files.size(segment.path);
    if (size > segment.size) {
      throw new CorruptStoreError(segment.path, segment.size, 'the file is longer than its header says');
    }
    if (this.#buffer.byteLength < size) this.#buffer = Buffer.allocUnsafeSlow(size);
    const file = await files.open(segment.path, 'read');
    try {
      return this.#buffer.subarray(0, await file.read(this.#buffer.subarray(0, size), 0));
    } finally {
      await file.close();
    }
  }

  #tell(record: Record): string | undefined {
    const { kind, key, value, revision } = record;
    if (kind !== RecordKind.Put && kind !== RecordKind.Delete) return `a record has the unknown kind ${kind}`;
    if (revision > this.#base) {
      this.#options.onWrite(key, kind === RecordKind.Put ? value : undefined, revision);
    }
    return undefined;
  }
}

/** Whether a crash while rolling left `next`: it has a header only, and the one before has no seal yet. */
async function isBegunOnly(files: Files, before: Scanned, next: Segment): Promise<boolean> {
  if (before.end.isSealed || before.end.bad !== undefined) return false;
  const size = await files.size(next.path);
  const file = await files.open(next.path, 'read');
  try {
    const bytes = Buffer.alloc(size);
    await file.read(bytes, 0);
    const end = scanSegment(bytes, next, () => 'it has a record');
    return end.bad === undefined && !end.isSealed;
  } finally {
    await file.close();
  }
}

async function removeBegun({ files, directory, log }: RecoveryOptions, segment: Segment): Promise<void> {
  await files.remove(segment.path);
  await files.syncDirectory(directory);
  log.log('info', 'removed a journal segment that had only been begun', { file: segment.path });
}

/** What must hold at the end of a segment that another follows. */
function checkEnd({ segment, end, revision }: Scanned, next: Segment): void {
  if (end.bad !== undefined) throw new CorruptStoreError(segment.path, end.offset, end.bad.problem);
  if (!end.isSealed) throw new CorruptStoreError(segment.path, end.offset, 'records are missing at its end');
  if (next.previousCrc !== end.crc || next.firstRevision !== revision + 1) {
    throw new CorruptStoreError(next.path, 0, `it does not go on where ${segment.path} ends`);
  }
}

function checkLast({ segment, bytes, end, revision }: Scanned, base: number): void {
  if (end.bad !== undefined && !isTorn(bytes, segment, end)) {
    throw new CorruptStoreError(segment.path, end.offset, end.bad.problem);
  }
  if (end.isSealed) {
    const missing = segment.path.replace(segmentName(segment.sequence), segmentName(segment.sequence + 1));
    throw new CorruptStoreError(missing, 0, 'the file is missing');
  }
  if (revision < base) {
    throw new CorruptStoreError(
      segment.path,
      end.offset,
      `the journal ends at revision ${revision}, and the snapshot has revision ${base}`,
    );
  }
}

/** Takes away what a crash left half written, keeping a copy, and fills up with zeros. */
async function makeReady({ files, directory, log }: RecoveryOptions, scanned: Scanned): Promise<OpenFile> {
  const { segment, bytes, end } = scanned;
  if (end.bad !== undefined) {
    const copy = `${segment.path}.${end.offset}.broken`;
    await files.copy(segment.path, copy);
    log.log('warn', 'a write that was never acknowledged was left half written by a crash: removed', {
      file: segment.path,
      offset: end.offset,
      problem: end.bad.problem,
      copy,
    });
  }
  const file = await files.open(segment.path, 'write');
  const from = end.bad === undefined ? bytes.byteLength : end.offset;
  await zeroOut(file, from, segment.size);
  await files.syncDirectory(directory);
  return file;
}
