export interface Ipv4Block {
  /** The first address, as a number. */
  readonly base: number;
  readonly bits: number;
}

/** Parses "10.244.0.0/16". Throws a RangeError on anything else. */
export function parseIpv4Block(text: string): Ipv4Block {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  const parts = match?.slice(1).map(Number) ?? [];
  const [a = 256, b = 256, c = 256, d = 256, bits = 33] = parts;
  if (Math.max(a, b, c, d) > 255 || bits > 32) throw new RangeError(`Cannot read the IPv4 range "${text}"`);
  const address = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
  return { base: (address & mask) >>> 0, bits };
}

/** How many blocks of `bits` a block holds. */
export function blockCount(block: Ipv4Block, bits: number): number {
  return bits < block.bits ? 0 : 2 ** (bits - block.bits);
}

export function blockAt(block: Ipv4Block, bits: number, index: number): string {
  const base = block.base + index * 2 ** (32 - bits);
  return `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join('.')}/${bits}`;
}

/** Which blocks of `bits` within `block` the text's range takes: [first, last], or undefined when it lies outside. */
export function blocksTaken(
  block: Ipv4Block,
  bits: number,
  text: string,
): readonly [number, number] | undefined {
  const taken = parseIpv4Block(text);
  const size = 2 ** (32 - bits);
  const first = Math.floor((taken.base - block.base) / size);
  const last = Math.floor((taken.base + 2 ** (32 - taken.bits) - 1 - block.base) / size);
  const count = blockCount(block, bits);
  return last < 0 || first >= count ? undefined : [Math.max(0, first), Math.min(count - 1, last)];
}
