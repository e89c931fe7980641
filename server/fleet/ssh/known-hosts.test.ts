import { describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { fingerprintOf, keyTypeOf, linesAbout, parseKnownHosts } from './known-hosts.ts';

function wireKey(type: string, text: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return Buffer.concat([length, Buffer.from(type), Buffer.from(text)]);
}
const key = wireKey('ssh-ed25519', 'k').toString('base64');

function hashed(name: string): string {
  const salt = Buffer.from('0123456789abcdefghij');
  const hash = createHmac('sha1', salt).update(name).digest('base64');
  return `|1|${salt.toString('base64')}|${hash}`;
}

describe('linesAbout()', () => {
  const cases = [
    { name: 'finds a plain name', line: `nas ssh-ed25519 ${key}`, host: 'nas', port: 22, want: 1 },
    {
      name: 'finds one of several names',
      line: `a,10.0.0.1 ssh-ed25519 ${key} comment`,
      host: '10.0.0.1',
      port: 22,
      want: 1,
    },
    {
      name: 'does not mind the case of a name',
      line: `NAS ssh-ed25519 ${key}`,
      host: 'nas',
      port: 22,
      want: 1,
    },
    { name: 'keeps ports apart', line: `nas ssh-ed25519 ${key}`, host: 'nas', port: 2222, want: 0 },
    {
      name: 'finds a name with its port',
      line: `[nas]:2222 ssh-ed25519 ${key}`,
      host: 'nas',
      port: 2222,
      want: 1,
    },
    { name: 'finds an IPv6 address', line: `fd00::1 ssh-ed25519 ${key}`, host: 'fd00::1', port: 22, want: 1 },
    {
      name: 'finds a hashed name',
      line: `${hashed('nas')} ssh-ed25519 ${key}`,
      host: 'nas',
      port: 22,
      want: 1,
    },
    {
      name: 'finds a hashed name with its port',
      line: `${hashed('[nas]:99')} ssh-ed25519 ${key}`,
      host: 'nas',
      port: 99,
      want: 1,
    },
    {
      name: 'does not take another hashed name',
      line: `${hashed('nas')} ssh-ed25519 ${key}`,
      host: 'bas',
      port: 22,
      want: 0,
    },
    {
      name: 'reads wildcards',
      line: `*.example.com ssh-ed25519 ${key}`,
      host: 'a.b.example.com',
      port: 22,
      want: 1,
    },
    { name: 'reads one-letter wildcards', line: `web? ssh-ed25519 ${key}`, host: 'web12', port: 22, want: 0 },
    {
      name: 'reads negations',
      line: `*.example.com,!bad.example.com ssh-ed25519 ${key}`,
      host: 'bad.example.com',
      port: 22,
      want: 0,
    },
    { name: 'skips comments', line: `# nas ssh-ed25519 ${key}`, host: 'nas', port: 22, want: 0 },
    { name: 'skips lines without a key', line: 'nas ssh-ed25519', host: 'nas', port: 22, want: 0 },
    {
      name: 'skips markers that it does not know',
      line: `@odd nas ssh-ed25519 ${key}`,
      host: 'nas',
      port: 22,
      want: 0,
    },
    { name: 'keeps revoked lines', line: `@revoked nas ssh-ed25519 ${key}`, host: 'nas', port: 22, want: 1 },
  ];
  for (const { name, line, host, port, want } of cases)
    it(name, () => {
      expect(linesAbout(parseKnownHosts(`\n${line}\r\n`), host, port)).toHaveLength(want);
    });

  it('never throws, whatever the file holds', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, host) => {
        linesAbout(parseKnownHosts(text), host, 22);
      }),
    );
  });

  it('takes a pattern of stars in linear time', () => {
    const lines = parseKnownHosts(`${'*a'.repeat(200)} ssh-ed25519 ${key}`);
    expect(linesAbout(lines, 'b'.repeat(250), 22)).toEqual([]);
  });
});

describe('fingerprintOf()', () => {
  it('prints as ssh-keygen does', () => {
    const line = 'AAAAC3NzaC1lZDI1NTE5AAAAIJJtMNf0Yl3WCQxi1Bk7WLMnRhbRIz1dIcgCa2D1MJgP';
    expect(fingerprintOf(Buffer.from(line, 'base64'))).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
  });
  it('names the type that a key carries', () => {
    expect(keyTypeOf(wireKey('ssh-ed25519', 'x'))).toBe('ssh-ed25519');
    expect(keyTypeOf(Buffer.alloc(2))).toBe('');
  });
});
