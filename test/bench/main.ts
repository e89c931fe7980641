/**
 * `npm run bench [-- NAME… --peer KUBECONFIG --target KUBECONFIG]`: measures, prints a table, writes .cache/bench.json.
 * --peer plays the same API load on another Kubernetes API server; --target measures that one instead of our own.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { apiBench } from './api.ts';
import { readTarget } from './kubeconfig.ts';
import { proxyBench } from './proxy.ts';
import { idleRows, residentMegabytes, withOwnServer } from './own-server.ts';
import type { BenchRow } from './row.ts';
import { storageBench } from './storage.ts';
import { tableText, type ComparedRow } from './table.ts';

const benches: Readonly<Record<string, () => Promise<BenchRow[]>>> = {
  storage: storageBench,
  api: ownApi,
  proxy: proxyBench,
  idle: () => withOwnServer((_, server) => idleRows('server', server.pid ?? 0)),
};

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { peer: { type: 'string' }, target: { type: 'string' } },
});

async function ownApi(): Promise<BenchRow[]> {
  if (options.target !== undefined) return apiBench(await readTarget(options.target), true);
  return withOwnServer(async (target, server) => {
    const rows = await apiBench(target, true);
    const pid = server.pid;
    if (pid === undefined) return rows;
    return [
      ...rows,
      { name: 'server after that load: resident memory', value: await residentMegabytes(pid), unit: 'MB' },
    ];
  });
}

async function run(name: string, bench: () => Promise<BenchRow[]>): Promise<ComparedRow[]> {
  process.stderr.write(`${name} …\n`);
  const rows = await bench();
  if (name !== 'api' || options.peer === undefined) return rows;
  process.stderr.write(`${name}, peer …\n`);
  const peer = new Map((await apiBench(await readTarget(options.peer), false)).map((row) => [row.name, row]));
  return rows.map((row) => ({ ...row, peer: peer.get(row.name)?.value }));
}

const unknown = positionals.filter((name) => benches[name] === undefined);
if (unknown.length > 0) {
  process.stderr.write(
    `Cannot measure ${unknown.join(', ')}: known are ${Object.keys(benches).join(', ')}\n`,
  );
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
