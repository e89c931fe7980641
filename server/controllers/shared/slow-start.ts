/**
 * Runs `work` `count` times, in batches of 1, 2, 4 …: a batch with a failure is the last, so that a refusal that all
 * will meet is met once and not `count` times. Gives how many succeeded, and the first failure.
 */
export async function slowStart(
  count: number,
  work: (index: number) => Promise<void>,
): Promise<{ readonly succeeded: number; readonly error: unknown }> {
  let succeeded = 0;
  for (let size = 1, done = 0; done < count; size *= 2) {
    const batch = Array.from({ length: Math.min(size, count - done) }, (_, i) => work(done + i));
    const results = await Promise.allSettled(batch);
    done += batch.length;
    succeeded += results.filter((result) => result.status === 'fulfilled').length;
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) return { succeeded, error: failed.reason };
  }
  return { succeeded, error: undefined };
}
