import { decode, type Packet } from 'dns-packet';
import type { Srv } from './service-records.ts';

export const Rcode = { NoError: 0, FormErr: 1, ServFail: 2, NxDomain: 3, NotImp: 4, Refused: 5 } as const;
export type Rcode = (typeof Rcode)[keyof typeof Rcode];

/** A query that can be answered: one question, class IN. */
export interface Query {
  readonly id: number;
  /** As asked, for the answer's question. */
  readonly name: string;
  readonly type: string;
  readonly recursionDesired: boolean;
  /** What fits into a UDP answer. */
  readonly sizeMax: number;
  readonly edns: boolean;
  /** Where the question ends in the message. */
  readonly questionEnd: number;
}

export type ResourceRecord =
  | { readonly type: 'A' | 'CNAME' | 'PTR' | 'NS' | 'TXT'; readonly name: string; readonly data: string }
  | { readonly type: 'SRV'; readonly name: string; readonly data: Srv }
  | {
      readonly type: 'SOA';
      readonly name: string;
      readonly data: { readonly mname: string; readonly rname: string; readonly serial: number };
    };

export interface Answer {
  readonly rcode: Rcode;
  readonly answers: readonly ResourceRecord[];
  readonly authorities: readonly ResourceRecord[];
  readonly additionals: readonly ResourceRecord[];
}

const headerBytes = 12;
const udpSizeMin = 512;
/** Only node-local clients ask: fragments never leave the host. */
const udpSizeMax = 4096;
/** Answers of the cluster's own names are new within seconds. */
const ttlSeconds = 5;
const typeCodes = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, TXT: 16, SRV: 33 } as const;
const optCode = 41;

/** Reads a query; a code when it cannot be answered, undefined when not even that can be said (no header, or itself an answer). */
export function parseQuery(message: Buffer): Query | Rcode | undefined {
  if (message.length < headerBytes || (message.readUInt16BE(2) & 0x8000) !== 0) return undefined;
  if ((message.readUInt16BE(2) & 0x7800) !== 0) return Rcode.NotImp;
  if (message.readUInt16BE(4) !== 1) return Rcode.FormErr;
  const questionEnd = skipName(message, headerBytes) + 4;
  if (questionEnd > message.length) return Rcode.FormErr;
  try {
    return toQuery(message, decode(message), questionEnd);
  } catch {
    return Rcode.FormErr;
  }
}

function toQuery(message: Buffer, packet: Packet, questionEnd: number): Query | Rcode {
  const question = packet.questions?.[0];
  if (question === undefined) return Rcode.FormErr;
  if (question.class !== 'IN') return Rcode.Refused;
  const opt = packet.additionals?.find((each) => each.type === 'OPT');
  const asked = opt?.type === 'OPT' ? opt.udpPayloadSize : udpSizeMin;
  return {
    id: message.readUInt16BE(0),
    name: question.name,
    type: question.type,
    recursionDesired: (message.readUInt16BE(2) & 0x0100) !== 0,
    sizeMax: Math.min(udpSizeMax, Math.max(udpSizeMin, asked)),
    edns: opt !== undefined,
    questionEnd,
  };
}

/** Where the name at `offset` ends; beyond the message when it is broken. */
export function skipName(message: Buffer, offset: number): number {
  let at = offset;
  while (at < message.length) {
    const length = message[at] ?? 0;
    if (length === 0) return at + 1;
    if ((length & 0xc0) === 0xc0) return at + 2;
    if (length > 63) break;
    at += length + 1;
  }
  return message.length + 1;
}

/** The question sent back with a code and no records; without the question where that could not be read. */
export function encodeFailure(message: Buffer, rcode: Rcode): Buffer {
  const end = skipName(message, headerBytes) + 4;
  const hasQuestion = message.length >= headerBytes && message.readUInt16BE(4) === 1 && end <= message.length;
  const reply = Buffer.from(message.subarray(0, hasQuestion ? end : headerBytes));
  reply.writeUInt16BE(0x8080 | (message.readUInt16BE(2) & 0x7900) | rcode, 2);
  reply.writeUInt16BE(hasQuestion ? 1 : 0, 4);
  reply.fill(0, 6, headerBytes);
  return reply;
}

/** The answer's bytes; with TC set and fewer records when they would not fit. */
export function encodeAnswer(message: Buffer, query: Query, answer: Answer, sizeMax: number): Buffer {
  let whole = encodeSections(message, query, answer, false);
  if (whole.length <= sizeMax) return whole;
  const bare = { ...answer, additionals: [] };
  whole = encodeSections(message, query, bare, false);
  if (whole.length <= sizeMax) return whole;
  let count = answer.answers.length;
  do {
    count = Math.floor(count / 2);
    whole = encodeSections(message, query, { ...bare, answers: answer.answers.slice(0, count) }, true);
  } while (whole.length > sizeMax && count > 0);
  return whole;
}

