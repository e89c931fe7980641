import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigMap, Container, Pod, Secret, Volume } from '../../openapi/generated/types.ts';
import { createFakeMounts } from '../host/mounts.ts';
import { writePayload, type Payload } from './atomic-writer.ts';
import { fieldValue, resourceValue } from './fields.ts';
import type { VolumeSources } from './plugin.ts';
import { PodVolumes } from './pod-volumes.ts';
import { openInside } from './sub-path.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-volumes-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function payload(files: Record<string, string>, mode = 0o644): Payload {
  return new Map(Object.entries(files).map(([path, text]) => [path, { content: Buffer.from(text), mode }]));
}
const nobody = { group: undefined };

describe('writePayload()', () => {
  it('shows files through links that turn all at once', async () => {
    expect(await writePayload(folder, payload({ a: '1', 'deep/b': '2' }), nobody, 'one')).toBe(true);
    expect(await readFile(join(folder, 'a'), 'utf8')).toBe('1');
    expect(await readFile(join(folder, 'deep/b'), 'utf8')).toBe('2');
    expect(await readlink(join(folder, 'a'))).toBe('..data/a');
    expect(await readlink(join(folder, 'deep'))).toBe('..data/deep');
    expect(await readlink(join(folder, '..data'))).toBe('..one');
  });
  it('writes nothing when nothing changed', async () => {
    await writePayload(folder, payload({ a: '1' }), nobody, 'one');
    expect(await writePayload(folder, payload({ a: '1' }), nobody, 'two')).toBe(false);
    expect(await readlink(join(folder, '..data'))).toBe('..one');
  });
  it('takes away what the source has no more, and the old folder', async () => {
    await writePayload(folder, payload({ a: '1', b: '2' }), nobody, 'one');
    await writePayload(folder, payload({ b: '3' }), nobody, 'two');
    expect((await readdir(folder)).sort()).toEqual(['..data', '..two', 'b']);
    expect(await readFile(join(folder, 'b'), 'utf8')).toBe('3');
  });
  it('goes on where an earlier write was cut off', async () => {
    await mkdir(join(folder, '..one'));
    await symlink('..one', join(folder, '..data_tmp'));
    await writePayload(folder, payload({ a: '1' }), nobody, 'one');
    expect(await readFile(join(folder, 'a'), 'utf8')).toBe('1');
  });
  it('deletes a link that somebody put there, never what it leads to (CVE-2017-1002102)', async () => {
    const outside = join(folder, 'outside');
    await mkdir(outside);
    await writeFile(join(outside, 'precious'), 'x');
    const volume = join(folder, 'volume');
    await mkdir(volume);
    await symlink(outside, join(volume, 'stale'));
    await writePayload(volume, payload({ a: '1' }), nobody, 'one');
    expect(await readFile(join(outside, 'precious'), 'utf8')).toBe('x');
    expect(await readdir(volume)).not.toContain('stale');
  });
  for (const path of ['../a', '/a', 'a/../../b', '..a', '', 'a//b', './a']) {
    it(`refuses the path ${JSON.stringify(path)}`, async () => {
      await expect(writePayload(folder, payload({ [path]: '1' }), nobody, 'one')).rejects.toThrow(
        'invalid path',
      );
    });
  }
});

describe('openInside()', () => {
  it('makes missing folders with the mode of the volume', async () => {
    await chmod(folder, 0o777);
    const handle = await openInside(folder, 'a/b');
    await handle.close();
    expect((await stat(join(folder, 'a/b'))).mode & 0o777).toBe(0o777);
  });
  it('follows links that stay inside, as those of a ConfigMap', async () => {
    await writePayload(folder, payload({ 'app.conf': 'x' }), nobody, 'one');
    const handle = await openInside(folder, 'app.conf');
    expect((await handle.stat()).isFile()).toBe(true);
    await handle.close();
  });
  const refused = [
    { name: 'a path that climbs', link: undefined, subPath: '../x' },
    { name: 'an absolute path', link: undefined, subPath: '/etc' },
    { name: 'a link to an absolute path', link: '/etc', subPath: 'link' },
    { name: 'a link that climbs out', link: '../../../../etc', subPath: 'link/passwd' },
    { name: 'a link to itself', link: 'link', subPath: 'link' },
  ];
  for (const { name, link, subPath } of refused) {
    it(`refuses ${name}`, async () => {
      const volume = join(folder, 'volume');
      await mkdir(volume);
      if (link !== undefined) await symlink(link, join(volume, 'link'));
      await expect(openInside(volume, subPath)).rejects.toThrow('subPath');
    });
  }
  it('stays inside while a folder is swapped for a link all the time (CVE-2021-25741)', async () => {
    const volume = join(folder, 'volume');
    const outside = join(folder, 'outside');
    await mkdir(volume);
    await mkdir(join(outside, 'target'), { recursive: true });
    const outsideInode = (await stat(join(outside, 'target'))).ino;
    const ended = new AbortController();
    const swapper = (async () => {
      while (!ended.signal.aborted) {
        await rm(join(volume, 'a'), { recursive: true, force: true }).catch(() => undefined);
        await symlink(outside, join(volume, 'a')).catch(() => undefined);
        await rm(join(volume, 'a'), { recursive: true, force: true }).catch(() => undefined);
        await mkdir(join(volume, 'a', 'target'), { recursive: true }).catch(() => undefined);
      }
    })();
    for (let round = 0; round < 500; round++) {
      const handle = await openInside(volume, 'a/target').catch(() => undefined);
      if (handle === undefined) continue;
      expect((await handle.stat()).ino).not.toBe(outsideInode);
      await handle.close();
    }
    ended.abort();
    await swapper;
  });
});

