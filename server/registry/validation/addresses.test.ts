import { describe, expect, it } from '@jest/globals';
import {
  canonicalCidrFaults,
  canonicalIpProblems,
  cidrContains,
  cidrFaults,
  ipFaults,
  specialIpFaults,
} from './addresses.ts';

describe('addresses', () => {
  it.each([
    {
      check: ipFaults,
      good: ['192.0.2.1', '2001:db8::1', '::'],
      bad: ['', '192.0.2', '1.2.3.256', 'x', '::g'],
    },
    { check: cidrFaults, good: ['192.0.2.0/24', '::/0'], bad: ['192.0.2.0', '192.0.2.0/33', 'x/8', '/8'] },
    {
      check: specialIpFaults,
      good: ['192.0.2.1'],
      bad: ['0.0.0.0', '127.0.0.1', '169.254.0.1', '224.0.0.1', '::1', 'fe80::1'],
    },
  ])('$check.name', ({ check, good, bad }) => {
    expect(good.filter((value) => check('f', value).length > 0)).toEqual([]);
    expect(bad.filter((value) => check('f', value).length === 0)).toEqual([]);
  });

  it.each([
    ['10.9.8.7', []],
    ['2001:db8::1', []],
    ['fe80::0:1', ['must be in canonical form ("fe80::1")']],
    ['FE80::1', ['must be in canonical form ("fe80::1")']],
    ['10.0.0.01', ['must not have leading 0s']],
    ['::ffff:10.0.0.1', ['must not be an IPv4-mapped IPv6 address']],
  ])('the one form of the address %s', (ip, problems) => {
    expect(canonicalIpProblems(ip)).toEqual(problems);
  });

  it.each([
    ['10.0.0.0/24', ''],
    ['fd00::/96', ''],
    ['fd00:0:0:1::/64', ''],
    ['10.0.0.1/24', 'must not have bits set beyond the prefix length'],
    ['fd00::1:0/96', 'must not have bits set beyond the prefix length'],
    ['fd00::0:0/96', 'must be in canonical form ("fd00::/96")'],
    ['fd00::/129', 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
  ])('the one form of the network %s', (cidr, problem) => {
    const messages = canonicalCidrFaults('f', cidr).map(({ message }) => message);
    expect(messages).toEqual(problem === '' ? [] : [`Invalid value: ${JSON.stringify(cidr)}: ${problem}`]);
  });

  it.each([
    ['10.96.0.0/16', '10.96.255.255', true],
    ['10.96.0.0/16', '10.97.0.0', false],
    ['0.0.0.0/0', '203.0.113.1', true],
    ['2001:db8::/32', '2001:db8:1::', true],
    ['2001:db8::/32', '2001:db9::', false],
    ['10.96.0.0/16', '::1', false],
  ])('%s contains %s: %p', (cidr, ip, contains) => {
    expect(cidrContains(cidr, ip)).toBe(contains);
  });
});
