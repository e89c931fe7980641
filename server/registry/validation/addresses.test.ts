import { describe, expect, it } from '@jest/globals';
import { cidrContains, cidrFaults, ipFaults, specialIpFaults } from './addresses.ts';

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
