import { skipName } from './message.ts';

interface Entry {
  readonly message: Buffer;
  readonly storedMs: number;
  readonly expiresMs: number;
  readonly ttlOffsets: readonly number[];
}

const entriesMax = 2_000;
const ttlSecondsMax = 300;
const negativeSecondsMax = 30;
const headerBytes = 12;

/** Answers of others, for as long as they say, with what is left of that time in them. */
export class AnswerCache {
  readonly #entries = new Map<string, Entry>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get(key: string, id: number): Buffer | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const now = this.#nowMs();
    if (now >= entry.expiresMs) {
      this.#entries.delete(key);
      return undefined;
    }
    const message = Buffer.from(entry.message);
    message.writeUInt16BE(id, 0);
    const passed = Math.floor((now - entry.storedMs) / 1000);
    for (const offset of entry.ttlOffsets) {
      message.writeUInt32BE(Math.max(0, message.readUInt32BE(offset) - passed), offset);
    }
    return message;
  }

  /** Keeps answers and denials; not what is cut short, failed, or says that it must not be kept. */
  set(key: string, message: Buffer): void {
    const flags = message.readUInt16BE(2);
    const rcode = flags & 15;
    if ((flags & 0x0200) !== 0 || (rcode !== 0 && rcode !== 3)) return;
    const ttlOffsets = findTtls(message);
    if (ttlOffsets === undefined || ttlOffsets.length === 0) return;
    const isDenial = message.readUInt16BE(6) === 0;
    const seconds = Math.min(
      isDenial ? negativeSecondsMax : ttlSecondsMax,
      ...ttlOffsets.map((offset) => message.readUInt32BE(offset)),
    );
    if (seconds <= 0) return;
    if (this.#entries.size >= entriesMax) this.#dropOldest();
    const storedMs = this.#nowMs();
    this.#entries.delete(key);
    this.#entries.set(key, {
      message: Buffer.from(message),
      storedMs,
      expiresMs: storedMs + seconds * 1000,
      ttlOffsets,
    });
  }

  #dropOldest(): void {
    for (const key of this.#entries.keys()) {
      this.#entries.delete(key);
      return;
    }
  }
}

/** Where the TTLs stand; undefined when the message is broken. The OPT pseudo-record has none. */
export function findTtls(message: Buffer): number[] | undefined {
  const offsets: number[] = [];
  let at = headerBytes;
  for (let i = 0; i < message.readUInt16BE(4); i++) at = skipName(message, at) + 4;
  const records = message.readUInt16BE(6) + message.readUInt16BE(8) + message.readUInt16BE(10);
  for (let i = 0; i < records; i++) {
    at = skipName(message, at);
    if (at + 10 > message.length) return undefined;
    if (message.readUInt16BE(at) !== 41) offsets.push(at + 4);
    at += 10 + message.readUInt16BE(at + 8);
    if (at > message.length) return undefined;
  }
  return offsets;
}
