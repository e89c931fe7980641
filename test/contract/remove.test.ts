import { beforeEach, describe, expect, it } from '@jest/globals';
import { createTestClient, refusal, type TestClient } from './client.ts';

const path = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';

interface Meta {
  readonly metadata: {
    readonly uid: string;
    readonly deletionTimestamp?: string;
    readonly deletionGracePeriodSeconds?: number;
    readonly finalizers?: readonly string[];
  };
}

function pod(name: string, spec: object = {}): object {
  return { metadata: { name }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } };
}

let api: TestClient;
beforeEach(() => {
  api = createTestClient();
});

describe('DELETE', () => {
  it('answers Success with the uid, then NotFound', async () => {
    const { uid } = ((await api.post(path, { metadata: { name: 'a' } })).body as Meta).metadata;
    const removed = await api.delete(`${path}/a`);
    expect(removed.body).toMatchObject({
      status: 'Success',
      details: { name: 'a', kind: 'configmaps', uid },
    });
    expect(refusal(await api.delete(`${path}/a`))).toMatchObject({
      code: 404,
      message: 'configmaps "a" not found',
    });
  });

  it('keeps what a finalizer holds until the finalizer goes', async () => {
    await api.post(path, { metadata: { name: 'a', finalizers: ['example.com/hold'] } });
    const marked = (await api.delete(`${path}/a`)).body as Meta;
    expect(marked.metadata).toMatchObject({
      deletionGracePeriodSeconds: 0,
      finalizers: ['example.com/hold'],
    });
    expect(marked.metadata.deletionTimestamp).toBeDefined();
    const added = await api.patch(`${path}/a`, {
      metadata: { finalizers: ['example.com/hold', 'example.com/more'] },
    });
    expect(refusal(added).message).toContain('no new finalizers can be added if the object is being deleted');
    expect((await api.patch(`${path}/a`, { metadata: { finalizers: null } })).status).toBe(200);
    expect((await api.get(`${path}/a`)).status).toBe(404);
  });

  const policies = [
    { query: 'propagationPolicy=Foreground', finalizers: ['foregroundDeletion'] },
    { query: 'propagationPolicy=Orphan', finalizers: ['orphan'] },
    { query: 'orphanDependents=true', finalizers: ['orphan'] },
  ];
  for (const { query, finalizers } of policies) {
    it(`with ${query} leaves the dependents to the garbage collector`, async () => {
      await api.post(path, { metadata: { name: 'a' } });
      expect(((await api.delete(`${path}/a?${query}`)).body as Meta).metadata.finalizers).toEqual(finalizers);
    });
  }

  it('refuses a uid and a resourceVersion that are not those of the object', async () => {
    await api.post(path, { metadata: { name: 'a' } });
    for (const preconditions of [{ uid: 'x' }, { resourceVersion: '1' }]) {
      expect(refusal(await api.delete(`${path}/a`, { preconditions }))).toMatchObject({
        code: 409,
        reason: 'Conflict',
      });
    }
  });

  it('refuses options that contradict each other or are none', async () => {
    await api.post(path, { metadata: { name: 'a' } });
    const wrong = [
      { propagationPolicy: 'Never' },
      { propagationPolicy: 'Orphan', orphanDependents: true },
      { dryRun: ['Some'] },
    ];
    for (const options of wrong) expect((await api.delete(`${path}/a`, options)).status).toBe(422);
  });

  it('gives a pod on a node its grace, which may only become shorter', async () => {
    await api.post(pods, pod('a', { nodeName: 'n', terminationGracePeriodSeconds: 60 }));
    const graceOf = async (query: string): Promise<number | undefined> =>
      ((await api.delete(`${pods}/a${query}`)).body as Meta).metadata.deletionGracePeriodSeconds;
    expect(await graceOf('')).toBe(60);
    expect(await graceOf('?gracePeriodSeconds=20')).toBe(20);
    expect(await graceOf('?gracePeriodSeconds=40')).toBe(20);
    await api.delete(`${pods}/a?gracePeriodSeconds=0`);
    expect((await api.get(`${pods}/a`)).status).toBe(404);
  });

  it('removes a pod without a node at once', async () => {
    await api.post(pods, pod('a'));
    expect((await api.delete(`${pods}/a`)).body).toMatchObject({ kind: 'Pod' });
    expect((await api.get(`${pods}/a`)).status).toBe(404);
  });

  it('of a collection removes what is selected, and answers the list as it was', async () => {
    for (const name of ['a', 'b', 'c']) {
      await api.post(path, { metadata: { name, labels: { k: name === 'b' ? 'x' : 'y' } } });
    }
    const removed = await api.delete(`${path}?labelSelector=k%3Dy`);
    expect(removed.body).toMatchObject({
      kind: 'ConfigMapList',
      items: [{ metadata: { name: 'a' } }, { metadata: { name: 'c' } }],
    });
    expect((await api.get(path)).body).toMatchObject({ items: [{ metadata: { name: 'b' } }] });
  });

  it('of a dry run removes nothing', async () => {
    await api.post(path, { metadata: { name: 'a' } });
    expect((await api.delete(`${path}/a?dryRun=All`)).status).toBe(200);
    expect((await api.get(`${path}/a`)).status).toBe(200);
  });
});
