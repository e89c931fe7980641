import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ServiceAllocator, nodePortRange } from './service-allocator.ts';

describe('ServiceAllocator', () => {
  it('gives every address of its range once, but network, broadcast and the first', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999 }), (seed) => {
        const allocator = new ServiceAllocator({ cidr: '10.0.0.0/28', random: () => seed / 1000 });
        const given = Array.from({ length: 14 }, () => allocator.nextIp());
        const ips = given.filter((ip) => ip !== undefined);
        expect(new Set(ips).size).toBe(ips.length);
        expect(ips.every((ip) => allocator.contains(ip))).toBe(true);
        expect(ips).not.toContain('10.0.0.0');
        expect(ips).not.toContain('10.0.0.15');
        expect(allocator.nextIp()).toBeUndefined();
      }),
    );
  });

  it('takes what is asked for once, until it is given back', () => {
    const allocator = new ServiceAllocator({ cidr: '10.0.0.0/24', random: () => 0 });
    expect(allocator.takeIp('10.0.0.9')).toBe(true);
    expect(allocator.takeIp('10.0.0.9')).toBe(false);
    allocator.release(['10.0.0.9'], []);
    expect(allocator.takeIp('10.0.0.9')).toBe(true);
    expect(allocator.contains('10.0.1.0')).toBe(false);
  });

  it('gives all node ports', () => {
    const allocator = new ServiceAllocator({ cidr: '10.0.0.0/24', random: () => 0.99 });
    const { low, high } = nodePortRange;
    const ports = new Set(Array.from({ length: high - low + 1 }, () => allocator.nextPort()));
    expect(ports.size).toBe(high - low + 1);
    expect(allocator.nextPort()).toBeUndefined();
  });

  it.each(['x', '10.0.0.0', '2001:db8::/64'])('refuses the range %p', (cidr) => {
    expect(() => new ServiceAllocator({ cidr, random: () => 0 })).toThrow(RangeError);
  });
});
