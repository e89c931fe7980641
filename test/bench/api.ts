import { startBareServer, type BareServer } from './bare.ts';
import { Connection, type Call } from './http-client.ts';
import type { ApiTarget } from './kubeconfig.ts';
import { boundText, measure, timesText, type Measured } from './measure.ts';
import type { BenchRow } from './row.ts';
import { watchLatency, watchThroughput } from './watch.ts';

const clients = 64;
const listRuns = 5;
const pageRuns = 50;
const pageItems = 500;
const namespace = 'flotilla-bench';
const pods = `/api/v1/namespaces/${namespace}/pods`;

/** A pod as people write them: 1.7 KB, which a server makes about 4.7 KB of. */
function podBody(name: string): Buffer {
  const env = Array.from({ length: 12 }, (_, i) => ({
    name: `SETTING_${i}`,
    value: `value of setting ${i}`,
  }));
  const probe = { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 10 };
  const container = {
    name: 'main',
    image: 'registry.example.com/team/application:1.2.3',
    args: ['--port=8080', '--log-level=info'],
    ports: [{ name: 'http', containerPort: 8080 }],
    env,
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
    readinessProbe: probe,
    livenessProbe: probe,
    volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
  };
  return Buffer.from(
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name,
        labels: { app: 'bench', tier: 'backend', release: 'stable' },
        annotations: { note: 'load' },
      },
      spec: {
        // Nobody takes it: what is measured is the API.
        schedulerName: 'nobody',
        automountServiceAccountToken: false,
        containers: [
          container,
          { ...container, name: 'sidecar', ports: [{ name: 'side', containerPort: 8081 }] },
        ],
        volumes: [{ name: 'scratch', emptyDir: {} }],
      },
    }),
  );
}

export interface ApiBenchOptions {
  readonly target: ApiTarget;
  /** Also against node:https alone, in the same run. */
  readonly withLimit: boolean;
  readonly podCount: number;
  /** Gets rows as they are measured. */
  readonly report: (rows: readonly BenchRow[]) => void;
}

/** Creates, reads, lists and watches against one API server. */
export async function apiBench(options: ApiBenchOptions): Promise<void> {
  const { target, podCount, report } = options;
  const connections = await openAll(target, clients);
  const bare = options.withLimit ? await startBareServer() : undefined;
  try {
    const [first] = connections;
    if (first === undefined) throw new Error('no connection');
    await prepare(first);
    report(await creates(connections, bare, podCount));
    report(await gets(connections, bare, podCount * 2));
    report(await statusPatches(connections, bare, podCount / 2));
    report(await lists(first, bare, podCount));
    report(await watchLatency(target, namespace, bare));
    report(await watchThroughput(target, namespace, bare));
  } finally {
    await connections[0]
      ?.call({ method: 'DELETE', path: `${pods}?gracePeriodSeconds=0` })
      .catch(() => undefined);
    for (const connection of connections) connection.close();
    await bare?.stop();
  }
}

function openAll(target: ApiTarget, count: number): Promise<Connection[]> {
  return Promise.all(Array.from({ length: count }, () => Connection.open(target)));
}

async function prepare(connection: Connection): Promise<void> {
  const meta = (kind: string, name: string): Buffer =>
    Buffer.from(JSON.stringify({ apiVersion: 'v1', kind, metadata: { name } }));
  await connection.call({ method: 'POST', path: '/api/v1/namespaces', body: meta('Namespace', namespace) });
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  await connection.call({ method: 'POST', path: accounts, body: meta('ServiceAccount', 'default') });
  await connection.call({ method: 'DELETE', path: `${pods}?gracePeriodSeconds=0` });
}

async function expectStatus(connection: Connection, call: Call, status: number): Promise<Buffer> {
  const reply = await connection.call(call);
  if (reply.status === status) return reply.body;
  const again = await connection.call({ ...call, keepBody: true });
  throw new Error(
    `Cannot ${call.method} ${call.path}: ${reply.status}, again ${again.status} ${again.body.subarray(0, 500).toString()}`,
  );
}

async function creates(
  connections: readonly Connection[],
  bare: BareServer | undefined,
  podCount: number,
): Promise<BenchRow[]> {
  const run = Math.floor(performance.timeOrigin).toString(36);
  const [first] = connections;
  if (first === undefined) return [];
  const single = await measure([first], 500, async (connection, i) => {
    await expectStatus(connection, { method: 'POST', path: pods, body: podBody(`one-${run}-${i}`) }, 201);
  });
  const many = await measure(connections, podCount - 500, async (connection, i) => {
    await expectStatus(connection, { method: 'POST', path: pods, body: podBody(`pod-${run}-${i}`) }, 201);
  });
  const sample = await sampleOf(first);
  await bare?.setBody('get', sample);
  const limitOf = (workers: number, count: number): Promise<Measured | undefined> =>
    limit(bare, workers, count, { method: 'POST', path: '/create', body: podBody('limit') });
  const note = `the server makes ${sample.length} bytes of ${podBody('x').length}`;
  return [
    rowOf('create a pod, durable, 1 client', single, await limitOf(1, 500)),
    {
      ...rowOf(`create a pod, durable, ${clients} clients`, many, await limitOf(clients, podCount)),
      note: `${timesText(many)}; ${note}`,
    },
  ];
}

