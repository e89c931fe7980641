import { createHash } from 'node:crypto';

/** An IPv4 range, as numbers. */
export interface Range {
  readonly first: number;
  readonly size: number;
  readonly prefix: number;
}

const cidr = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/;

/** Rejects with RangeError what is not "a.b.c.d/n"; bits behind the prefix are taken away. */
export function parseRange(text: string): Range {
  const match = cidr.exec(text);
  const octets = match?.slice(1, 5).map(Number) ?? [];
  const prefix = Number(match?.[5]);
  if (match === null || octets.some((each) => each > 255) || prefix > 32) {
    throw new RangeError(`Cannot read IPv4 range ${JSON.stringify(text)}: want a.b.c.d/n`);
  }
  const size = 2 ** (32 - prefix);
  const address = octets.reduce((sum, each) => sum * 256 + each, 0);
  return { first: address - (address % size), size, prefix };
}

export function addressText(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

/** Undefined when it is no IPv4 address. */
export function parseAddress(text: string): number | undefined {
  try {
    return parseRange(`${text}/32`).first;
  } catch {
    return undefined;
  }
}

export function contains(range: Range, text: string): boolean {
  const address = parseAddress(text);
  return address !== undefined && address >= range.first && address < range.first + range.size;
}

/** The first usable address of a node's range: the bridge's, and so the pods' gateway. */
export function gatewayOf(range: Range): string {
  return addressText(range.first + 1);
}

/** A locally administered address that follows from the IP, so that a neighbour's cache is right when an IP moves. */
export function macOf(kind: 'pod' | 'bridge' | 'vxlan', ip: string): string {
  const second = { pod: 0x58, bridge: 0xf1, vxlan: 0xf2 }[kind];
  const octets = ip.split('.').map(Number);
  return [0x0a, second, ...octets].map((each) => each.toString(16).padStart(2, '0')).join(':');
}

/** The host's end of a pod's veth: 13 letters, of the 15 that the kernel allows. */
export function linkNameOf(podUid: string): string {
  return `fl${createHash('sha256').update(podUid).digest('hex').slice(0, 11)}`;
}
