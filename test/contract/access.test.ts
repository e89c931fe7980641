import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { systemClock } from '../../openapi/machinery/clock.ts';
import type { Authorizer } from '../../server/auth/authorizer.ts';
import { createTestClient, refusal } from './client.ts';
import { adminToken, createFixture } from './fixture.ts';

const pods = '/api/v1/namespaces/a/pods';

/** Allows the admin everything, and everybody to read configmaps and /version. */
const readers: Authorizer = {
  authorize: ({ user, verb, resource, path }) =>
    user.groups.includes('system:masters') ||
    path === '/version' ||
    (resource === 'configmaps' && verb === 'get')
      ? { allowed: true, reason: '' }
      : { allowed: false, denied: false, reason: '' },
};

describe('access', () => {
  it('refuses a token that nobody knows', async () => {
    const { app } = createFixture();
    const answer = await request(app).get(pods).set('authorization', 'Bearer nonsense');
    expect(refusal(answer)).toEqual({ code: 401, reason: 'Unauthorized', message: 'Unauthorized' });
  });

  it('treats who has no credential as anonymous', async () => {
    const { app } = createFixture({ authorizer: readers });
    expect(refusal(await request(app).get(pods))).toEqual({
      code: 403,
      reason: 'Forbidden',
      message:
        'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" in the namespace "a"',
    });
    expect(refusal(await request(app).get('/metrics')).message).toBe(
      'forbidden: User "system:anonymous" cannot get path "/metrics"',
    );
  });

  it('lets who may act as another', async () => {
    const { app } = createFixture({ authorizer: readers });
    const as = {
      authorization: `Bearer ${adminToken}`,
      'impersonate-user': 'jane',
      'impersonate-group': 'devs',
    };
    const answer = await request(app).get(`${pods}/p`).set(as);
    expect(refusal(answer).message).toContain('User "jane" cannot get resource "pods"');
    expect((await request(app).get('/api/v1/namespaces/a/configmaps/none').set(as)).status).toBe(404);
  });

  it('asks for the right to create when a PUT would create', async () => {
    const lease = '/apis/coordination.k8s.io/v1/namespaces/a/leases/l';
    const authorizer: Authorizer = {
      authorize: ({ verb }) =>
        verb === 'update' ? { allowed: true, reason: '' } : { allowed: false, denied: false, reason: '' },
    };
    const { app } = createFixture({ authorizer });
    const answer = await request(app)
      .put(lease)
      .send({ metadata: { name: 'l' }, spec: {} });
    expect(refusal(answer).message).toContain('cannot create resource "leases"');
  });

  it('refuses more requests than it may have under way', async () => {
    const { app } = createFixture({ limits: { readsMax: 0 } });
    const answer = await request(app).get(pods).set('authorization', `Bearer ${adminToken}`);
    expect(refusal(answer)).toMatchObject({ code: 429, reason: 'TooManyRequests' });
    expect(answer.headers['retry-after']).toBe('1');
  });
});

describe('paths', () => {
  const cases = [
    ['GET /api/v1/nothings', 404, 'application/json'],
    ['GET /apis/none.example/v1/things', 404, 'text/plain; charset=utf-8'],
    ['GET /apis/apps/v9/deployments', 404, 'application/json'],
    ['PUT /api/v1/namespaces/a/pods', 405, 'application/json'],
    ['POST /api/v1/namespaces/a/pods/p', 405, 'application/json'],
    ['DELETE /api/v1/namespaces', 405, 'application/json'],
    ['POST /api/v1/pods', 405, 'application/json'],
    ['GET /api/v1/namespaces/a/nodes', 404, 'application/json'],
    ['GET /api/v1/namespaces/a/pods/p/nothing', 404, 'application/json'],
    ['GET /api/v1/namespaces/a/pods/p/binding', 405, 'application/json'],
    ['GET /api/v1/namespaces/a/pods/%2e%2e', 400, 'application/json'],
    ['GET /nothing', 404, 'text/plain; charset=utf-8'],
    ['GET /readyz', 200, 'text/plain; charset=utf-8'],
    ['GET /livez/ping', 200, 'text/plain; charset=utf-8'],
    ['GET /metrics', 200, 'text/plain; charset=utf-8'],
  ] as const;
  for (const [line, code, type] of cases) {
    it(`${line} is ${code}`, async () => {
      const { app } = createFixture();
      const [method = '', path = ''] = line.split(' ');
      const agent = request(app);
      const call = {
        GET: agent.get(path),
        PUT: agent.put(path),
        POST: agent.post(path),
        DELETE: agent.delete(path),
      }[method];
      const answer = await call?.set('authorization', `Bearer ${adminToken}`);
      expect([answer?.status, answer?.headers['content-type']]).toEqual([code, type]);
    });
  }

  it('carries an Audit-Id, and forbids caches', async () => {
    const answer = await createTestClient().get('/api/v1/pods');
    expect(answer.headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.headers['cache-control']).toBe('no-cache, private');
  });

  it('says that it is not ready while a check fails', async () => {
    const healthChecks = [{ name: 'store', readinessOnly: true, check: () => Promise.resolve('disk full') }];
    const api = createTestClient({ healthChecks, clock: systemClock });
    expect((await api.get('/readyz')).status).toBe(500);
    expect((await api.get('/livez')).status).toBe(200);
    expect((await api.get('/readyz?verbose')).text).toContain('[-]store failed');
  });
});
