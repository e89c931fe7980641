import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addressOf, addressText, parseAddress } from './address.ts';

describe('addressOf()', () => {
  const good = [
    { host: 'nas' },
    { host: '192.168.1.10', port: 2222, user: 'admin' },
    { host: 'fd00::1' },
    { host: 'a_b.example-1.com', user: 'j.doe' },
  ];
  for (const parts of good)
    it(`takes ${JSON.stringify(parts)}`, () => {
      expect(addressOf(parts)).toEqual({ port: 22, user: 'root', ...parts });
    });

  const bad = [
    ...[
      '',
      '-oProxyCommand=x',
      'a b',
      'a;b',
      'a$(b)',
      'a`b`',
      'a\nb',
      "a'b",
      'a/b',
      'ä',
      'a@b',
      '[::1]',
      '::1%eth0;x',
    ].map((host) => ({ host, field: 'host' })),
    ...['', '-l', 'a b', 'a;b', 'root\n', 'ä', 'a'.repeat(65)].map((user) => ({
      host: 'nas',
      user,
      field: 'user',
    })),
    ...[0, -1, 65_536, 1.5, Number.NaN].map((port) => ({ host: 'nas', port, field: 'port' })),
  ];
  for (const { field, ...parts } of bad)
    it(`refuses ${JSON.stringify(parts)} with the field`, () => {
      expect(() => addressOf(parts)).toThrow(`spec.ssh.${field}: Cannot use`);
    });
});

describe('parseAddress()', () => {
  const cases = [
    { text: 'bastion', want: 'root@bastion' },
    { text: 'me@bastion', want: 'me@bastion' },
    { text: 'me@bastion:2200', want: 'me@bastion:2200' },
    { text: '[fd00::1]:2200', want: 'root@[fd00::1]:2200' },
  ];
  for (const { text, want } of cases)
    it(`reads ${text}`, () => {
      expect(addressText(parseAddress(text))).toBe(want);
    });
  for (const text of ['', 'a@b@c', 'a:b', 'a:99999', '@a', 'a:', 'fd00::1', '-a'])
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => parseAddress(text)).toThrow('spec.ssh.');
    });
  it('lets nothing through that a shell could read', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          const { host, user } = parseAddress(text);
          expect(`${host}${user}`).toMatch(/^[A-Za-z0-9._:%-]*$/);
        } catch (error) {
          expect((error as Error).message).toContain('spec.ssh.');
        }
      }),
    );
  });
});
