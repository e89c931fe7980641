import { describe, expect, it } from '@jest/globals';
import { cidrWarnings, ipWarnings } from './address-warnings.ts';
import { cidrFaults } from './addresses.ts';

describe('ipWarnings()', () => {
  const cases = [
    { name: 'a plain address', ip: '192.0.2.9', want: [] },
    {
      name: 'leading zeros',
      ip: '192.0.02.9',
      want: ['at: non-standard IP address "192.0.02.9" is invalid: use "192.0.2.9"'],
    },
    {
      name: 'IPv4 in IPv6',
      ip: '::ffff:192.0.2.9',
      want: ['at: non-standard IP address "::ffff:192.0.2.9" is invalid: use "192.0.2.9"'],
    },
    {
      name: 'capitals',
      ip: '2001:DB8::1',
      want: ['at: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")'],
    },
  ];
  for (const { name, ip, want } of cases) {
    it(`looks at ${name}`, () => {
      expect(ipWarnings('at', ip)).toEqual(want);
    });
  }
});

describe('cidrWarnings()', () => {
  it('tells of bits behind the prefix', () => {
    expect(cidrWarnings('at', '192.0.2.7/24')).toEqual([
      'at: CIDR value "192.0.2.7/24" is ambiguous in this context (should be "192.0.2.0/24" or "192.0.2.7/32"?)',
    ]);
  });

  it('says nothing of what is no network', () => {
    expect(cidrWarnings('at', 'x/24')).toEqual([]);
  });
});

describe('cidrFaults()', () => {
  const cases = [
    { value: '192.0.2.0/24', want: [] },
    { value: '2001:db8::/64', want: [] },
    { value: '192.0.2.7/24', want: ['must not have bits set beyond the prefix length'] },
    { value: '192.0.02.0/24', want: ['must not have leading 0s in IP or prefix length'] },
    { value: '192.0.2.0/33', want: ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'] },
  ];
  for (const { value, want } of cases) {
    it(`looks at ${value}`, () => {
      const texts = cidrFaults('at', value).map(({ message }) => message.replace(/^.*?": /, ''));
      expect(texts).toEqual(want);
    });
  }
});
