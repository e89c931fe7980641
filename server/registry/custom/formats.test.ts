import { describe, expect, it } from '@jest/globals';
import { hasFormat, isKnownFormat } from './formats.ts';

describe('hasFormat()', () => {
  const cases: [string, string[], string[]][] = [
    ['date', ['2024-02-29'], ['2023-02-29', 'today', '2024-1-1']],
    [
      'date-time',
      ['2024-01-01T00:00:00Z', '2024-01-01T00:00:00.5+01:00'],
      ['2024-01-01', '2024-01-01T25:00:00Z'],
    ],
    ['byte', ['', 'YWI='], ['***', 'YWI']],
    ['uuid', ['01234567-89ab-cdef-0123-456789abcdef'], ['123']],
    ['uuid4', ['01234567-89ab-4def-8123-456789abcdef'], ['01234567-89ab-1def-8123-456789abcdef']],
    ['ipv4', ['10.0.0.1'], ['1.2.3', '::1']],
    ['ipv6', ['::1'], ['10.0.0.1', 'g::1']],
    ['cidr', ['10.0.0.0/8', 'fd00::/8'], ['10.0.0.0/40', '10.0.0.0']],
    ['email', ['a@b.c', 'A <a@b.c>'], ['nobody', 'a@', 'a..b@c']],
    ['uri', ['https://a.b/c', '/path'], ['nothing here', 'plain']],
    ['hostname', ['a.bc', 'x'], ['-x-', '', 'a_b', '1.2.3.4']],
    ['mac', ['00:11:22:aa:bb:cc'], ['00:11:22']],
    ['duration', ['1h30m', '3 days', '0'], ['long', '5']],
    ['hexcolor', ['#fff', 'a1b2c3'], ['#ff']],
    ['rgbcolor', ['rgb(1, 2, 255)'], ['rgb(1,2,256)']],
    ['isbn', ['0321751043', '978-0321751041'], ['123']],
    ['k8s-short-name', ['abc'], ['Abc', 'a.b']],
  ];
  for (const [format, good, bad] of cases) {
    it(format, () => {
      for (const text of good) expect([text, hasFormat(format, text)]).toEqual([text, true]);
      for (const text of bad) expect([text, hasFormat(format, text)]).toEqual([text, false]);
    });
  }

  it('spends no time on what is far too long', () => {
    expect(hasFormat('duration', '1'.repeat(3_000_000))).toBe(false);
    expect(hasFormat('byte', 'AAAA'.repeat(100_000))).toBe(true);
  });

  it('knows some formats only', () => {
    expect(['date-time', 'datetime', 'mine'].map(isKnownFormat)).toEqual([true, true, false]);
  });
});