const pod: Pod = {
  metadata: {
    ...{ name: 'web', namespace: 'default', uid: 'u1' },
    labels: { app: 'web', tier: 'a "b"' },
    annotations: { note: 'x' },
  },
  spec: { nodeName: 'n1', serviceAccountName: 'sa', containers: [{ name: 'c' }] },
  status: { podIP: '10.0.0.1', hostIP: '1.2.3.4', podIPs: [{ ip: '10.0.0.1' }] },
};

describe('fieldValue()', () => {
  const cases: [string, string][] = [
    ['metadata.name', 'web'],
    ['metadata.uid', 'u1'],
    ["metadata.labels['app']", 'web'],
    ["metadata.annotations['none']", ''],
    ['metadata.labels', 'app="web"\ntier="a \\"b\\""'],
    ['spec.nodeName', 'n1'],
    ['spec.serviceAccountName', 'sa'],
    ['status.podIP', '10.0.0.1'],
    ['status.podIPs', '10.0.0.1'],
  ];
  for (const [fieldPath, want] of cases) {
    it(`reads ${fieldPath}`, () => {
      expect(fieldValue(pod, { fieldPath })).toBe(want);
    });
  }
  it('refuses what is no such field', () => {
    expect(() => fieldValue(pod, { fieldPath: 'spec.containers' })).toThrow('unsupported fieldPath');
  });
});

describe('resourceValue()', () => {
  const resources = { limits: { cpu: '250m', memory: '64Mi' }, requests: { cpu: '0.1' } };
  const cases = [
    { resource: 'limits.cpu', divisor: '0', want: '1' },
    { resource: 'limits.cpu', divisor: '1m', want: '250' },
    { resource: 'limits.memory', divisor: '1Mi', want: '64' },
    { resource: 'limits.memory', divisor: undefined, want: '67108864' },
    { resource: 'requests.cpu', divisor: '1m', want: '100' },
    { resource: 'requests.memory', divisor: '1', want: '0' },
    { resource: 'limits.ephemeral-storage', divisor: '1', want: '1000' },
  ];
  for (const { resource, divisor, want } of cases) {
    it(`reads ${resource} in units of ${divisor ?? 'one'}`, () => {
      const selector = { resource, ...(divisor === undefined ? {} : { divisor }) };
      expect(resourceValue({ name: 'c', resources }, selector, { 'ephemeral-storage': '1k' })).toBe(want);
    });
  }
});

