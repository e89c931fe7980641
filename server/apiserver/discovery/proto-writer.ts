/** Writes protobuf's wire form. Fields are written in the order of the calls. */
export class ProtoWriter {
  readonly #chunks: Buffer[] = [];

  /** proto3 leaves out zero values; so do these, but for `message`. */
  string(field: number, value: string): void {
    if (value !== '') this.#lengthDelimited(field, Buffer.from(value));
  }

  bool(field: number, value: boolean): void {
    if (value) this.#chunks.push(varint(field * 8), varint(1));
  }

  integer(field: number, value: number): void {
    if (value !== 0) this.#chunks.push(varint(field * 8), varint(value));
  }

  double(field: number, value: number): void {
    if (value === 0) return;
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    this.#chunks.push(varint(field * 8 + 1), bytes);
  }

  message(field: number, value: ProtoWriter): void {
    this.#lengthDelimited(field, value.bytes());
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  #lengthDelimited(field: number, value: Buffer): void {
    this.#chunks.push(varint(field * 8 + 2), varint(value.length), value);
  }
}

/** Non-negative integers only: what OpenAPI documents carry. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = Math.max(0, Math.trunc(value));
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}
