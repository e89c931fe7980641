import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { SignJWT } from 'jose';
import { serviceAccountAuthenticator, type FindUid } from './service-account.ts';
import { tokenSigner } from './service-account-token.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const issuer = 'https://kubernetes.default.svc.cluster.local';
const start = Date.UTC(2026, 10, 21);

function fixture() {
  let nowMs = start;
  const clock = { now: () => nowMs, monotonic: () => nowMs, sleep: () => Promise.resolve() };
  const there = new Map([
    ['serviceaccounts robot', 'sa-1'],
    ['pods web', 'pod-1'],
  ]);
  const find: FindUid = (plural, { name }) => {
    const uid = there.get(`${plural} ${name}`);
    return Promise.resolve(uid === undefined ? undefined : { uid });
  };
  const signer = tokenSigner({ privateKey, issuer, apiAudiences: [issuer], clock, randomId: () => 'id-1' });
  const authenticator = serviceAccountAuthenticator(signer, find, clock.now);
  const request = {
    namespace: 'a',
    serviceAccount: { name: 'robot', uid: 'sa-1' },
    bound: { kind: 'Pod' as const, name: 'web', uid: 'pod-1' },
    audiences: [issuer],
    expirationSeconds: 3600,
  };
  return {
    signer,
    authenticator,
    request,
    there,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

describe('serviceAccountAuthenticator', () => {
  it('knows whose token it is', async () => {
    const { signer, authenticator, request } = fixture();
    const { token, expirationMs } = await signer.sign(request);
    expect(expirationMs).toBe(start + 3_600_000);
    expect(await authenticator.authenticate({ token })).toEqual({
      name: 'system:serviceaccount:a:robot',
      uid: 'sa-1',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:a'],
      extra: {
        'authentication.kubernetes.io/credential-id': ['JTI=id-1'],
        'authentication.kubernetes.io/pod-name': ['web'],
        'authentication.kubernetes.io/pod-uid': ['pod-1'],
      },
    });
  });

  it('leaves tokens of others to others', async () => {
    const { authenticator } = fixture();
    for (const token of ['', 'abc', 'a.b.c', 'x'.repeat(20_000)])
      expect(await authenticator.authenticate({ token })).toBeUndefined();
  });

  const refused = [
    {
      name: 'an expired one',
      change: (f: ReturnType<typeof fixture>) => {
        f.pass(3_601_000);
      },
    },
    {
      name: 'one whose account is gone',
      change: (f: ReturnType<typeof fixture>) => {
        f.there.delete('serviceaccounts robot');
      },
    },
    {
      name: 'one whose account was made anew',
      change: (f: ReturnType<typeof fixture>) => {
        f.there.set('serviceaccounts robot', 'sa-2');
      },
    },
    {
      name: 'one whose pod is gone',
      change: (f: ReturnType<typeof fixture>) => {
        f.there.delete('pods web');
      },
    },
  ];
  for (const { name, change } of refused)
    it(`refuses ${name}`, async () => {
      const all = fixture();
      const { token } = await all.signer.sign(all.request);
      change(all);
      await expect(all.authenticator.authenticate({ token })).rejects.toMatchObject({ code: 401 });
    });

  it('refuses another audience', async () => {
    const { signer, authenticator, request } = fixture();
    const { token } = await signer.sign({ ...request, audiences: ['vault'] });
    await expect(authenticator.authenticate({ token })).rejects.toMatchObject({ code: 401 });
  });

  it('refuses a token signed with the public key as a shared secret, or not at all', async () => {
    const { signer, authenticator, request } = fixture();
    const { token } = await signer.sign(request);
    const payload = token.split('.')[1] ?? '';
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
    const shared = await new SignJWT({ iss: issuer, aud: issuer })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode('a shared secret that is long enough for HS256'));
    for (const bad of [none, shared])
      await expect(authenticator.authenticate({ token: bad })).rejects.toMatchObject({ code: 401 });
  });
});
