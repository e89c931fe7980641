import { describe, expect, it } from '@jest/globals';
import { addressOf } from './address.ts';
import { judgeHostKey, preferredTypes, type HostTrust } from './host-key.ts';
import { fingerprintOf, parseKnownHosts } from './known-hosts.ts';

function wireKey(type: string, text: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return Buffer.concat([length, Buffer.from(type), Buffer.from(text)]);
}
const right = wireKey('ssh-ed25519', 'right');
const wrong = wireKey('ssh-ed25519', 'wrong');
const address = addressOf({ host: 'nas' });

function trust(pin: string | undefined, ...lines: string[]): HostTrust {
  return {
    pin,
    knownHosts: parseKnownHosts(lines.join('\n')),
    acceptCommand: 'flotilla host add nas --host-key',
  };
}
function line(key: Buffer, marker = ''): string {
  return `${marker}nas ssh-ed25519 ${key.toString('base64')}`;
}

describe('judgeHostKey()', () => {
  const cases = [
    { name: 'accepts the pinned key', trust: trust(fingerprintOf(right)), key: right, reason: undefined },
    { name: 'accepts a key on file', trust: trust(undefined, line(right)), key: right, reason: undefined },
    {
      name: 'refuses a key that was never accepted',
      trust: trust(undefined),
      key: right,
      reason: 'UnknownHostKey',
    },
    {
      name: 'refuses another key than the pinned one',
      trust: trust(fingerprintOf(right)),
      key: wrong,
      reason: 'HostKeyChanged',
    },
    {
      name: 'refuses another key than the one on file',
      trust: trust(undefined, line(right)),
      key: wrong,
      reason: 'HostKeyChanged',
    },
    {
      name: 'refuses a revoked key',
      trust: trust(undefined, line(right), line(right, '@revoked ')),
      key: right,
      reason: 'HostKeyRevoked',
    },
    {
      name: 'refuses a revoked key even when it is pinned',
      trust: trust(fingerprintOf(right), line(right, '@revoked ')),
      key: right,
      reason: 'HostKeyRevoked',
    },
    {
      name: 'lets the pin win over the file',
      trust: trust(fingerprintOf(right), line(right)),
      key: wrong,
      reason: 'HostKeyChanged',
    },
    {
      name: 'does not take a certificate authority for a key',
      trust: trust(undefined, line(right, '@cert-authority ')),
      key: right,
      reason: 'UnknownHostKey',
    },
    {
      name: 'refuses a pin that is none',
      trust: trust('SHA256:short'),
      key: right,
      reason: 'InvalidAddress',
    },
    {
      name: 'takes an empty pin for a wrong one, never for none',
      trust: trust(''),
      key: right,
      reason: 'InvalidAddress',
    },
  ];
  for (const { name, trust: given, key, reason } of cases)
    it(name, () => {
      if (reason === undefined) expect(judgeHostKey(given, address, key)).toBe(fingerprintOf(key));
      else expect(() => judgeHostKey(given, address, key)).toThrow(expect.objectContaining({ reason }));
    });

  it('says how to accept an unknown key', () => {
    const command = `flotilla host add nas --host-key ${fingerprintOf(right)}`;
    expect(() => judgeHostKey(trust(undefined), address, right)).toThrow(command);
  });
});

describe('preferredTypes()', () => {
  it('asks first for the type that is on file', () => {
    const types = preferredTypes(
      trust(undefined, `nas ssh-rsa ${wireKey('ssh-rsa', 'x').toString('base64')}`),
      address,
    );
    expect(types.slice(0, 3)).toEqual(['rsa-sha2-512', 'rsa-sha2-256', 'ssh-ed25519']);
  });
});