function encodeSections(message: Buffer, query: Query, answer: Answer, truncated: boolean): Buffer {
  const header = Buffer.alloc(headerBytes);
  const flags = 0x8480 | (query.recursionDesired ? 0x0100 : 0) | (truncated ? 0x0200 : 0) | answer.rcode;
  header.writeUInt16BE(query.id, 0);
  header.writeUInt16BE(flags, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answer.answers.length, 6);
  header.writeUInt16BE(answer.authorities.length, 8);
  header.writeUInt16BE(answer.additionals.length + (query.edns ? 1 : 0), 10);
  const writer = new Writer();
  writer.push(header);
  writer.push(message.subarray(headerBytes, query.questionEnd));
  writer.remember(query.name, headerBytes);
  for (const each of [...answer.answers, ...answer.authorities, ...answer.additionals]) writer.record(each);
  if (query.edns) writer.push(optRecord());
  return writer.whole();
}

/** Root name, type OPT, our UDP size as class, no flags, no options. */
function optRecord(): Buffer {
  const opt = Buffer.alloc(11);
  opt.writeUInt16BE(optCode, 1);
  opt.writeUInt16BE(udpSizeMax, 3);
  return opt;
}

/** Puts records together, each name that stood before as a pointer (RFC 1035 4.1.4): thirty addresses fit into 512 bytes. */
class Writer {
  readonly #parts: Buffer[] = [];
  readonly #names = new Map<string, number>();
  #length = 0;

  push(part: Buffer): void {
    this.#parts.push(part);
    this.#length += part.length;
  }

  whole(): Buffer {
    return Buffer.concat(this.#parts, this.#length);
  }

  /** Notes that `name` stands at `offset`, and with it every name that it ends in. */
  remember(name: string, offset: number): void {
    const labels = name.toLowerCase().split('.');
    let at = offset;
    for (let i = 0; i < labels.length && at < 0x4000; i++) {
      const rest = labels.slice(i).join('.');
      if (!this.#names.has(rest)) this.#names.set(rest, at);
      at += Buffer.byteLength(labels[i] ?? '') + 1;
    }
  }

  record(record: ResourceRecord): void {
    this.push(this.#name(record.name));
    const fixed = Buffer.alloc(10);
    fixed.writeUInt16BE(typeCodes[record.type], 0);
    fixed.writeUInt16BE(1, 2);
    fixed.writeUInt32BE(ttlSeconds, 4);
    this.push(fixed);
    const before = this.#length;
    this.#data(record);
    fixed.writeUInt16BE(this.#length - before, 8);
  }

  #data(record: ResourceRecord): void {
    switch (record.type) {
      case 'A':
        this.push(Buffer.from(record.data.split('.').map(Number)));
        break;
      case 'CNAME':
      case 'PTR':
      case 'NS':
        this.push(this.#name(record.data));
        break;
      case 'TXT':
        this.push(Buffer.from([Buffer.byteLength(record.data)]));
        this.push(Buffer.from(record.data));
        break;
      case 'SRV': {
        const fixed = Buffer.alloc(6);
        fixed.writeUInt16BE(100, 2);
        fixed.writeUInt16BE(record.data.port, 4);
        this.push(fixed);
        this.push(encodeName(record.data.target)); // RFC 2782: never compressed.
        break;
      }
      case 'SOA': {
        this.push(this.#name(record.data.mname));
        this.push(this.#name(record.data.rname));
        const numbers = Buffer.alloc(20);
        [record.data.serial, 7200, 1800, 86_400, ttlSeconds].forEach((each, i) =>
          numbers.writeUInt32BE(each, i * 4),
        );
        this.push(numbers);
        break;
      }
    }
  }

  #name(name: string): Buffer {
    const labels = name.toLowerCase().split('.');
    for (let i = 0; i < labels.length; i++) {
      const known = this.#names.get(labels.slice(i).join('.'));
      if (known === undefined) continue;
      const head = encodeName(labels.slice(0, i).join('.')).subarray(0, -1);
      if (i > 0) this.remember(name, this.#length);
      const pointer = Buffer.alloc(2);
      pointer.writeUInt16BE(0xc000 | known);
      return Buffer.concat([head, pointer]);
    }
    this.remember(name, this.#length);
    return encodeName(name);
  }
}

function encodeName(name: string): Buffer {
  const labels = name === '' ? [] : name.split('.');
  return Buffer.concat([
    ...labels.map((label) => Buffer.concat([Buffer.from([Buffer.byteLength(label)]), Buffer.from(label)])),
    Buffer.from([0]),
  ]);
}
