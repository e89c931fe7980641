import { open, rm } from 'node:fs/promises';
import { constants } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { systemClock } from '../../openapi/machinery/clock.ts';
import { silentLogger } from '../../openapi/machinery/log.ts';
import type { JsonStore } from '../../server/storage/journal/json-store.ts';
import { openJsonStore } from '../../server/storage/journal/open.ts';
import { temporaryDirectory } from '../fixtures/temporary-directory.ts';
import type { BenchRow } from './row.ts';

/** What a pod with its defaults and managed fields takes. */
const VALUE_BYTES = 4700;
/** What a record adds to it: header, key, padding. */
const RECORD_BYTES = 4784;
const OBJECTS = 100_000;

/**
 * The store alone, without API: durable creates against the same bytes written and flushed in the same number of calls, lists,
 * recovery, memory. Its data go to the directory for temporary files: set TMPDIR to measure another disk.
 */
export async function storageBench(): Promise<BenchRow[]> {
  const { path, remove } = await temporaryDirectory('bench-storage');
  try {
    const rows: BenchRow[] = [];
    const before = memory();
    let store = await openAt(path);
    rows.push(await creates(store, path, 1, 4000));
    rows.push(await creates(store, path, 64, 40_000));
    rows.push(await lists(store, 10_000));
    await fill(store, OBJECTS);
    rows.push(await lists(store, OBJECTS));
    rows.push(await page(store));
    await store.compact(store.revision);
    rows.push(perObject(before), fullCollection());
    await store.close();
    store = await recovery(path, rows, 'recovery of 100,000 objects from the journal');
    await store.snapshot();
    await store.close();
    store = await recovery(path, rows, 'recovery of 100,000 objects from a snapshot');
    await store.close();
    return rows;
  } finally {
    await remove();
  }
}

function openAt(path: string): Promise<JsonStore> {
  return openJsonStore({ directory: `${path}/store`, clock: systemClock, log: silentLogger });
}

let created = 0;

async function createOne(store: JsonStore, template: Buffer): Promise<void> {
  const name = String(created++).padStart(6, '0');
  await store.create(`/registry/pods/namespace-${created % 50}/pod-${name}`, (revision) => {
    template.write(String(revision), 100);
    return template;
  });
}

async function creates(store: JsonStore, path: string, inFlight: number, count: number): Promise<BenchRow> {
  const template = Buffer.alloc(VALUE_BYTES, 'x');
  await raw(path, inFlight, 2000);
  const limit = await raw(path, inFlight, count);
  const delays: number[] = [];
  let left = count;
  const started = performance.now();
  async function writer(): Promise<void> {
    while (left-- > 0) {
      const asked = performance.now();
      await createOne(store, template);
      delays.push(performance.now() - asked);
    }
  }
  await Promise.all(Array.from({ length: inFlight }, writer));
  const seconds = (performance.now() - started) / 1000;
  delays.sort((a, b) => a - b);
  const at = (part: number): string => (delays[Math.floor(delays.length * part)] ?? 0).toFixed(2);
  return {
    name: `durable creates of 4.7 KB, ${inFlight} in flight`,
    value: Math.round(count / seconds),
    unit: '/s',
    limit: Math.round(limit),
    note: `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms; limit: the same bytes, ${inFlight} records a write, in a file of zeros`,
  };
}

/** Records a second when batches of them go to a file that is there already, each flushed. */
async function raw(path: string, batch: number, count: number): Promise<number> {
  const size = 64 * 1024 * 1024;
  const file = await open(`${path}/raw`, constants.O_RDWR | constants.O_CREAT | constants.O_DSYNC, 0o600);
  const zeros = Buffer.alloc(1024 * 1024);
  for (let at = 0; at < size; at += zeros.byteLength) await file.write(zeros, 0, zeros.byteLength, at);
  const bytes = Buffer.alloc(batch * RECORD_BYTES, 'x');
  const started = performance.now();
  let at = 0;
  for (let done = 0; done < count; done += batch) {
    if (at + bytes.byteLength > size) at = 0;
    await file.write(bytes, 0, bytes.byteLength, at);
    at += bytes.byteLength;
  }
  const seconds = (performance.now() - started) / 1000;
  await file.close();
  await rm(`${path}/raw`);
  return count / seconds;
}

async function fill(store: JsonStore, objects: number): Promise<void> {
  const template = Buffer.alloc(VALUE_BYTES, 'x');
  const missing = objects - (await store.count('/registry/pods/'));
  for (let done = 0; done < missing; done += 500) {
    await Promise.all(
      Array.from({ length: Math.min(500, missing - done) }, () => createOne(store, template)),
    );
  }
}

async function lists(store: JsonStore, objects: number): Promise<BenchRow> {
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const started = performance.now();
    const { items } = await store.list('/registry/pods/', objects < OBJECTS ? { limit: objects } : {});
    times.push(performance.now() - started);
    if (items.length < objects) throw new Error(`listed ${items.length} of ${objects} objects`);
  }
  return {
    name: `list of ${objects.toLocaleString('en')} objects (no bytes touched)`,
    value: median(times),
    unit: 'ms',
  };
}

async function page(store: JsonStore): Promise<BenchRow> {
  const { revision } = store;
  await store.create('/registry/configmaps/d/makes-the-page-one-of-the-past', () => Buffer.from('x'));
  const times: number[] = [];
  for (let i = 0; i < 20; i++) {
    const started = performance.now();
    await store.list('/registry/pods/', { revision, limit: 500, startKey: '/registry/pods/namespace-10/' });
    times.push(performance.now() - started);
  }
  return {
    name: 'page of 500 of 100,000 objects, at a revision of the past',
    value: median(times),
    unit: 'ms',
  };
}

async function recovery(path: string, rows: BenchRow[], name: string): Promise<JsonStore> {
  const started = performance.now();
  const store = await openAt(path);
  rows.push({ name, value: Math.round(performance.now() - started), unit: 'ms' });
  if ((await store.count('/registry/pods/')) < OBJECTS)
    throw new Error('objects are missing after the recovery');
  return store;
}

function memory(): number {
  collect();
  return process.memoryUsage.rss();
}

function perObject(before: number): BenchRow {
  const kilobytes = (memory() - before) / OBJECTS / 1000;
  const { heapUsed, external } = process.memoryUsage();
  return {
    name: 'resident memory of an object of 4.7 KB (100,000)',
    value: Number(kilobytes.toFixed(2)),
    unit: 'KB',
    limit: VALUE_BYTES / 1000,
    note: `heap ${Math.round(heapUsed / 1e6)} MB, off heap ${Math.round(external / 1e6)} MB`,
  };
}

function fullCollection(): BenchRow {
  const times = Array.from({ length: 5 }, () => {
    const started = performance.now();
    collect();
    return performance.now() - started;
  });
  return { name: 'full garbage collection with 100,000 objects', value: median(times), unit: 'ms' };
}

/** Runs a full garbage collection, whatever flags the process was started with. */
function collect(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Number((sorted[sorted.length >> 1] ?? 0).toFixed(2));
}
