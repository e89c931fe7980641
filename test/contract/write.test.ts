import { beforeEach, describe, expect, it } from '@jest/globals';
import { createTestClient, refusal, type TestClient } from './client.ts';

const path = '/api/v1/namespaces/default/configmaps';
const deployments = '/apis/apps/v1/namespaces/default/deployments';

interface Stored {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation?: number;
  };
  readonly data?: Record<string, string>;
}

function deployment(name: string, replicas: number): object {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  return { metadata: { name }, spec: { replicas, selector: { matchLabels: labels }, template } };
}

let api: TestClient;
beforeEach(() => {
  api = createTestClient();
});

describe('POST', () => {
  it('answers 201 with what the system sets, and the same to a GET', async () => {
    const created = await api.post(path, { metadata: { name: 'a' }, data: { k: 'v' } });
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: {
        name: 'a',
        namespace: 'default',
        uid: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
        resourceVersion: expect.stringMatching(/^\d+$/) as unknown,
        creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as unknown,
      },
    });
    expect((await api.get(`${path}/a`)).body).toEqual(created.body);
  });

  it('refuses a name that is taken', async () => {
    await api.post(path, { metadata: { name: 'a' } });
    expect(refusal(await api.post(path, { metadata: { name: 'a' } }))).toEqual({
      code: 409,
      reason: 'AlreadyExists',
      message: 'configmaps "a" already exists',
    });
  });

  it('makes a name of generateName', async () => {
    const body = (await api.post(path, { metadata: { generateName: 'gen-' } })).body as Stored;
    expect(body.metadata.name).toMatch(/^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  it('stores nothing for a dry run', async () => {
    expect((await api.post(`${path}?dryRun=All`, { metadata: { name: 'a' } })).status).toBe(201);
    expect((await api.get(`${path}/a`)).status).toBe(404);
  });

  const faults = [
    { name: 'no JSON', body: '{', code: 400, text: /unexpected end of JSON input/ },
    {
      name: 'another kind',
      body: { kind: 'Secret', apiVersion: 'v1' },
      code: 400,
      text: /cannot be handled as a ConfigMap/,
    },
    {
      name: 'a wrong type',
      body: { metadata: { name: 'a' }, data: { k: 1 } },
      code: 400,
      text: /cannot unmarshal number into Go struct field ConfigMap.data/,
    },
    {
      name: 'no name',
      body: {},
      code: 422,
      text: /metadata.name: Required value: name or generateName is required/,
    },
    {
      name: 'a name that is none',
      body: { metadata: { name: 'A' } },
      code: 422,
      text: /lowercase RFC 1123 subdomain/,
    },
    {
      name: 'another namespace',
      body: { metadata: { name: 'a', namespace: 'x' } },
      code: 400,
      text: /does not match the namespace/,
    },
    {
      name: 'labels that are none',
      body: { metadata: { name: 'a', labels: { 'a b': '' } } },
      code: 422,
      text: /metadata.labels: Invalid value: "a b"/,
    },
  ];
  for (const { name, body, code, text } of faults) {
    it(`refuses ${name}`, async () => {
      const response = await api.post(path, body);
      expect(refusal(response).message).toMatch(text);
      expect(response.status).toBe(code);
    });
  }

  it('warns of unknown and doubled fields, refuses them when asked to, and passes them when asked to', async () => {
    const body = '{"metadata":{"name":"a"},"data":{"k":"1","k":"2"},"datum":1}';
    const warned = await api.post(`${path}?dryRun=All`, body);
    expect(warned.headers['warning']).toBe(
      '299 - "duplicate field \\"data.k\\"", 299 - "unknown field \\"datum\\""',
    );
    const strict = await api.post(`${path}?fieldValidation=Strict`, body);
    expect(refusal(strict).message).toContain(
      'strict decoding error: duplicate field "data.k", unknown field "datum"',
    );
    const passed = await api.post(`${path}?fieldValidation=Ignore`, body);
    expect([passed.status, passed.headers['warning']]).toEqual([201, undefined]);
  });

  it('reads YAML', async () => {
    const text = 'metadata: {name: a}\ndata:\n  k: "v"\n';
    const created = await api.post(path, text, { 'content-type': 'application/yaml' });
    expect((created.body as Stored).data).toEqual({ k: 'v' });
  });

  it('refuses a body beyond 3 MiB', async () => {
    const response = await api.post(path, { metadata: { name: 'a' }, data: { k: 'x'.repeat(3 << 20) } });
    expect(refusal(response)).toMatchObject({ code: 413, reason: 'RequestEntityTooLarge' });
  });
});

describe('PUT', () => {
  it('changes with the resourceVersion that is stored, and conflicts with an older one', async () => {
    const body = (await api.post(path, { metadata: { name: 'a' } })).body as Stored;
    const { resourceVersion } = body.metadata;
    const first = await api.put(`${path}/a`, { metadata: { name: 'a', resourceVersion }, data: { k: '1' } });
    expect(first.status).toBe(200);
    const second = await api.put(`${path}/a`, { metadata: { name: 'a', resourceVersion }, data: { k: '2' } });
    expect(refusal(second)).toEqual({
      code: 409,
      reason: 'Conflict',
      message:
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    });
  });

  it('that changes nothing keeps the resourceVersion', async () => {
    const body = (await api.post(path, { metadata: { name: 'a' }, data: { k: 'v' } })).body as Stored;
    const again = await api.put(`${path}/a`, { metadata: { name: 'a' }, data: { k: 'v' } });
    expect(again.body).toEqual(body);
  });

  it('refuses another name, another uid and a missing object', async () => {
    await api.post(path, { metadata: { name: 'a' } });
    expect((await api.put(`${path}/a`, { metadata: { name: 'b' } })).status).toBe(400);
    expect((await api.put(`${path}/a`, { metadata: { name: 'a', uid: 'x' } })).status).toBe(409);
    expect((await api.put(`${path}/none`, { metadata: { name: 'none' } })).status).toBe(404);
  });

  it('counts changes of the spec in the generation, and nothing else', async () => {
    const generation = async (body: object): Promise<number | undefined> =>
      ((await api.put(`${deployments}/d`, body)).body as Stored).metadata.generation;
    await api.post(deployments, deployment('d', 1));
    const labelled = deployment('d', 1) as { metadata: object };
    expect(await generation({ ...labelled, metadata: { name: 'd', labels: { x: 'y' } } })).toBe(1);
    expect(await generation(deployment('d', 2))).toBe(2);
    expect(await generation({ ...deployment('d', 2), status: { replicas: 9 } })).toBe(2);
  });
});

describe('PATCH', () => {
  it('merges, patches strategically and by operations', async () => {
    await api.post(path, { metadata: { name: 'a' }, data: { a: '1', b: '2' } });
    const merged = await api.patch(`${path}/a`, { data: { a: null, c: '3' } });
    expect((merged.body as Stored).data).toEqual({ b: '2', c: '3' });
    const strategic = await api.patch(`${path}/a`, { data: { b: '4' } }, 'strategic');
    expect((strategic.body as Stored).data).toEqual({ b: '4', c: '3' });
    const operations = [{ op: 'remove', path: '/data/b' }];
    expect(((await api.patch(`${path}/a`, operations, 'json')).body as Stored).data).toEqual({ c: '3' });
  });

  it('loses no change when many write at once', async () => {
    await api.post(path, { metadata: { name: 'a' } });
    const keys = Array.from({ length: 30 }, (_each, index) => `k${index}`);
    const answers = await Promise.all(keys.map((key) => api.patch(`${path}/a`, { data: { [key]: '1' } })));
    expect(answers.map((each) => each.status)).toEqual(keys.map(() => 200));
    const { data = {} } = (await api.get(`${path}/a`)).body as Stored;
    expect(Object.keys(data).sort()).toEqual([...keys].sort());
  });

  it('refuses a media type that is no patch', async () => {
    await api.post(path, { metadata: { name: 'a' } });
    const response = await api.put(`${path}/a`, {}).set('content-type', 'text/plain').send('x');
    expect(response.status).toBe(415);
  });

  it('of the status leaves the spec, of the object leaves the status', async () => {
    await api.post(deployments, deployment('d', 1));
    const change = { spec: { replicas: 5 }, status: { observedGeneration: 1, replicas: 2 } };
    const status = await api.patch(`${deployments}/d/status`, change);
    expect(status.body).toMatchObject({ spec: { replicas: 1 }, status: { replicas: 2 } });
    const object = await api.patch(`${deployments}/d`, { spec: { replicas: 5 }, status: { replicas: 9 } });
    expect(object.body).toMatchObject({ spec: { replicas: 5 }, status: { replicas: 2 } });
  });

  it('of the scale changes the replicas', async () => {
    await api.post(deployments, deployment('d', 1));
    const scaled = await api.patch(`${deployments}/d/scale`, { spec: { replicas: 3 } });
    expect(scaled.body).toMatchObject({ kind: 'Scale', apiVersion: 'autoscaling/v1', spec: { replicas: 3 } });
    expect((await api.get(`${deployments}/d`)).body).toMatchObject({ spec: { replicas: 3 } });
  });
});
