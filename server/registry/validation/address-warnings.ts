import { isIP, isIPv6 } from 'node:net';
import { canonicalIp, cidrParts, networkOf } from './addresses.ts';

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
  const canonical = canonicalIp(value);
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
  if (cidrParts(`${ip}/${bits}`) === undefined) return [];
  const network = networkOf(ip, bits);
  const quoted = JSON.stringify(value);
  const warnings: string[] = [];
  const address = canonicalIp(ip);
  if (network !== address) {
    const single = `${address}/${isIPv6(ip) ? 128 : 32}`;
    warnings.push(
      `${path}: CIDR value ${quoted} is ambiguous in this context (should be "${network}/${bits}" or "${single}"?)`,
    );
  }
  if (`${ip}/${bits}` !== value) {
    warnings.push(`${path}: non-standard CIDR value ${quoted} is invalid: use "${network}/${bits}"`);
  }
  if (warnings.length === 0 && `${address}/${bits}` !== value) {
    const canonical = `${address}/${bits}`;
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
