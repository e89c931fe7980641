import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Response } from 'supertest';
import { createTestClient, refusal, type TestClient } from './client.ts';

const configMaps = '/api/v1/namespaces/default/configmaps';
const map = `${configMaps}/a`;
const deployment = '/apis/apps/v1/namespaces/default/deployments/a';
const autoscaler = (version: string): string =>
  `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers/a`;

interface Entry {
  readonly manager: string;
  readonly operation: string;
  readonly apiVersion: string;
  readonly subresource?: string;
  readonly time?: string;
  readonly fieldsV1: object;
}

interface Stored {
  readonly metadata: {
    readonly resourceVersion: string;
    readonly labels?: object;
    readonly managedFields?: readonly Entry[];
  };
  readonly data?: object;
  readonly spec?: { readonly replicas?: number };
  readonly status?: object;
}

let api: TestClient;
beforeEach(() => {
  api = createTestClient();
});

function configMap(data: object, metadata: object = {}): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', ...metadata }, data };
}

function workload(spec: object = {}): object {
  const labels = { app: 'a' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  const whole = { selector: { matchLabels: labels }, template, ...spec };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' }, spec: whole };
}

async function apply(manager: string, path: string, body: unknown): Promise<Response> {
  return await api.patch(`${path}?fieldManager=${manager}`, body, 'apply');
}

function stored(response: Response): Stored {
  return response.body as Stored;
}

/** Who owns what: "two Update status". */
function owners(response: Response): Record<string, object> {
  const entries = stored(response).metadata.managedFields ?? [];
  return Object.fromEntries(
    entries.map(({ manager, operation, subresource, fieldsV1 }) => [
      [manager, operation, subresource].join(' ').trim(),
      fieldsV1,
    ]),
  );
}

describe('apply', () => {
  it('creates, and the same again changes nothing', async () => {
    const created = await apply('one', map, configMap({ k: 'v' }));
    expect(created.status).toBe(201);
    expect(owners(created)).toEqual({ 'one Apply': { 'f:data': { 'f:k': {} } } });
    const again = await apply('one', map, configMap({ k: 'v' }));
    expect(again.status).toBe(200);
    expect(again.body).toEqual(created.body);
  });

  it('needs a manager', async () => {
    expect(refusal(await api.patch(map, configMap({}), 'apply'))).toEqual({
      code: 422,
      reason: 'Invalid',
      message:
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    });
  });

  it('takes away what is applied no more', async () => {
    await apply('one', map, configMap({ a: '1', b: '2' }));
    await apply('two', map, configMap({ a: '1' }));
    const left = await apply('one', map, configMap({ c: '3' }));
    expect(stored(left).data).toEqual({ a: '1', c: '3' });
  });

  it('refuses to change what is somebody else’s, unless it is forced to', async () => {
    await apply('one', map, configMap({ a: '1', b: '1' }));
    const refused = await apply('two', map, configMap({ a: '2', b: '1' }));
    expect(refused.body).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "one": .data.a',
      details: {
        causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.a' }],
      },
    });
    const forced = await apply('two&force=true', map, configMap({ a: '2', b: '1' }));
    expect(owners(forced)).toEqual({
      'one Apply': { 'f:data': { 'f:b': {} } },
      'two Apply': { 'f:data': { 'f:a': {}, 'f:b': {} } },
    });
  });

  it('stores nothing for a dry run', async () => {
    expect((await apply('one&dryRun=All', map, configMap({}))).status).toBe(201);
    expect((await api.get(map)).status).toBe(404);
  });

  it('answers 500 for fields that the kind does not have', async () => {
    const response = await apply('one', map, { ...configMap({}), daat: {} });
    expect(refusal(response)).toMatchObject({
      code: 500,
      message:
        'failed to create typed patch object (/a; /v1, Kind=ConfigMap): .daat: field not declared in schema',
    });
  });

  it('of a status or a scale owns it under its name', async () => {
    await apply('one', deployment, workload({ replicas: 1 }));
    const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' } };
    await apply('two', `${deployment}/status`, { ...body, spec: { replicas: 9 }, status: { replicas: 1 } });
    const scale = {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'a' },
      spec: { replicas: 3 },
    };
    expect((await apply('three', `${deployment}/scale`, scale)).status).toBe(409);
    expect((await apply('three&force=true', `${deployment}/scale`, scale)).status).toBe(200);
    const response = await api.get(deployment);
    expect(stored(response).spec?.replicas).toBe(3);
    expect(owners(response)).toMatchObject({
      'two Apply status': { 'f:status': { 'f:replicas': {} } },
      'three Apply scale': { 'f:spec': { 'f:replicas': {} } },
    });
    expect(owners(response)['one Apply']).not.toHaveProperty(['f:spec', 'f:replicas']);
  });
});

describe('other writes', () => {
  it('are owned by who asks, by what they change', async () => {
    const created = await api.post(configMaps, configMap({ a: '1' }), { 'user-agent': 'tool/1.0' });
    expect(owners(created)).toEqual({ 'tool Update': { 'f:data': { '.': {}, 'f:a': {} } } });
    const patched = await api.patch(`${map}?fieldManager=two`, { data: { a: '2', b: '1' } });
    expect(owners(patched)).toEqual({
      'tool Update': { 'f:data': {} },
      'two Update': { 'f:data': { 'f:a': {}, 'f:b': {} } },
    });
  });

  it('that send managedFields as they are keep them, an empty list forgets them', async () => {
    const created = await apply('one', map, configMap({ a: '1' }));
    const same = await api.put(`${map}?fieldManager=two`, created.body as object);
    expect(stored(same).metadata.resourceVersion).toBe(stored(created).metadata.resourceVersion);
    const reset = await api.patch(map, { metadata: { managedFields: [] } });
    expect(stored(reset).metadata.managedFields).toBeUndefined();
    const next = await apply('one', map, configMap({ a: '1' }));
    expect(Object.keys(owners(next))).toEqual(['one Apply', 'before-first-apply Update']);
  });

  it('in another version take ownership away in that of the owner', async () => {
    const spec = { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' }, maxReplicas: 3 };
    const body = { kind: 'HorizontalPodAutoscaler', metadata: { name: 'a' }, spec };
    await apply('one', autoscaler('v1'), { apiVersion: 'autoscaling/v1', ...body });
    await api.patch(`${autoscaler('v2')}?fieldManager=two`, { spec: { maxReplicas: 4 } });
    const response = await api.get(autoscaler('v2'));
    expect(owners(response)).toEqual({
      'one Apply': { 'f:spec': { 'f:scaleTargetRef': {} } },
      'two Update': { 'f:spec': { 'f:maxReplicas': {} } },
    });
  });
});
