import { BlockList, isIP, isIPv6 } from 'node:net';
import { type FieldError, invalidValue } from '../../../openapi/machinery/status.ts';

const loopback = list([['127.0.0.0', 8]], [['::1', 128]]);
const linkLocal = list([['169.254.0.0', 16]], [['fe80::', 10]]);
const linkLocalMulticast = list([['224.0.0.0', 24]], [['ff02::', 16]]);
const unspecified = list([['0.0.0.0', 32]], [['::', 128]]);
const multicast = list([['224.0.0.0', 4]], [['ff00::', 8]]);

export function ipFaults(path: string, value: string): FieldError[] {
  return ipProblems(value).map((problem) => invalidValue(path, value, problem));
}

/** Leading zeros and addresses that embed IPv4 are refused with their own words, as new objects may not have them. */
function ipProblems(value: string): readonly string[] {
  if (isIP(value) !== 0) {
    return isIPv6(value) && /^::ffff:\d/i.test(value) ? ['must not be an IPv4-mapped IPv6 address'] : [];
  }
  const hasZeros = /^\d{1,3}(\.\d{1,3}){3}$/.test(value) && isIP(value.replace(/\b0+(?=\d)/g, '')) === 4;
  return [
    hasZeros ? 'must not have leading 0s' : 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
  ];
}

/** What keeps a text from being the one form of an address. */
export function canonicalIpProblems(value: string): readonly string[] {
  const problems = ipProblems(value);
  return problems.length > 0 ? problems : notCanonical(value, canonicalIp(value));
}

/** What keeps a text from being the one form of a network: its first address and the length of its prefix. */
export function canonicalCidrFaults(path: string, value: string): FieldError[] {
  const faults = cidrFaults(path, value);
  const parts = cidrParts(value);
  if (parts === undefined) return faults;
  const problems = binaryOf(parts.ip).slice(parts.bits).includes('1')
    ? ['must not have bits set beyond the prefix length']
    : notCanonical(value, `${canonicalIp(parts.ip)}/${parts.bits}`);
  return problems.map((problem) => invalidValue(path, value, problem));
}

function notCanonical(value: string, canonical: string): readonly string[] {
  return value === canonical ? [] : [`must be in canonical form (${JSON.stringify(canonical)})`];
}

/** RFC 5952, by the URL parser's serializer. */
export function canonicalIp(ip: string): string {
  return isIPv6(ip) ? new URL(`http://[${ip}]`).hostname.slice(1, -1) : ip;
}

/** An address as 32 or 128 binary digits. */
function binaryOf(ip: string): string {
  if (!isIPv6(ip)) return digits(ip.split('.').map(Number), 8);
  const [left = '', right = ''] = canonicalIp(ip).split('::');
  const [high, low] = [left, right].map((half) =>
    half.split(':').flatMap((group) => (group === '' ? [] : [Number.parseInt(group, 16)])),
  ) as [number[], number[]];
  return digits([...high, ...Array<number>(8 - high.length - low.length).fill(0), ...low], 16);
}

function digits(parts: readonly number[], width: number): string {
  return parts.map((part) => part.toString(2).padStart(width, '0')).join('');
}

/** Addresses that no endpoint may have: they mean something else on every machine. */
export function specialIpFaults(path: string, value: string): FieldError[] {
  const faults: FieldError[] = [];
  if (isIP(value) === 0) {
    return [invalidValue(path, value, 'must be a valid IP address')];
  }
  if (within(unspecified, value)) faults.push(invalidValue(path, value, `may not be unspecified (${value})`));
  if (within(loopback, value)) {
    faults.push(invalidValue(path, value, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'));
  }
  if (within(linkLocal, value)) {
    faults.push(invalidValue(path, value, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'));
  }
  if (within(linkLocalMulticast, value)) {
    faults.push(
      invalidValue(path, value, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'),
    );
  }
  return faults;
}

/** An address that a packet may be sent to from anywhere: what a proxy may dial. */
export function isGlobalUnicast(value: string): boolean {
  if (isIP(value) === 0 || value === '255.255.255.255') return false;
  return ![loopback, linkLocal, unspecified, multicast].some((each) => within(each, value));
}

/** Networks of new objects: written plainly, and nothing behind the prefix. */
export function cidrFaults(path: string, value: string): FieldError[] {
  const plain = value.replace(/(^|[./])0+(?=\d)/g, '$1');
  const parts = cidrParts(isIPv6(value.split('/', 1)[0] ?? '') ? value : plain);
  if (parts === undefined) {
    return [invalidValue(path, value, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)')];
  }
  const { ip, bits } = parts;
  if (`${ip}/${bits}` !== value) {
    return [invalidValue(path, value, 'must not have leading 0s in IP or prefix length')];
  }
  if (/^::ffff:\d+\./i.test(ip))
    return [invalidValue(path, value, 'must not have an IPv4-mapped IPv6 address')];
  return binaryOf(ip).slice(bits).includes('1')
    ? [invalidValue(path, value, 'must not have bits set beyond the prefix length')]
    : [];
}

/** The address with the bits behind the prefix cleared. */
export function networkOf(ip: string, bits: number): string {
  const binary = binaryOf(ip);
  const kept = binary.slice(0, bits).padEnd(binary.length, '0');
  const parts = (length: number): readonly number[] =>
    Array.from({ length: kept.length / length }, (_, i) =>
      Number.parseInt(kept.slice(i * length, (i + 1) * length), 2),
    );
  if (!isIPv6(ip)) return parts(8).join('.');
  return canonicalIp(
    parts(16)
      .map((word) => word.toString(16))
      .join(':'),
  );
}

export function cidrParts(value: string): { readonly ip: string; readonly bits: number } | undefined {
  const match = /^([0-9a-fA-F:.]+)\/(\d{1,3})$/.exec(value);
  const ip = match?.[1] ?? '';
  const bits = Number(match?.[2]);
  const family = isIP(ip);
  return family === 0 || bits > (family === 4 ? 32 : 128) ? undefined : { ip, bits };
}

export function cidrContains(cidr: string, ip: string): boolean {
  const parts = cidrParts(cidr);
  if (parts === undefined || isIP(ip) === 0) return false;
  const block = new BlockList();
  block.addSubnet(parts.ip, parts.bits, isIPv6(parts.ip) ? 'ipv6' : 'ipv4');
  return within(block, ip);
}

function within(block: BlockList, ip: string): boolean {
  return block.check(ip, isIPv6(ip) ? 'ipv6' : 'ipv4');
}

function list(
  v4: readonly (readonly [string, number])[],
  v6: readonly (readonly [string, number])[],
): BlockList {
  const block = new BlockList();
  for (const [ip, bits] of v4) block.addSubnet(ip, bits, 'ipv4');
  for (const [ip, bits] of v6) block.addSubnet(ip, bits, 'ipv6');
  return block;
}