async function sampleOf(connection: Connection): Promise<Buffer> {
  const list = await expectStatus(
    connection,
    { method: 'GET', path: `${pods}?limit=1`, keepBody: true },
    200,
  );
  const { items } = JSON.parse(list.toString()) as { items: readonly object[] };
  return Buffer.from(JSON.stringify({ kind: 'Pod', apiVersion: 'v1', ...items[0] }));
}

async function gets(
  connections: readonly Connection[],
  bare: BareServer | undefined,
  getCount: number,
): Promise<BenchRow[]> {
  const [first] = connections;
  if (first === undefined) return [];
  const names = await podNames(first);
  const found = await measure(connections, getCount, async (connection, i) => {
    await expectStatus(connection, { method: 'GET', path: `${pods}/${names[i % names.length] ?? ''}` }, 200);
  });
  return [
    rowOf(
      `get a pod, ${clients} clients`,
      found,
      await limit(bare, clients, getCount, { method: 'GET', path: '/get' }),
    ),
  ];
}

async function podNames(connection: Connection): Promise<readonly string[]> {
  const path = `${pods}?limit=${pageItems}`;
  const list = await expectStatus(connection, { method: 'GET', path, keepBody: true }, 200);
  const { items } = JSON.parse(list.toString()) as { items: readonly { metadata: { name: string } }[] };
  return items.map((each) => each.metadata.name);
}

/** What an agent says of a pod that runs. */
function statusBody(i: number): Buffer {
  const at = new Date(1.8e12 + i * 1000).toISOString().replace('.000', '');
  const conditions = ['Ready', 'Initialized', 'PodScheduled'].map((type) => ({
    type,
    status: 'True',
    lastTransitionTime: at,
  }));
  const state = { running: { startedAt: at } };
  const image = { image: 'registry.example.com/team/application:1.2.3', imageID: 'sha256:0' };
  const containerStatuses = ['main', 'sidecar'].map((name) => ({
    name,
    ...image,
    ready: true,
    started: true,
    restartCount: i,
    state,
  }));
  const ip = '10.244.1.7';
  const status = {
    phase: 'Running',
    conditions,
    podIP: ip,
    podIPs: [{ ip }],
    startTime: at,
    containerStatuses,
  };
  return Buffer.from(JSON.stringify({ status }));
}

/** As agents write them. */
async function statusPatches(
  connections: readonly Connection[],
  bare: BareServer | undefined,
  count: number,
): Promise<BenchRow[]> {
  const [first] = connections;
  if (first === undefined) return [];
  const names = await podNames(first);
  const contentType = 'application/strategic-merge-patch+json';
  const found = await measure(connections, count, async (connection, i) => {
    const path = `${pods}/${names[i % names.length] ?? ''}/status`;
    await expectStatus(connection, { method: 'PATCH', path, body: statusBody(i), contentType }, 200);
  });
  const best = await limit(bare, clients, count, { method: 'POST', path: '/create', body: statusBody(0) });
  return [rowOf(`patch the status of a pod, ${clients} clients`, found, best)];
}

async function lists(
  connection: Connection,
  bare: BareServer | undefined,
  podCount: number,
): Promise<BenchRow[]> {
  return [
    await listRow(connection, bare, {
      name: `list ${podCount} pods`,
      path: pods,
      runs: listRuns,
      body: 'list',
    }),
    await listRow(connection, bare, {
      name: `list a page of ${pageItems} of ${podCount} pods`,
      path: `${pods}?limit=${pageItems}`,
      runs: pageRuns,
      body: 'page',
    }),
  ];
}

interface ListRun {
  readonly name: string;
  readonly path: string;
  readonly runs: number;
  /** Under which the other server has the same bytes. */
  readonly body: 'list' | 'page';
}

async function listRow(
  connection: Connection,
  bare: BareServer | undefined,
  { name, path, runs, body }: ListRun,
): Promise<BenchRow> {
  const whole = await expectStatus(connection, { method: 'GET', path, keepBody: true }, 200);
  await bare?.setBody(body, whole);
  const found = await measure([connection], runs, async (each) => {
    await expectStatus(each, { method: 'GET', path }, 200);
  });
  const best = await limit(bare, 1, runs, { method: 'GET', path: `/${body}` });
  return {
    name,
    value: round(found.p50Ms),
    unit: 'ms',
    limit: best === undefined ? undefined : round(best.p50Ms),
    note: `${(whole.length / 1e6).toFixed(1)} MB${boundText(found.ownShare)}`,
  };
}

/** The same call against node:https alone. */
async function limit(
  bare: BareServer | undefined,
  workers: number,
  count: number,
  call: Call,
): Promise<Measured | undefined> {
  if (bare === undefined) return undefined;
  const connections = await openAll(bare.target, workers);
  const found = await measure(connections, count, async (connection) => {
    await connection.call(call);
  });
  for (const connection of connections) connection.close();
  return found;
}

function rowOf(name: string, found: Measured, best: Measured | undefined): BenchRow {
  return {
    name,
    value: Math.round(found.perSecond),
    unit: '/s',
    limit: best === undefined ? undefined : Math.round(best.perSecond),
    note: timesText(found),
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
