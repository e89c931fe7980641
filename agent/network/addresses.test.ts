import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  addressText,
  contains,
  gatewayOf,
  linkNameOf,
  macOf,
  parseAddress,
  parseRange,
} from './addresses.ts';

describe('parseRange()', () => {
  const cases = [
    { text: '10.244.1.0/24', want: { first: 0x0af40100, size: 256, prefix: 24 } },
    { text: '10.244.1.77/24', want: { first: 0x0af40100, size: 256, prefix: 24 } },
    { text: '255.255.255.255/32', want: { first: 0xffffffff, size: 1, prefix: 32 } },
    { text: '0.0.0.0/0', want: { first: 0, size: 2 ** 32, prefix: 0 } },
  ];
  for (const { text, want } of cases) {
    it(`reads ${text}`, () => {
      expect(parseRange(text)).toEqual(want);
    });
  }
  for (const text of ['', '10.0.0.0', '10.0.0/8', '256.0.0.0/8', '10.0.0.0/33', 'fd00::/8', '10.0.0.0/8 ']) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => parseRange(text)).toThrow('Cannot read IPv4 range');
    });
  }
});

describe('addresses', () => {
  it('have one text each', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (address) => {
        expect(parseAddress(addressText(address))).toBe(address);
      }),
    );
  });

  it('know where they belong', () => {
    const range = parseRange('10.244.1.0/24');
    expect(gatewayOf(range)).toBe('10.244.1.1');
    expect(contains(range, '10.244.1.255')).toBe(true);
    expect(contains(range, '10.244.2.0')).toBe(false);
    expect(contains(range, 'fd00::1')).toBe(false);
  });

  it('give local, single-cast MACs that differ by kind', () => {
    expect(macOf('pod', '10.244.1.2')).toBe('0a:58:0a:f4:01:02');
    expect(macOf('vxlan', '10.244.1.2')).not.toBe(macOf('bridge', '10.244.1.2'));
  });

  it('name links within the 15 letters that the kernel allows', () => {
    fc.assert(
      fc.property(fc.string(), (uid) => {
        expect(linkNameOf(uid)).toMatch(/^fl[0-9a-f]{11}$/);
      }),
    );
  });
});
