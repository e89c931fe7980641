import { beforeEach, describe, expect, it } from '@jest/globals';
import { createTestClient, refusal, type TestClient } from './client.ts';
import { lifecyclePlugins } from './fixture.ts';

let api: TestClient;
beforeEach(async () => {
  api = createTestClient({ admission: lifecyclePlugins(() => api.fixture) });
  await api.post('/api/v1/namespaces', { metadata: { name: 'a' } });
});

const path = '/api/v1/namespaces/a/configmaps';

describe('a namespace', () => {
  it('must be there before anything is in it', async () => {
    const answer = await api.post(path.replace('/a/', '/none/'), { metadata: { name: 'x' } });
    expect(refusal(answer)).toMatchObject({ code: 404, message: 'namespaces "none" not found' });
  });

  it('that ends takes nothing new, and goes when it is finalized', async () => {
    await api.post(path, { metadata: { name: 'x' } });
    const ending = await api.delete('/api/v1/namespaces/a');
    expect(ending.body).toMatchObject({
      status: { phase: 'Terminating' },
      spec: { finalizers: ['kubernetes'] },
    });
    const refused = await api.post(path, { metadata: { name: 'y' } });
    expect(refusal(refused)).toMatchObject({ code: 403, reason: 'Forbidden' });
    expect((await api.patch(`${path}/x`, { data: { k: 'v' } })).status).toBe(200);
    expect((await api.get('/api/v1/namespaces/a')).status).toBe(200);
    await api.put('/api/v1/namespaces/a/finalize', { metadata: { name: 'a' }, spec: {} });
    expect((await api.get('/api/v1/namespaces/a')).status).toBe(404);
  });

  it('of the system stays', async () => {
    await api.post('/api/v1/namespaces', { metadata: { name: 'kube-system' } });
    expect(refusal(await api.delete('/api/v1/namespaces/kube-system')).message).toContain(
      'this namespace may not be deleted',
    );
  });
});
