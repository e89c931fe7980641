import { setTimeout as sleep } from 'node:timers/promises';
import type { BareServer } from './bare.ts';
import { Connection } from './http-client.ts';
import type { ApiTarget } from './kubeconfig.ts';
import { quantile } from './measure.ts';
import type { BenchRow } from './row.ts';

const watchers = 1_000;
const events = 200;
/** 20 a second: 20,000 deliveries a second. */
const intervalMs = 50;
const mark = Buffer.from('sent-at-');
const markDigits = 16;

/** How long after a write has begun each of 1,000 watchers has its event. */
export async function watchLatency(
  target: ApiTarget,
  namespace: string,
  bare: BareServer | undefined,
): Promise<BenchRow[]> {
  const maps = `/api/v1/namespaces/${namespace}/configmaps`;
  const writer = await Connection.open(target);
  const found = await watchOnce(target, `${maps}?watch=true&resourceVersion=0`, async (stamp, i) => {
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { generateName: 'watched-' },
      data: { stamp, number: String(i), filler: 'x'.repeat(300) },
    };
    const reply = await writer.call({
      method: 'POST',
      path: maps,
      body: Buffer.from(JSON.stringify(object)),
    });
    if (reply.status !== 201) throw new Error(`Cannot write for the watchers: ${reply.status}`);
  });
  await writer.call({ method: 'DELETE', path: maps });
  writer.close();
  const best = bare === undefined ? undefined : await bareLatency(bare);
  const note = `p99 ${quantile(found, 0.99).toFixed(1)} ms, ${events} events, ${1000 / intervalMs} a second, ${found.length} deliveries`;
  return [
    {
      name: `watch, ${watchers} watchers: write to delivery, p50`,
      value: round(quantile(found, 0.5)),
      unit: 'ms',
      limit: best === undefined ? undefined : round(quantile(best, 0.5)),
      note: best === undefined ? note : `${note}; limit's p99 ${quantile(best, 0.99).toFixed(1)} ms`,
    },
  ];
}

async function bareLatency(bare: BareServer): Promise<number[]> {
  const writer = await Connection.open(bare.target);
  const found = await watchOnce(bare.target, '/watch', async (stamp) => {
    await writer.call({ method: 'POST', path: '/event', body: Buffer.from(`${stamp} ${'x'.repeat(900)}\n`) });
  });
  writer.close();
  return found;
}

async function watchOnce(
  target: ApiTarget,
  path: string,
  write: (stamp: string, i: number) => Promise<void>,
): Promise<number[]> {
  const delays: number[] = [];
  const connections: Connection[] = [];
  try {
    for (let opened = 0; opened < watchers; opened += 50) {
      const batch = await Promise.all(Array.from({ length: 50 }, () => Connection.open(target)));
      connections.push(...batch);
      await Promise.all(batch.map((connection) => connection.stream(path, stampReader(delays))));
    }
    await sleep(500);
    const started = performance.now();
    for (let i = 0; i < events; i++) {
      await sleep(Math.max(0, started + i * intervalMs - performance.now()));
      await write(
        `${mark.toString()}${String(Math.round(performance.now() * 1000)).padStart(markDigits, '0')}`,
        i,
      );
    }
    for (let waited = 0; delays.length < watchers * events && waited < 100; waited++) await sleep(100);
  } finally {
    for (const connection of connections) connection.close();
  }
  if (delays.length < watchers * events * 0.999) {
    throw new Error(`only ${delays.length} of ${watchers * events} events were delivered`);
  }
  return delays.sort((a, b) => a - b);
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
