import { describe, expect, it } from '@jest/globals';
import type { Pod, Secret } from '../../openapi/generated/types.ts';
import { BackOff, durationText } from './back-off.ts';
import { parseImage } from './image-reference.ts';
import { findPullAuth } from './pull-secrets.ts';

describe('parseImage()', () => {
  const good: [string, string, string, string][] = [
    ['busybox', 'docker.io', 'busybox', 'busybox:latest'],
    ['busybox:1.36', 'docker.io', 'busybox', 'busybox:1.36'],
    ['library/busybox', 'docker.io', 'library/busybox', 'library/busybox:latest'],
    ['localhost/app', 'localhost', 'app', 'localhost/app:latest'],
    ['r.example:5000/a/b:v1', 'r.example:5000', 'a/b', 'r.example:5000/a/b:v1'],
    ['a@sha256:' + 'f'.repeat(64), 'docker.io', 'a', 'a@sha256:' + 'f'.repeat(64)],
  ];
  for (const [image, registry, repository, full] of good) {
    it(`reads ${image}`, () => {
      expect(parseImage(image)).toEqual({ registry, repository, full });
    });
  }
  const bad = [
    '',
    'A',
    'a//b',
    '--privileged',
    '-v',
    'a:b:c',
    'a b',
    'a\nb',
    'a/../b',
    'a'.repeat(2000),
    'a@sha256:xyz',
    'https://a/b',
  ];
  for (const image of bad) {
    it(`refuses ${JSON.stringify(image.slice(0, 20))}`, () => {
      expect(parseImage(image)).toBeUndefined();
    });
  }
});

function dockerConfig(auths: object): Secret {
  const json = Buffer.from(JSON.stringify({ auths })).toString('base64');
  return { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': json } };
}

describe('findPullAuth()', () => {
  const auth = Buffer.from('me:se:cret').toString('base64');
  const pod: Pod = {
    metadata: { namespace: 'd' },
    spec: { containers: [], imagePullSecrets: [{ name: 'broken' }, { name: 'no' }, { name: 's' }] },
  };
  const cases = [
    { name: 'the registry', auths: { 'r.example:5000': { auth } }, image: 'r.example:5000/a', want: 'me' },
    {
      name: 'the default registry by its old name',
      auths: { 'https://index.docker.io/v1/': { auth } },
      image: 'a',
      want: 'me',
    },
    { name: 'a path of the registry', auths: { 'r.io/team': { auth } }, image: 'r.io/team/a', want: 'me' },
    { name: 'no other path', auths: { 'r.io/team': { auth } }, image: 'r.io/teamster/a', want: undefined },
    { name: 'no other registry', auths: { 'r.io': { auth } }, image: 'evil-r.io/a', want: undefined },
    {
      name: 'the longest that fits',
      auths: { 'r.io': { auth }, 'r.io/team': { username: 'you', password: 'x' } },
      image: 'r.io/team/a',
      want: 'you',
    },
  ];
  for (const { name, auths, image, want } of cases) {
    it(`uses credentials of ${name}`, async () => {
      const secrets: Record<string, Secret> = {
        s: dockerConfig(auths),
        broken: { data: { '.dockerconfigjson': '%%%' } },
      };
      const sources = {
        secret: (_namespace: string, at: string) => Promise.resolve(secrets[at]),
        configMap: () => Promise.resolve(undefined),
        token: () => Promise.resolve(''),
      };
      const reference = parseImage(image);
      if (reference === undefined) throw new Error('bad case');
      expect((await findPullAuth(pod, reference, sources))?.username).toBe(want);
    });
  }
});

describe('BackOff', () => {
  it('doubles from 10 s to 300 s, and begins anew after a good while', () => {
    const backOff = new BackOff();
    const delays: number[] = [];
    let now = 0;
    for (let failure = 0; failure < 8; failure++) {
      backOff.next('a', now, now);
      delays.push(backOff.delayMs('a') / 1000);
      now += backOff.delayMs('a');
    }
    expect(delays).toEqual([10, 20, 40, 80, 160, 300, 300, 300]);
    expect(backOff.waitMs('a', now, now)).toBe(300_000);
    const later = now + 601_000;
    expect(backOff.waitMs('a', later, later)).toBe(0);
    backOff.next('a', later, later);
    expect(backOff.delayMs('a')).toBe(10_000);
  });
  it('counts from the failure, not from when it is asked', () => {
    const backOff = new BackOff();
    backOff.next('a', 0, 0);
    expect(backOff.waitMs('a', 1_000, 4_000)).toBe(7_000);
    expect(backOff.waitMs('b', 1_000, 4_000)).toBe(0);
  });
  it('is taken up by another agent where the last one left it', () => {
    const backOff = new BackOff();
    backOff.seed('a', 3, 0);
    backOff.seed('a', 1, 0);
    backOff.seed('b', 0, 0);
    expect([backOff.delayMs('a'), backOff.delayMs('b')]).toEqual([40_000, 0]);
    backOff.forget('a');
    expect(backOff.delayMs('a')).toBe(0);
  });
  const texts: [number, string][] = [
    [10_000, '10s'],
    [160_000, '2m40s'],
    [300_000, '5m0s'],
    [3_600_000, '1h0m0s'],
  ];
  for (const [ms, want] of texts) {
    it(`writes ${ms} ms as Go does`, () => {
      expect(durationText(ms)).toBe(want);
    });
  }
});
