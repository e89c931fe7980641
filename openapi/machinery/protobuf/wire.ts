import { ParseError } from '../parse-error.ts';

/** One field of a message as it stands on the wire: its number, and its bytes or its number value. */
export interface WireField {
  readonly number: number;
  readonly bytes: Uint8Array | undefined;
  readonly value: bigint | undefined;
}

/** The fields of one message, in the order of the bytes. Throws ParseError. */
export function readFields(bytes: Uint8Array): WireField[] {
  const fields: WireField[] = [];
  const reader = new WireReader(bytes);
  while (!reader.done) fields.push(reader.field());
  return fields;
}

/** The varints of a packed list. */
export function readPacked(bytes: Uint8Array): bigint[] {
  const values: bigint[] = [];
  const reader = new WireReader(bytes);
  while (!reader.done) values.push(reader.varint());
  return values;
}

class WireReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  field(): WireField {
    const tag = this.varint();
    const number = Number(tag >> 3n);
    if (number === 0 || number > 0x1fffffff) throw new ParseError(`proto: illegal tag ${number}`);
    switch (Number(tag & 7n)) {
      case 0:
        return { number, bytes: undefined, value: this.varint() };
      case 1:
        return { number, bytes: undefined, value: this.#fixed(8) };
      case 2:
        return { number, bytes: this.#take(Number(this.varint())), value: undefined };
      case 5:
        return { number, bytes: undefined, value: this.#fixed(4) };
      default:
        throw new ParseError('proto: illegal wireType');
    }
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw new ParseError('unexpected EOF');
      this.#at++;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value & 0xffffffffffffffffn;
    }
    throw new ParseError('proto: integer overflow');
  }

  #fixed(length: number): bigint {
    const bytes = this.#take(length);
    return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new ParseError('unexpected EOF');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}
