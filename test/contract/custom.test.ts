import { afterEach, describe, expect, it } from '@jest/globals';
import { createTestClient, refusal, type TestClient } from './client.ts';

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const widgets = '/apis/example.com/v1/namespaces/a/widgets';
const name = 'widgets.example.com';

const schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        size: { type: 'integer', minimum: 1 },
        color: { type: 'string', default: 'red' },
        list: { type: 'array', items: { type: 'object', properties: { a: { type: 'string' } } } },
      },
    },
    status: { type: 'object', properties: { size: { type: 'integer' } } },
  },
};
const version = (more: object = {}): object => ({
  name: 'v1',
  served: true,
  storage: true,
  schema: { openAPIV3Schema: schema },
  ...more,
});
const definition = (versions: readonly object[], spec: object = {}): object => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget' },
    versions,
    ...spec,
  },
});
const widget = (fields: object = {}, metadata: object = {}): object => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name: 'one', ...metadata },
  ...fields,
});

let client: TestClient;
afterEach(() => client.fixture.stop());

async function start(): Promise<void> {
  client = createTestClient();
  await client.fixture.serveDefinitions();
}

/** Asks until the answer is as it should be: what follows a write comes a moment later. */
async function until<T>(ask: () => Promise<T>, isDone: (answer: T) => boolean): Promise<T> {
  const deadline = performance.now() + 50_000;
  for (;;) {
    const answer = await ask();
    if (isDone(answer)) return answer;
    if (performance.now() > deadline) throw new Error(`Still ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function serve(versions: readonly object[] = [version()], spec: object = {}): Promise<void> {
  await start();
  expect((await client.post(definitions, definition(versions, spec))).status).toBe(201);
  await until(
    () => client.get(`${definitions}/${name}`),
    ({ body }) => JSON.stringify(body).includes('InitialNamesAccepted'),
  );
}

describe('a CustomResourceDefinition', () => {
  it('is completed, accepted and established', async () => {
    await serve();
    const body: unknown = (await client.get(`${definitions}/${name}`)).body;
    expect(body).toMatchObject({
      metadata: { generation: 1 },
      spec: { names: { singular: 'widget', listKind: 'WidgetList' }, conversion: { strategy: 'None' } },
      status: {
        acceptedNames: { plural: 'widgets', kind: 'Widget' },
        storedVersions: ['v1'],
        conditions: [
          { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts' },
          { type: 'Established', status: 'True', reason: 'InitialNamesAccepted' },
        ],
      },
    });
  });

  it('takes its objects with it', async () => {
    await serve();
    await client.post(widgets, widget());
    const body: unknown = (await client.delete(`${definitions}/${name}`)).body;
    expect(body).toMatchObject({
      metadata: { finalizers: ['customresourcecleanup.apiextensions.k8s.io'] },
      status: { conditions: [{}, {}, { type: 'Terminating', reason: 'InstanceDeletionPending' }] },
    });
    await until(
      () => client.get(`${definitions}/${name}`),
      ({ status }) => status === 404,
    );
    await until(
      () => client.get(widgets),
      ({ status }) => status === 404,
    );
    expect(await client.fixture.storage.count('/registry/example.com/')).toBe(0);
  });

  it('waits for an object that a finalizer holds, and takes no new ones', async () => {
    await serve();
    await client.post(widgets, widget({}, { finalizers: ['example.com/hold'] }));
    await client.delete(`${definitions}/${name}`);
    const refused = await until(
      () => client.post(widgets, widget({}, { name: 'two' })),
      ({ status }) => status === 403,
    );
    expect(refusal(refused).message).toContain(
      'create not allowed while custom resource definition is terminating',
    );
    await client.patch(`${widgets}/one`, { metadata: { finalizers: null } });
    await until(
      () => client.get(`${definitions}/${name}`),
      ({ status }) => status === 404,
    );
  });

  it('waits for names that another has', async () => {
    await serve();
    const other = {
      ...definition([version()], { names: { plural: 'others', singular: 'other', kind: 'Widget' } }),
      metadata: { name: 'others.example.com' },
    };
    await client.post(definitions, other);
    const told = await until(
      () => client.get(`${definitions}/others.example.com`),
      ({ body }) => JSON.stringify(body).includes('ListKindConflict'),
    );
    expect(JSON.stringify(told.body)).toContain('\\"WidgetList\\" is already in use');
    expect((await client.get('/apis/example.com/v1/others')).status).toBe(404);
    await client.delete(`${definitions}/${name}`);
    await until(
      () => client.get('/apis/example.com/v1/others'),
      ({ status }) => status === 200,
    );
  });

  it('is served by a server that finds it in the store', async () => {
    await serve();
    await client.post(widgets, widget());
    const { storage } = client.fixture;
    const again = createTestClient({ storage } as never);
    await again.fixture.serveDefinitions();
    expect((await again.get(`${widgets}/one`)).status).toBe(200);
    await again.fixture.stop();
  });
});

describe('a custom object', () => {
  it('is pruned and completed by its schema', async () => {
    await serve();
    const answer = await client.post(
      widgets,
      widget({ spec: { size: 2, x: 1, list: [{ a: 'b', y: 1 }] }, top: 1 }),
    );
    expect(answer.body).toMatchObject({ spec: { size: 2, color: 'red', list: [{ a: 'b' }] } });
    expect(JSON.stringify(answer.body)).not.toMatch(/"(?:x|y|top)"/);
    expect(answer.headers['warning']).toContain('unknown field \\"spec.list[0].y\\"');
    const strict = await client.post(
      `${widgets}?fieldValidation=Strict`,
      widget({ top: 1 }, { name: 'two' }),
    );
    expect(refusal(strict).message).toBe(
      'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "top"',
    );
  });

  it('is held to its schema', async () => {
    await serve();
    expect(refusal(await client.post(widgets, widget({ spec: { size: 0 } })))).toEqual({
      code: 422,
      reason: 'Invalid',
      message:
        'Widget.example.com "one" is invalid: spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1',
    });
  });

  it('takes JSON and merge patches only', async () => {
    await serve();
    await client.post(widgets, widget({ spec: { size: 1 } }));
    expect((await client.patch(`${widgets}/one`, { spec: { size: 2 } })).body).toMatchObject({
      metadata: { generation: 2 },
      spec: { size: 2 },
    });
    expect((await client.patch(`${widgets}/one`, {}, 'strategic')).status).toBe(415);
  });

  it('has its status apart when the definition says so', async () => {
    await serve([version({ subresources: { status: {} } })]);
    await client.post(widgets, widget({ spec: { size: 1 }, status: { size: 1 } }));
    const written = await client.patch(`${widgets}/one/status`, { spec: { size: 5 }, status: { size: 3 } });
    expect(written.body).toMatchObject({
      metadata: { generation: 1 },
      spec: { size: 1 },
      status: { size: 3 },
    });
    expect((await client.get(`${widgets}/one/scale`)).status).toBe(404);
  });

  it('is scaled where the definition says', async () => {
    const scale = { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' };
    await serve([version({ subresources: { scale } })]);
    await client.post(widgets, widget({ spec: { size: 1 } }));
    await client.patch(`${widgets}/one/scale`, { spec: { replicas: 4 } });
    expect((await client.get(`${widgets}/one`)).body).toMatchObject({ spec: { size: 4 } });
  });

  it('is selected by the fields that the definition names', async () => {
    await serve([version({ selectableFields: [{ jsonPath: '.spec.color' }] })]);
    await client.post(widgets, widget());
    await client.post(widgets, widget({ spec: { color: 'blue' } }, { name: 'two' }));
    const body: unknown = (await client.get(`${widgets}?fieldSelector=spec.color%3Dblue`)).body;
    expect((body as { items: unknown[] }).items).toEqual([
      expect.objectContaining({ kind: 'Widget', spec: { color: 'blue' } }),
    ]);
    expect((await client.get(`${widgets}?fieldSelector=spec.size%3D1`)).status).toBe(400);
  });

  it('shows the columns of its definition', async () => {
    const additionalPrinterColumns = [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }];
    await serve([version({ additionalPrinterColumns })]);
    await client.post(widgets, widget({ spec: { size: 7 } }));
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    const body: unknown = (await client.get(widgets, { accept })).body;
    expect(body).toMatchObject({
      columnDefinitions: [{ name: 'Name' }, { name: 'Size' }],
      rows: [{ cells: ['one', 7] }],
    });
  });

  it('is shown in each served version, with later defaults, without being written', async () => {
    await serve([version(), version({ name: 'v2', storage: false })]);
    await client.post(widgets, widget({ spec: {} }));
    const other = widgets.replace('/v1/', '/v2/');
    expect((await client.get(`${other}/one`)).body).toMatchObject({ apiVersion: 'example.com/v2' });
    const path = '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/size/default';
    await client.patch(`${definitions}/${name}`, [{ op: 'add', path, value: 9 }], 'json');
    const body: unknown = (
      await until(
        () => client.get(`${widgets}/one`),
        ({ body: read }) => (read as { spec: { size?: number } }).spec.size !== undefined,
      )
    ).body;
    expect(body).toMatchObject({ metadata: { generation: 1 }, spec: { size: 9, color: 'red' } });
  });

  it('is not converted by a webhook: that is said', async () => {
    const webhook = { conversionReviewVersions: ['v1'], clientConfig: { url: 'https://127.0.0.1/' } };
    await serve([version(), version({ name: 'v2', storage: false })], {
      conversion: { strategy: 'Webhook', webhook },
    });
    expect((await client.post(widgets, widget())).status).toBe(201);
    const told = refusal(await client.get(`${widgets.replace('/v1/', '/v2/')}/one`));
    expect(told.code).toBe(500);
    expect(told.message).toContain('conversion webhook');
  });
});
