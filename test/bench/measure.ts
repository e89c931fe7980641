/** What a number of equal tasks took. */
export interface Measured {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How much of one processor the load generator itself took: near 1 it has measured itself. */
  readonly ownShare: number;
}

/** The value below which `part` of the sorted values lie. */
export function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

/** Runs `count` tasks by as many workers as `workers` has, each one task at a time. */
export async function measure<W>(
  workers: readonly W[],
  count: number,
  task: (worker: W, i: number) => Promise<void>,
): Promise<Measured> {
  const delays: number[] = [];
  let next = 0;
  const cpuBefore = process.cpuUsage();
  const started = performance.now();
  await Promise.all(
    workers.map(async (worker) => {
      while (next < count) {
        const i = next++;
        const asked = performance.now();
        await task(worker, i);
        delays.push(performance.now() - asked);
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  const ownShare = cpuSeconds(cpuBefore) / seconds;
  delays.sort((a, b) => a - b);
  return {
    perSecond: count / seconds,
    p50Ms: quantile(delays, 0.5),
    p99Ms: quantile(delays, 0.99),
    ownShare,
  };
}

export function cpuSeconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
}

const fullShare = 0.85;

export function timesText({ p50Ms, p99Ms, ownShare }: Measured): string {
  return `p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms${boundText(ownShare)}`;
}

/** Says when the load generator was what limited the figure. */
export function boundText(ownShare: number): string {
  return ownShare < fullShare ? '' : `; bound by the client, at ${Math.round(ownShare * 100)} % of a core`;
}
