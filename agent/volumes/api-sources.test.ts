import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '../../openapi/client/client.ts';
import { createFakeApi, type FakeApi } from '../../openapi/client/fake.ts';
import { configMaps, secrets } from '../../openapi/generated/resources.ts';
import type { Pod } from '../../openapi/generated/types.ts';
import { forbidden } from '../../openapi/machinery/status.ts';
import { FakeClock } from '../../test/fakes/clock.ts';
import { realHost } from '../host/real-host.ts';
import { ApiSources, objectKey } from './api-sources.ts';

const pod: Pod = {
  metadata: { name: 'web', namespace: 'shop', uid: 'u1' },
  spec: { serviceAccountName: 'sa', containers: [] },
};

let folder = '';
let clock: FakeClock;
let api: FakeApi;
let asked: object[];
let reachable: boolean;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-sources-'));
  clock = new FakeClock();
  api = createFakeApi({ clock });
  asked = [];
  reachable = true;
  await api.client.create(configMaps, { metadata: { name: 'cm', namespace: 'shop' }, data: { a: '1' } });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Another one on the same folder is the agent after a restart. */
function create(): ApiSources {
  const client: Client = {
    ...api.client,
    get: (resource, key) =>
      reachable ? api.client.get(resource, key) : Promise.reject(new Error('connect ENOENT /run/x.sock')),
    createSubresource: <Out>(
      _resource: unknown,
      key: { name: string },
      subresource: string,
      body: object,
    ) => {
      if (!reachable) return Promise.reject(new Error('connect ENOENT /run/x.sock'));
      asked.push({ account: key.name, subresource, body });
      const expirationTimestamp = new Date(clock.now() + 600_000).toISOString();
      return Promise.resolve({ status: { token: `token-${asked.length}`, expirationTimestamp } } as Out);
    },
  };
  return new ApiSources({ client, host: realHost, clock, random: () => 0, folder });
}

describe('ApiSources', () => {
  it('asks again only after half a minute', async () => {
    const sources = create();
    await sources.configMap('shop', 'cm');
    const current = await api.client.get(configMaps, { namespace: 'shop', name: 'cm' });
    await api.client.update(configMaps, { ...current, data: { a: '2' } });
    expect((await sources.configMap('shop', 'cm'))?.data).toEqual({ a: '1' });
    await clock.advance(31_000);
    expect((await sources.configMap('shop', 'cm'))?.data).toEqual({ a: '2' });
  });
  it('yields undefined for what is not there, and asks at once when it is asked again', async () => {
    const sources = create();
    expect(await sources.secret('shop', 'late')).toBeUndefined();
    await api.client.create(secrets, { metadata: { name: 'late', namespace: 'shop' } });
    expect((await sources.secret('shop', 'late'))?.metadata?.name).toBe('late');
  });
  it('tells a refusal to the user', async () => {
    api.fail('get', configMaps, forbidden(configMaps, 'cm', 'no relationship'), 1);
    await expect(create().configMap('shop', 'cm')).rejects.toThrow('no relationship');
  });
  it('knows after a restart, with the server away, what it knew', async () => {
    const first = create();
    await first.configMap('shop', 'cm');
    const token = await first.token(pod, { audience: '', expirationSeconds: 600 });
    reachable = false;
    const second = create();
    expect((await second.configMap('shop', 'cm'))?.data).toEqual({ a: '1' });
    expect(await second.token(pod, { audience: '', expirationSeconds: 600 })).toBe(token);
    await expect(second.configMap('shop', 'other')).rejects.toThrow('ENOENT');
  });
  it('keeps all of it where only root reads it', async () => {
    const sources = create();
    await sources.configMap('shop', 'cm');
    await sources.token(pod, { audience: '', expirationSeconds: 600 });
    const files = await readdir(folder);
    expect(files.length).toBe(2);
    for (const name of files) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
  });
  it('asks for a token that is bound to the pod, and for a new one after four fifths of its life', async () => {
    const sources = create();
    const spec = { audience: 'me', expirationSeconds: 600 };
    expect(await sources.token(pod, spec)).toBe('token-1');
    await clock.advance(470_000);
    expect(await sources.token(pod, spec)).toBe('token-1');
    await clock.advance(20_000);
    expect(await sources.token(pod, spec)).toBe('token-2');
    expect(asked[0]).toMatchObject({
      ...{ account: 'sa', subresource: 'token' },
      body: {
        spec: {
          audiences: ['me'],
          expirationSeconds: 600,
          boundObjectRef: { kind: 'Pod', name: 'web', uid: 'u1' },
        },
      },
    });
  });
  it('keeps an old token while no new one is to be had', async () => {
    const sources = create();
    const spec = { audience: '', expirationSeconds: 600 };
    await sources.token(pod, spec);
    reachable = false;
    await clock.advance(550_000);
    expect(await sources.token(pod, spec)).toBe('token-1');
  });
  it('forgets what only pods that are gone referred to', async () => {
    const sources = create();
    await sources.configMap('shop', 'cm');
    await sources.token(pod, { audience: '', expirationSeconds: 600 });
    await sources.retainOnly(new Set(['u1']), new Set([objectKey('configmaps', 'shop', 'cm')]));
    expect((await readdir(folder)).length).toBe(2);
    await sources.retainOnly(new Set(), new Set());
    expect(await readdir(folder)).toEqual([]);
  });
});
