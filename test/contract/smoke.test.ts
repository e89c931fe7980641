import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { adminToken, createFixture } from './fixture.ts';

const bearer = { authorization: `Bearer ${adminToken}` };
const path = '/api/v1/namespaces/default/configmaps';

describe('the API server', () => {
  it('stores, reads, lists and deletes an object', async () => {
    const { app } = createFixture();
    const created = await request(app)
      .post(path)
      .set(bearer)
      .send({ metadata: { name: 'a' }, data: { k: 'v' } });
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({ kind: 'ConfigMap', metadata: { name: 'a', namespace: 'default' } });
    const read = await request(app).get(`${path}/a`).set(bearer);
    expect(read.body).toEqual(created.body);
    const listed = await request(app).get(path).set(bearer);
    expect(listed.body).toMatchObject({ kind: 'ConfigMapList', items: [{ metadata: { name: 'a' } }] });
    const removed = await request(app).delete(`${path}/a`).set(bearer);
    expect(removed.body).toMatchObject({ kind: 'Status', status: 'Success' });
  });
});
