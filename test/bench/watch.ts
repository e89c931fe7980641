import { setTimeout as sleep } from 'node:timers/promises';
import type { BareServer } from './bare.ts';
import { Connection } from './http-client.ts';
import type { ApiTarget } from './kubeconfig.ts';
import { boundText, cpuSeconds, quantile } from './measure.ts';
import type { BenchRow } from './row.ts';

const watchers = 1_000;
/** What has not arrived by then is not waited for. */
const patienceMs = 30_000;

interface Load {
  readonly events: number;
  /** 0: as fast as the answers come. */
  readonly intervalMs: number;
  readonly writers: number;
}

/** 10,000 deliveries a second. */
const calm: Load = { events: 100, intervalMs: 100, writers: 1 };
const fullSpeed: Load = { events: 1_000, intervalMs: 0, writers: 16 };
const mark = Buffer.from('sent-at-');
const markDigits = 16;

/** How long after a write has begun each of 1,000 watchers has its event. */
export async function watchLatency(
  target: ApiTarget,
  namespace: string,
  bare: BareServer | undefined,
): Promise<BenchRow[]> {
  const found = await watchApi(target, namespace, calm);
  const best = bare === undefined ? undefined : await watchBare(bare, calm);
  const rate = `${calm.events} events, ${1000 / calm.intervalMs} a second`;
  const about = `${rate}${shareText(found)}${boundText(found.ownShare)}`;
  return ([0.5, 0.99] as const).map((part) => ({
    name: `watch, ${watchers} watchers: write to delivery, p${part * 100}`,
    value: round(quantile(found.delays, part)),
    unit: 'ms',
    limit: best === undefined ? undefined : round(quantile(best.delays, part)),
    note: about,
  }));
}

/** How many events reach watchers when the writers do not wait. */
export async function watchThroughput(
  target: ApiTarget,
  namespace: string,
  bare: BareServer | undefined,
): Promise<BenchRow[]> {
  const found = await watchApi(target, namespace, fullSpeed);
  const best = bare === undefined ? undefined : await watchBare(bare, fullSpeed);
  return [
    {
      name: `watch, ${watchers} watchers: deliveries`,
      value: Math.round(found.perSecond),
      unit: '/s',
      limit: best === undefined ? undefined : Math.round(best.perSecond),
      note: `${fullSpeed.events} events by ${fullSpeed.writers} writers${shareText(found)}${boundText(found.ownShare)}`,
    },
  ];
}

async function watchApi(target: ApiTarget, namespace: string, load: Load): Promise<Watched> {
  const maps = `/api/v1/namespaces/${namespace}/configmaps`;
  // What a run that was cut off left would be told to each watcher as new.
  await deleteAll(target, maps);
  const found = await watchOnce(target, `${maps}?watch=true`, load, async (writer, stamp, i) => {
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { generateName: 'watched-' },
      data: { stamp, number: String(i), filler: 'x'.repeat(300) },
    };
    const body = Buffer.from(JSON.stringify(object));
    const reply = await writer.call({ method: 'POST', path: maps, body });
    if (reply.status !== 201) throw new Error(`Cannot write for the watchers: ${reply.status}`);
  });
  await deleteAll(target, maps);
  return found;
}

async function deleteAll(target: ApiTarget, path: string): Promise<void> {
  const connection = await Connection.open(target);
  await connection.call({ method: 'DELETE', path });
  connection.close();
}

function watchBare({ target }: BareServer, load: Load): Promise<Watched> {
  return watchOnce(target, '/watch', load, async (writer, stamp) => {
    const body = Buffer.from(`${stamp} ${'x'.repeat(900)}\n`);
    await writer.call({ method: 'POST', path: '/event', body });
  });
}

function shareText({ share }: Watched): string {
  return share >= 1 ? '' : `; ${(share * 100).toFixed(1)} % arrived within ${patienceMs / 1000} s`;
}

interface Watched {
  /** From the beginning of a write to its delivery, sorted. */
  readonly delays: readonly number[];
  readonly perSecond: number;
  /** How much of all arrived in time: a server may drop watchers that fall behind. */
  readonly share: number;
  readonly ownShare: number;
}

type WriteEvent = (writer: Connection, stamp: string, i: number) => Promise<void>;

async function watchOnce(target: ApiTarget, path: string, load: Load, write: WriteEvent): Promise<Watched> {
  const delays: number[] = [];
  const connections: Connection[] = [];
  try {
    for (let opened = 0; opened < watchers; opened += 50) {
      const batch = await openAll(target, 50);
      connections.push(...batch);
      await Promise.all(batch.map((connection) => connection.stream(path, stampReader(delays))));
    }
    const writers = await openAll(target, load.writers);
    connections.push(...writers);
    await sleep(500);
    const cpuBefore = process.cpuUsage();
    const started = performance.now();
    await writeAll(writers, load, write);
    const wanted = watchers * load.events;
    const patience = performance.now() + patienceMs;
    while (delays.length < wanted && performance.now() < patience) await sleep(5);
    const seconds = (performance.now() - started) / 1000;
    const ownShare = cpuSeconds(cpuBefore) / seconds;
    const share = delays.length / wanted;
    return { delays: delays.sort((a, b) => a - b), perSecond: delays.length / seconds, share, ownShare };
  } finally {
    for (const connection of connections) connection.close();
  }
}

function openAll(target: ApiTarget, count: number): Promise<Connection[]> {
  return Promise.all(Array.from({ length: count }, () => Connection.open(target)));
}

async function writeAll(
  writers: readonly Connection[],
  { events, intervalMs }: Load,
  write: WriteEvent,
): Promise<void> {
  const started = performance.now();
  let next = 0;
  await Promise.all(
    writers.map(async (writer) => {
      while (next < events) {
        const i = next++;
        if (intervalMs > 0) await sleep(Math.max(0, started + i * intervalMs - performance.now()));
        const now = String(Math.round(performance.now() * 1000)).padStart(markDigits, '0');
        await write(writer, `${mark.toString()}${now}`, i);
      }
    }),
  );
}

/** Notes the age of each stamp in what comes; a stamp may lie across two chunks. */
function stampReader(delays: number[]): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    const now = performance.now() * 1000;
    const whole = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const length = mark.length + markDigits;
    let at = whole.indexOf(mark);
    let end = 0;
    while (at >= 0 && at + length <= whole.length) {
      delays.push((now - Number(whole.subarray(at + mark.length, at + length).toString('latin1'))) / 1000);
      end = at + length;
      at = whole.indexOf(mark, end);
    }
    rest = Buffer.from(whole.subarray(Math.max(end, at >= 0 ? at : whole.length - length + 1, 0)));
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
