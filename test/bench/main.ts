/**
 * `npm run bench [-- NAME… --peer KUBECONFIG --target KUBECONFIG --pods N]`: measures, prints a table, writes .cache/bench.json.
 * --peer plays the same API load on another Kubernetes API server; --target measures that one instead of our own.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { apiBench } from './api.ts';
import { clusterBench } from './cluster.ts';
import { readTarget } from './kubeconfig.ts';
import { apiOnly, withOwnServer } from './own-server.ts';
import { idleRows, localProcess, residentMegabytes } from './process.ts';
import { proxyBench } from './proxy.ts';
import type { BenchRow } from './row.ts';
import { storageBench } from './storage.ts';
import { tableText, type ComparedRow } from './table.ts';

/** Rows come as they are measured, so that a long run shows where it is. */
type Bench = (report: (rows: readonly BenchRow[]) => void) => Promise<void>;

const benches: Readonly<Record<string, Bench>> = {
  storage: async (report) => {
    report(await storageBench());
  },
  api: ownApi,
  proxy: async (report) => {
    report(await proxyBench());
  },
  idle: async (report) => {
    await withOwnServer(apiOnly, async ({ pid }) => {
      report(await idleRows('server alone', localProcess(pid)));
    });
  },
  cluster: async (report) => {
    report(await clusterBench());
  },
};

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    peer: { type: 'string' },
    target: { type: 'string' },
    pods: { type: 'string', default: '10000' },
  },
});
const podCount = Number(options.pods);

async function ownApi(report: Parameters<Bench>[0]): Promise<void> {
  if (options.target !== undefined) {
    await apiBench({ target: await readTarget(options.target), withLimit: true, podCount, report });
    return;
  }
  await withOwnServer(apiOnly, async ({ target, pid }) => {
    await apiBench({ target, withLimit: true, podCount, report });
    const value = await residentMegabytes(localProcess(pid));
    report([{ name: `server after ${podCount} pods: resident memory`, value, unit: 'MB' }]);
  });
}

async function peerRows(): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  if (options.peer === undefined) return found;
  process.stderr.write('api, peer …\n');
  await apiBench({
    target: await readTarget(options.peer),
    withLimit: false,
    podCount,
    report: (rows) => {
      for (const row of rows) found.set(row.name, row.value);
    },
  });
  return found;
}

async function run(name: string, bench: Bench): Promise<ComparedRow[]> {
  process.stderr.write(`${name} …\n`);
  const rows: BenchRow[] = [];
  await bench((some) => {
    rows.push(...some);
    for (const row of some) process.stderr.write(`  ${row.name}: ${row.value} ${row.unit}\n`);
  });
  if (name !== 'api') return rows;
  const peer = await peerRows();
  return rows.map((row) => ({ ...row, peer: peer.get(row.name) }));
}

for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(1));
const unknown = positionals.filter((name) => benches[name] === undefined);
if (unknown.length > 0 || !(podCount >= 1_000)) {
  const what = unknown.length > 0 ? unknown.join(', ') : `with --pods ${options.pods}, under 1000`;
  process.stderr.write(`Cannot measure ${what}: known are ${Object.keys(benches).join(', ')}\n`);
  process.exit(2);
}
const rows: ComparedRow[] = [];
for (const [name, bench] of Object.entries(benches)) {
  if (positionals.length === 0 || positionals.includes(name)) rows.push(...(await run(name, bench)));
}
const file = join(import.meta.dirname, '../../.cache/bench.json');
await mkdir(join(file, '..'), { recursive: true });
await writeFile(file, `${JSON.stringify({ node: process.version, rows }, undefined, 2)}\n`);
process.stdout.write(tableText(rows));
