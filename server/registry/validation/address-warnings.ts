import { isIP, isIPv6 } from 'node:net';
import { cidrParts } from './addresses.ts';

/** Addresses that are understood and yet not written as they should be. */
export function ipWarnings(path: string, value: string): readonly string[] {
  const plain = withoutLeadingZeros(value);
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(value)?.[1];
  if (plain !== value || mapped !== undefined) {
    return [
      `${path}: non-standard IP address ${JSON.stringify(value)} is invalid: use ${JSON.stringify(mapped ?? plain)}`,
    ];
  }
  if (!isIPv6(value)) return [];
  const canonical = canonicalIpv6(value);
  return canonical === value
    ? []
    : [
        `${path}: IPv6 address ${JSON.stringify(value)} should be in RFC 5952 canonical format (${JSON.stringify(canonical)})`,
      ];
}

/** Networks alike; those with bits behind their prefix too. */
export function cidrWarnings(path: string, value: string): readonly string[] {
  const slash = value.lastIndexOf('/');
  const ip = withoutLeadingZeros(value.slice(0, slash));
  const bits = Number(value.slice(slash + 1));
  const network = networkOf(ip, bits);
  if (cidrParts(`${ip}/${bits}`) === undefined) return [];
  const quoted = JSON.stringify(value);
  const warnings: string[] = [];
  const canonicalIp = isIPv6(ip) ? canonicalIpv6(ip) : ip;
  if (network !== canonicalIp) {
    const single = `${canonicalIp}/${isIPv6(ip) ? 128 : 32}`;
    warnings.push(
      `${path}: CIDR value ${quoted} is ambiguous in this context (should be "${network}/${bits}" or "${single}"?)`,
    );
  }
  if (`${ip}/${bits}` !== value) {
    warnings.push(`${path}: non-standard CIDR value ${quoted} is invalid: use "${network}/${bits}"`);
  }
  if (warnings.length === 0 && `${canonicalIp}/${bits}` !== value) {
    const canonical = `${canonicalIp}/${bits}`;
    warnings.push(
      `${path}: IPv6 CIDR value ${quoted} should be in RFC 5952 canonical format ("${canonical}")`,
    );
  }
  return warnings;
}

function withoutLeadingZeros(value: string): string {
  const plain = value.replace(/(^|\.)0+(?=\d)/g, '$1');
  return isIP(value) === 0 && isIP(plain) === 4 ? plain : value;
}

/** RFC 5952: small letters, no leading zeros, the longest run of zeros left out. */
export function canonicalIpv6(value: string): string {
  return new URL(`http://[${value}]`).hostname.slice(1, -1);
}

/** The address with the bits behind the prefix cleared. */
function networkOf(ip: string, bits: number): string {
  if (!isIPv6(ip)) {
    const number = ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
    const kept = bits === 0 ? 0 : Math.floor(number / 2 ** (32 - bits)) * 2 ** (32 - bits);
    return [24, 16, 8, 0].map((shift) => Math.floor(kept / 2 ** shift) % 256).join('.');
  }
  const words = ipv6Words(ip).map((word, i) => {
    const inside = Math.max(0, Math.min(16, bits - i * 16));
    return inside === 0 ? 0 : word & (0xffff << (16 - inside)) & 0xffff;
  });
  return canonicalIpv6(words.map((word) => word.toString(16)).join(':'));
}

function ipv6Words(ip: string): readonly number[] {
  const [head = '', tail] = canonicalIpv6(ip).split('::');
  const words = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16));
  const front = words(head);
  const back = tail === undefined ? [] : words(tail);
  return [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back];
}
