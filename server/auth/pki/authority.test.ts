import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { createAuthority, isStillGood, issueCertificate } from './authority.ts';

const now = Date.UTC(2026, 10, 21);
const day = 86_400_000;

describe('issueCertificate()', () => {
  it('signs a server certificate for names and addresses', async () => {
    const authority = await createAuthority('kubernetes', now);
    const names = ['localhost', 'kubernetes.default.svc', '127.0.0.1', '::1'];
    const pair = await issueCertificate(
      authority,
      { commonName: 'flotilla', names, usage: 'server', days: 90 },
      now,
    );
    const read = new X509Certificate(pair.certificate);
    expect(read.checkHost('localhost')).toBe('localhost');
    expect(read.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(read.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
    expect(isStillGood(pair.certificate, authority, names, now)).toBe(true);
    expect(isStillGood(pair.certificate, authority, [...names, '10.0.0.9'], now)).toBe(false);
  });

  it('writes groups as organizations, whatever characters they hold', async () => {
    const authority = await createAuthority('kubernetes', now);
    const pair = await issueCertificate(
      authority,
      { commonName: 'a,O=system:masters', organizations: ['system:nodes', 'b+c'], usage: 'client', days: 1 },
      now,
    );
    const { subject } = new X509Certificate(pair.certificate).toLegacyObject();
    expect(subject.CN).toBe('a,O=system:masters');
    expect(subject.O).toEqual(['system:nodes', 'b+c']);
  });
});

describe('isStillGood()', () => {
  const cases = [
    { name: 'holds on its first day', at: now + day, want: true },
    { name: 'ends when a third of the life is left', at: now + 61 * day, want: false },
    { name: 'is not good before it begins', at: now - day, want: false },
  ];
  for (const { name, at, want } of cases)
    it(name, async () => {
      const authority = await createAuthority('kubernetes', now);
      const pair = await issueCertificate(authority, { commonName: 'x', usage: 'client', days: 90 }, now);
      expect(isStillGood(pair.certificate, authority, [], at)).toBe(want);
    });

  it('refuses another authority', async () => {
    const [one, two] = await Promise.all([createAuthority('a', now), createAuthority('b', now)]);
    const pair = await issueCertificate(one, { commonName: 'x', usage: 'client', days: 90 }, now);
    expect(isStillGood(pair.certificate, two, [], now)).toBe(false);
  });
});
