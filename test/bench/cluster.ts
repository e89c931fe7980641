import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { image } from '../e2e/cluster.ts';
import { labUp, type Lab, type LabHost } from '../lab/lab.ts';
import { Connection } from './http-client.ts';
import { quantile } from './measure.ts';
import { withOwnServer, type OwnServer } from './own-server.ts';
import { idleRows, localProcess, type ReadProcess } from './process.ts';
import type { BenchRow } from './row.ts';

const podCount = 15;
const pollMs = 20;
const waitMsMax = 60_000;

/** One real host on a lab of its own: how fast it joins, how fast its pods run, and what server and agent take when idle. */
export async function clusterBench(): Promise<BenchRow[]> {
  const lab = await labUp({ name: 'bench', hosts: 1 });
  try {
    return await withOwnServer([], async (server) => {
      const connection = await Connection.open(server.target);
      try {
        return await measureCluster(lab, server, connection);
      } finally {
        connection.close();
      }
    });
  } finally {
    await lab.down();
  }
}

async function measureCluster(lab: Lab, server: OwnServer, connection: Connection): Promise<BenchRow[]> {
  const host = lab.host(1);
  // The image comes before the host does: Docker is all that it needs.
  await host.mustExec('docker load -q', { input: await archive() });
  const joined = await joinTime(lab, host, connection);
  const rows = [joined, await podStart(host, connection)];
  return [
    ...rows,
    ...(await idleRows('server with a host', localProcess(server.pid))),
    ...(await idleRows('agent', agentProcess(host))),
  ];
}

async function archive(): Promise<Buffer> {
  return readFile(await image('test/lab/images/busybox'));
}

async function joinTime(lab: Lab, host: LabHost, connection: Connection): Promise<BenchRow> {
  const ssh = { host: host.address, user: 'root', identityFile: lab.keyFile, hostKey: host.hostKey };
  const object = {
    apiVersion: 'flotilla.dev/v1alpha1',
    kind: 'Host',
    metadata: { name: host.name },
    spec: { ssh },
  };
  const started = performance.now();
  await create(connection, '/apis/flotilla.dev/v1alpha1/hosts', object);
  await until(connection, `/api/v1/nodes/${host.name}`, (node) =>
    conditionsOf(node).some((each) => each.type === 'Ready' && each.status === 'True'),
  );
  return { name: 'a host with Docker: added to Ready', value: seconds(started), unit: 's' };
}

async function podStart(host: LabHost, connection: Connection): Promise<BenchRow> {
  const pods = '/api/v1/namespaces/default/pods';
  await until(connection, '/api/v1/namespaces/default/serviceaccounts/default', () => true);
  const times: number[] = [];
  for (let i = 0; i < podCount; i++) {
    const container = {
      name: 'main',
      image: 'busybox:1',
      imagePullPolicy: 'Never',
      command: ['sleep', '3600'],
    };
    const spec = { containers: [container], terminationGracePeriodSeconds: 0 };
    const started = performance.now();
    await create(connection, pods, { apiVersion: 'v1', kind: 'Pod', metadata: { name: `bench-${i}` }, spec });
    await until(connection, `${pods}/bench-${i}`, (pod) =>
      conditionsOf(pod).some((each) => each.type === 'Ready' && each.status === 'True'),
    );
    times.push(performance.now() - started);
  }
  await connection.call({ method: 'DELETE', path: `${pods}?gracePeriodSeconds=0` });
  times.sort((a, b) => a - b);
  return {
    name: 'a pod, its image there: created to Ready, p50',
    value: Math.round(quantile(times, 0.5)),
    unit: 'ms',
    limit: await dockerAlone(host),
    note: `p99 ${quantile(times, 0.99).toFixed(0)} ms; limit: docker run on that host`,
  };
}

/** Milliseconds that Docker takes for one container without a network, measured on the host itself. */
async function dockerAlone(host: LabHost): Promise<number> {
  const loop =
    'for i in 1 2 3 4 5; do a=$(date +%s%N); docker run -d --network none --name limit$i busybox:1 sleep 60 >/dev/null; ' +
    'b=$(date +%s%N); echo $(( (b - a) / 1000000 )); docker rm -f limit$i >/dev/null; done';
  const times = (await host.mustExec(loop)).trim().split('\n').map(Number);
  return quantile(
    times.sort((a, b) => a - b),
    0.5,
  );
}

function agentProcess(host: LabHost): ReadProcess {
  return (file) =>
    host.mustExec(`cat /proc/$(systemctl show -p MainPID --value flotilla-agent.service)/${file}`);
}

interface Condition {
  readonly type: string;
  readonly status: string;
}

function conditionsOf(object: unknown): readonly Condition[] {
  const { status } = object as { readonly status?: { readonly conditions?: readonly Condition[] } };
  return status?.conditions ?? [];
}

async function create(connection: Connection, path: string, object: object): Promise<void> {
  const body = Buffer.from(JSON.stringify(object));
  const reply = await connection.call({ method: 'POST', path, body, keepBody: true });
  if (reply.status !== 201)
    throw new Error(`Cannot create at ${path}: ${reply.status} ${reply.body.toString()}`);
}

async function until(
  connection: Connection,
  path: string,
  holds: (object: unknown) => boolean,
): Promise<void> {
  let last = '';
  for (const started = performance.now(); performance.now() - started < waitMsMax;) {
    const reply = await connection.call({ method: 'GET', path, keepBody: true });
    last = reply.body.toString();
    if (reply.status === 200 && holds(JSON.parse(last))) return;
    await sleep(pollMs);
  }
  throw new Error(`${path} did not become what was waited for in ${waitMsMax / 1000} s: ${last}`);
}

function seconds(started: number): number {
  return Math.round((performance.now() - started) / 10) / 100;
}
