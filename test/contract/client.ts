import request, { type Response, type Test } from 'supertest';
import { adminToken, createFixture, type FixtureOptions } from './fixture.ts';

/** The API as a test talks to it: by path, as the admin. */
export interface TestClient {
  get(path: string, headers?: Record<string, string>): Test;
  post(path: string, body: object | string, headers?: Record<string, string>): Test;
  put(path: string, body: object): Test;
  patch(path: string, body: unknown, type?: keyof typeof patchTypes): Test;
  delete(path: string, body?: object): Test;
  readonly fixture: ReturnType<typeof createFixture>;
}

const patchTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

export function createTestClient(options?: FixtureOptions): TestClient {
  const fixture = createFixture(options);
  const { app } = fixture;
  const bearer = { authorization: `Bearer ${adminToken}` };
  return {
    fixture,
    get: (path, headers = {}) => request(app).get(path).set(bearer).set(headers),
    post: (path, body, headers = {}) =>
      request(app).post(path).set(bearer).set('content-type', 'application/json').set(headers).send(body),
    put: (path, body) => request(app).put(path).set(bearer).send(body),
    patch: (path, body, type = 'merge') =>
      request(app).patch(path).set(bearer).set('content-type', patchTypes[type]).send(JSON.stringify(body)),
    delete: (path, body) =>
      body === undefined
        ? request(app).delete(path).set(bearer)
        : request(app).delete(path).set(bearer).send(body),
  };
}

/** Parts of a Status that clients rely on. */
export function refusal(response: Response): { code: number; reason: string; message: string } {
  const { code, reason, message } = response.body as { code: number; reason: string; message: string };
  return { code, reason, message };
}
