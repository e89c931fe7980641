import { crc32 } from 'node:zlib';

/*
 * A segment is a header, records one after the other, each at a multiple of 8, then zeros. All numbers are little-endian.
 *
 * segment header, 64 bytes           record header, 40 bytes, before key, value and zeros up to the next 8
 *  0 "FLOTJRNL"                       0 salt of the segment
 *  8 format version                   4 CRC-32 of bytes 8 to 40, continued from the record (or the header) before
 * 12 size of the segment              8 offset of this record in the segment
 * 16 sequence number                 12 offset of the first record that was written together with this one
 * 20 salt, another in each segment   16 revision (48 bits)
 * 24 id of the store, 16 bytes       22 kind
 * 40 revision of the first record    24 CRC-32 of key and value
 * 48 CRC-32 of the record before     28 length of the value
 * 60 CRC-32 of bytes 0 to 60         32 length of the key
 *                                    36 end mark: no byte of it is zero
 *
 * A record's own CRC covers its payload's CRC and goes on from its predecessor's, through segment headers too: no record can be
 * missing, foreign or out of its place unseen. It is the CRC-32 of zlib, since Node brings that one natively (CRC-32C in
 * JavaScript would cost more than the write).
 */

export const FORMAT_VERSION = 1;
export const SEGMENT_HEADER_BYTES = 64;
export const RECORD_HEADER_BYTES = 40;
export const RecordKind = { Put: 1, Delete: 2, Seal: 3 } as const;
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];

const MAGIC = Buffer.from('FLOTJRNL');
const END_MARK = 0xa5a5a5a5;

export interface SegmentHeader {
  readonly format: number;
  readonly size: number;
  readonly sequence: number;
  readonly salt: number;
  /** 32 hexadecimal digits. */
  readonly storeId: string;
  readonly firstRevision: number;
  readonly previousCrc: number;
  /** What the first record's CRC goes on from. */
  readonly crc: number;
}

export function encodeSegmentHeader(header: Omit<SegmentHeader, 'crc' | 'format'>): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(FORMAT_VERSION, 8);
  bytes.writeUInt32LE(header.size, 12);
  bytes.writeUInt32LE(header.sequence, 16);
  bytes.writeUInt32LE(header.salt, 20);
  bytes.write(header.storeId, 24, 'hex');
  bytes.writeUIntLE(header.firstRevision, 40, 6);
  bytes.writeUInt32LE(header.previousCrc, 48);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 60)), 60);
  return bytes;
}

/** The header, or what is wrong with it. Every format keeps the places of its own number and of the header's CRC. */
export function decodeSegmentHeader(bytes: Buffer): SegmentHeader | string {
  if (bytes.byteLength < SEGMENT_HEADER_BYTES) return 'the file is shorter than its header';
  if (!bytes.subarray(0, 8).equals(MAGIC)) return 'it is no journal segment';
  const format = bytes.readUInt32LE(8);
  const crc = bytes.readUInt32LE(60);
  if (crc32(bytes.subarray(0, 60)) !== crc) return 'the checksum of the header is wrong';
  return {
    format,
    size: bytes.readUInt32LE(12),
    sequence: bytes.readUInt32LE(16),
    salt: bytes.readUInt32LE(20),
    storeId: bytes.toString('hex', 24, 40),
    firstRevision: bytes.readUIntLE(40, 6),
    previousCrc: bytes.readUInt32LE(48),
    crc,
  };
}

/** Never 0: that is what a record has that is not there. */
export function newSalt(random: (bytes: number) => Buffer): number {
  return (random(4).readUInt32LE() | 1) >>> 0;
}

/** How much room a record takes. */
export function recordBytes(keyBytes: number, valueBytes: number): number {
  return (RECORD_HEADER_BYTES + keyBytes + valueBytes + 7) & ~7;
}

export interface RecordContent {
  readonly kind: RecordKind;
  readonly revision: number;
  readonly key: string;
  readonly keyBytes: number;
  readonly value: Uint8Array | undefined;
}

