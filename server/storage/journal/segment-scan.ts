import {
  decodeRecord,
  isZero,
  looksLikeRecord,
  RECORD_HEADER_BYTES,
  RecordKind,
  recordLength,
  SEGMENT_HEADER_BYTES,
  type BadRecord,
  type Record,
  type SegmentHeader,
} from './record.ts';

/** How the records of a segment end. */
export interface SegmentEnd {
  /** Where the next record would stand. */
  readonly offset: number;
  /** What the next record's CRC goes on from. */
  readonly crc: number;
  /** The last record says that another segment follows. */
  readonly isSealed: boolean;
  /** Why reading stopped, if not at clean zeros or the seal. */
  readonly bad: BadRecord | undefined;
}

/** Reads the records of the segment `bytes` (the whole file) until the seal, the zeros behind the last, or something bad. */
export function scanSegment(
  bytes: Buffer,
  header: SegmentHeader,
  onRecord: (record: Record) => string | undefined,
): SegmentEnd {
  let offset = SEGMENT_HEADER_BYTES;
  let crc = header.crc;
  while (!isZero(bytes, offset, Math.min(offset + RECORD_HEADER_BYTES, bytes.byteLength))) {
    const record = decodeRecord(bytes, offset, header.salt, crc);
    if ('problem' in record) return { offset, crc, isSealed: false, bad: record };
    if (record.kind === RecordKind.Seal) {
      return { offset: record.end, crc: record.crc, isSealed: true, bad: undefined };
    }
    const problem = onRecord(record);
    if (problem !== undefined) {
      return { offset, crc, isSealed: false, bad: { problem, headerIsIntact: true } };
    }
    offset = record.end;
    crc = record.crc;
  }
  const rest = isZero(bytes, offset, bytes.byteLength);
  const bad = { problem: 'there is something behind the last record', headerIsIntact: false };
  return { offset, crc, isSealed: false, bad: rest ? undefined : bad };
}

/**
 * Whether the bad record at `end.offset` of the last segment can be what a crash left of a write that was never acknowledged.
 * Writes follow each other, each on disk before the next begins; so it can only be of the last write, which shows in that nothing
 * that was written later follows, and part of it must be missing: the file ends, or a sector (or the end) of it is still zero.
 * Anything else was whole once and has been damaged.
 */
export function isTorn(bytes: Buffer, header: SegmentHeader, end: SegmentEnd): boolean {
  const { offset } = end;
  if (hasLaterWrite(bytes, header.salt, offset)) return false;
  const headerEnd = offset + RECORD_HEADER_BYTES;
  if (headerEnd > bytes.byteLength) return true;
  if (end.bad?.headerIsIntact !== true) {
    return bytes.readUInt32LE(offset) === 0 || isPartlyMissing(bytes, offset, headerEnd);
  }
  const payloadEnd = headerEnd + bytes.readUInt32LE(offset + 28) + bytes.readUInt32LE(offset + 32);
  if (offset + recordLength(bytes, offset) > bytes.byteLength) return true;
  return isPartlyMissing(bytes, headerEnd, payloadEnd);
}

/** Whether a record follows whose write began behind `offset`. */
function hasLaterWrite(bytes: Buffer, salt: number, offset: number): boolean {
  for (let at = offset + 8; at + RECORD_HEADER_BYTES <= bytes.byteLength; at += 8) {
    if (looksLikeRecord(bytes, at, salt) && bytes.readUInt32LE(at + 12) > offset) return true;
  }
  return false;
}

const SECTOR_BYTES = 512;

function isPartlyMissing(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end;) {
    const next = Math.min(end, at - (at % SECTOR_BYTES) + SECTOR_BYTES);
    if (isZero(bytes, at, next)) return true;
    at = next;
  }
  return bytes[end - 1] === 0;
}