describe('PodVolumes', () => {
  const configMaps = new Map<string, ConfigMap>();
  const secrets = new Map<string, Secret>();
  const sources: VolumeSources = {
    configMap: (namespace, name) => Promise.resolve(configMaps.get(`${namespace}/${name}`)),
    secret: (namespace, name) => Promise.resolve(secrets.get(`${namespace}/${name}`)),
    token: (_pod, { audience, expirationSeconds }) =>
      Promise.resolve(`token for ${audience} ${expirationSeconds}`),
  };
  beforeEach(() => {
    configMaps.clear();
    secrets.clear();
    configMaps.set('default/cm', {
      data: { a: '1', b: '2' },
      binaryData: { c: Buffer.from('3').toString('base64') },
    });
    secrets.set('default/s', { data: { pass: Buffer.from('geheim').toString('base64') } });
  });

  function create(): { volumes: PodVolumes; mounts: ReturnType<typeof createFakeMounts> } {
    const mounts = createFakeMounts();
    return { mounts, volumes: new PodVolumes({ folder, mounts, sources, allocatable: () => ({}) }) };
  }
  function podWith(...volumes: Volume[]): Pod {
    return { ...pod, spec: { containers: [{ name: 'c' }], volumes } };
  }
  async function pathOf(volumes: PodVolumes, volume: Volume): Promise<string> {
    return (await volumes.setUp(podWith(volume))).get(volume.name)?.path ?? '';
  }

  it('an emptyDir is there for everybody, and keeps what is in it when it is set up again', async () => {
    const { volumes } = create();
    const path = await pathOf(volumes, { name: 'v', emptyDir: {} });
    expect((await stat(path)).mode & 0o777).toBe(0o777);
    await writeFile(join(path, 'x'), 'kept');
    await pathOf(volumes, { name: 'v', emptyDir: {} });
    expect(await readFile(join(path, 'x'), 'utf8')).toBe('kept');
  });
  it('an emptyDir in memory and a secret are mounts of memory', async () => {
    const { volumes, mounts } = create();
    const memory = await pathOf(volumes, { name: 'm', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } });
    const secret = await pathOf(volumes, { name: 's', secret: { secretName: 's' } });
    expect([mounts.points.get(memory), mounts.points.get(secret)]).toEqual(['tmpfs', 'tmpfs']);
    expect(await readFile(join(secret, 'pass'), 'utf8')).toBe('geheim');
  });
  it('a ConfigMap shows all keys, or the chosen ones with their modes', async () => {
    const { volumes } = create();
    const all = await pathOf(volumes, { name: 'all', configMap: { name: 'cm' } });
    expect((await readdir(all)).filter((name) => !name.startsWith('..')).sort()).toEqual(['a', 'b', 'c']);
    const items = [{ key: 'b', path: 'x/y', mode: 0o400 }];
    const some = await pathOf(volumes, { name: 'some', configMap: { name: 'cm', items } });
    expect(await readFile(join(some, 'x/y'), 'utf8')).toBe('2');
    expect((await stat(join(some, 'x/y'))).mode & 0o777).toBe(0o400);
  });
  it('a changed ConfigMap shows after a refresh; one that is gone leaves what is there', async () => {
    const { volumes } = create();
    const volume = { name: 'v', configMap: { name: 'cm' } };
    const path = await pathOf(volumes, volume);
    configMaps.set('default/cm', { data: { a: 'new' } });
    await volumes.refresh(podWith(volume));
    expect(await readFile(join(path, 'a'), 'utf8')).toBe('new');
    configMaps.clear();
    await volumes.refresh(podWith(volume));
    expect(await readFile(join(path, 'a'), 'utf8')).toBe('new');
  });
  it('a projected volume joins its sources', async () => {
    const { volumes } = create();
    const path = await pathOf(volumes, {
      name: 'p',
      projected: {
        sources: [
          { serviceAccountToken: { path: 'token', audience: 'me', expirationSeconds: 600 } },
          { configMap: { name: 'cm', items: [{ key: 'a', path: 'ca.crt' }] } },
          { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
        ],
      },
    });
    const read = (name: string): Promise<string> => readFile(join(path, name), 'utf8');
    expect(await Promise.all(['token', 'ca.crt', 'namespace'].map(read))).toEqual([
      'token for me 600',
      '1',
      'default',
    ]);
  });
  const failing: [string, Volume, string][] = [
    [
      'a ConfigMap that is not there',
      { name: 'v', configMap: { name: 'no' } },
      'MountVolume.SetUp failed for volume "v" : configmap "no" not found',
    ],
    ['a Secret that is not there', { name: 'v', secret: { secretName: 'no' } }, 'secret "no" not found'],
    [
      'a key that is not there',
      { name: 'v', configMap: { name: 'cm', items: [{ key: 'z', path: 'z' }] } },
      'references non-existent config key: z',
    ],
    [
      'a host path of another type',
      { name: 'v', hostPath: { path: '/etc/hostname', type: 'Directory' } },
      'hostPath type check failed: /etc/hostname is not a directory',
    ],
    ['a host path that climbs', { name: 'v', hostPath: { path: '/a/../b' } }, "must not contain '..'"],
    [
      'a kind that is not supported',
      { name: 'v', nfs: { server: 's', path: '/' } },
      'volumes of kind nfs are not supported',
    ],
  ];
  for (const [name, volume, want] of failing) {
    it(`says what is wrong with ${name}`, async () => {
      await expect(create().volumes.setUp(podWith(volume))).rejects.toThrow(want);
    });
  }
  it('does without optional sources', async () => {
    const { volumes } = create();
    const path = await pathOf(volumes, { name: 'v', configMap: { name: 'no', optional: true } });
    expect((await readdir(path)).filter((name) => !name.startsWith('..'))).toEqual([]);
  });
  it('a subPath is bound for the container', async () => {
    const { volumes, mounts } = create();
    const subPod = podWith({ name: 'v', emptyDir: {} });
    const mounted = await volumes.setUp(subPod);
    const mount = { name: 'v', mountPath: '/x' };
    const container: Container = { name: 'c', volumeMounts: [mount] };
    const { path } = await volumes.mountPath(subPod, container, mount, { mounted, subPath: 'a/b' });
    expect(mounts.points.get(path)).toMatch(/^bind:\/proc\/\d+\/fd\/\d+$/);
  });
  it('tearDown() and retainOnly() leave no folder and no mount', async () => {
    const { volumes, mounts } = create();
    await pathOf(volumes, { name: 's', secret: { secretName: 's' } });
    await volumes.retainOnly(new Set(['u1']));
    expect(await readdir(folder)).toEqual(['u1']);
    await volumes.retainOnly(new Set());
    expect(await readdir(folder)).toEqual([]);
    expect(mounts.points.size).toBe(0);
    await volumes.tearDown('u1');
  });
  it('makes no path of a uid that is none', async () => {
    await expect(create().volumes.tearDown('../etc')).rejects.toThrow('Cannot use');
  });
});