/** Writes a record at `at` of `into`, all but what depends on its place in the segment (stampRecord). Resolves to its length. */
export function encodeRecord(into: Buffer, at: number, content: RecordContent): number {
  const valueBytes = content.value?.byteLength ?? 0;
  const payload = at + RECORD_HEADER_BYTES;
  const end = payload + content.keyBytes + valueBytes;
  const length = recordBytes(content.keyBytes, valueBytes);
  into.write(content.key, payload, 'utf8');
  if (content.value !== undefined) into.set(content.value, payload + content.keyBytes);
  into.fill(0, end, at + length);
  into.writeUIntLE(content.revision, at + 16, 6);
  into.writeUInt16LE(content.kind, at + 22);
  into.writeUInt32LE(crc32(into.subarray(payload, end)), at + 24);
  into.writeUInt32LE(valueBytes, at + 28);
  into.writeUInt32LE(content.keyBytes, at + 32);
  into.writeUInt32LE(END_MARK, at + 36);
  return length;
}

export interface RecordPlace {
  readonly salt: number;
  /** Of the record before, or of the segment's header. */
  readonly previousCrc: number;
  readonly offset: number;
  readonly batchOffset: number;
}

/** Completes the record at `at` of `bytes` for its place. Gives its CRC. */
export function stampRecord(bytes: Buffer, at: number, place: RecordPlace): number {
  bytes.writeUInt32LE(place.salt, at);
  bytes.writeUInt32LE(place.offset, at + 8);
  bytes.writeUInt32LE(place.batchOffset, at + 12);
  const crc = crc32(bytes.subarray(at + 8, at + RECORD_HEADER_BYTES), place.previousCrc);
  bytes.writeUInt32LE(crc, at + 4);
  return crc;
}

/** The length, padding and all, of the record at `at`, as its header says. */
export function recordLength(bytes: Buffer, at: number): number {
  return recordBytes(bytes.readUInt32LE(at + 32), bytes.readUInt32LE(at + 28));
}

/** Whether something that says to be a record of this segment and of this place stands there, whatever its checksums. */
export function looksLikeRecord(bytes: Buffer, at: number, salt: number): boolean {
  return (
    at + RECORD_HEADER_BYTES <= bytes.byteLength &&
    bytes.readUInt32LE(at) === salt &&
    bytes.readUInt32LE(at + 8) === at &&
    bytes.readUInt32LE(at + 36) === END_MARK
  );
}

export interface Record {
  readonly kind: RecordKind;
  readonly revision: number;
  readonly batchOffset: number;
  readonly key: string;
  /** A view: what it views is read over for the next segment. */
  readonly value: Buffer;
  readonly crc: number;
  readonly end: number;
}

/** Why no record could be read; `headerIsIntact` tells whether its length is known. */
export interface BadRecord {
  readonly problem: string;
  readonly headerIsIntact: boolean;
}

/** The record at `at` of the segment `bytes`. */
export function decodeRecord(
  bytes: Buffer,
  at: number,
  salt: number,
  previousCrc: number,
): Record | BadRecord {
  if (at + RECORD_HEADER_BYTES > bytes.byteLength) return bad('the file ends within a record', false);
  if (!looksLikeRecord(bytes, at, salt)) return bad('no record of this segment stands here', false);
  const crc = crc32(bytes.subarray(at + 8, at + RECORD_HEADER_BYTES), previousCrc);
  if (bytes.readUInt32LE(at + 4) !== crc) return bad('the checksum of a record is wrong', false);
  const payload = at + RECORD_HEADER_BYTES;
  const valueAt = payload + bytes.readUInt32LE(at + 32);
  const payloadEnd = valueAt + bytes.readUInt32LE(at + 28);
  const end = at + recordLength(bytes, at);
  if (end > bytes.byteLength) return bad('the file ends within a record', true);
  if (crc32(bytes.subarray(payload, payloadEnd)) !== bytes.readUInt32LE(at + 24)) {
    return bad('the checksum of a value is wrong', true);
  }
  if (!isZero(bytes, payloadEnd, end)) return bad('there is something behind the end of a value', true);
  return {
    kind: bytes.readUInt16LE(at + 22) as RecordKind,
    revision: bytes.readUIntLE(at + 16, 6),
    batchOffset: bytes.readUInt32LE(at + 12),
    key: bytes.toString('utf8', payload, valueAt),
    value: bytes.subarray(valueAt, payloadEnd),
    crc,
    end,
  };
}

const zeros = Buffer.alloc(65_536);

/** Whether `bytes` has only zeros from `start` to `end`. */
export function isZero(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += zeros.byteLength) {
    const part = Math.min(zeros.byteLength, end - at);
    if (bytes.compare(zeros, 0, part, at, at + part) !== 0) return false;
  }
  return true;
}

function bad(problem: string, headerIsIntact: boolean): BadRecord {
  return { problem, headerIsIntact };
}
