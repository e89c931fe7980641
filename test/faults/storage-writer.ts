import { writeSync } from 'node:fs';
import { systemClock } from '../../openapi/machinery/clock.ts';
import { silentLogger } from '../../openapi/machinery/log.ts';
import { openJsonStore, type JsonStoreOptions } from '../../server/storage/journal/open.ts';

/*
 * A process that writes to a store from several sides until it is killed. Each write is said before it is asked for and after it
 * was acknowledged, in lines on standard output that are in the pipe before the process goes on:
 *     ask KEY TEXT | ask KEY - (a deletion)
 *     ack KEY TEXT REVISION
 */
const [directory = '', writers = '8', options = '{}'] = process.argv.slice(2);

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

async function main(): Promise<void> {
  const store = await openJsonStore({
    directory,
    clock: systemClock,
    log: silentLogger,
    ...(JSON.parse(options) as Partial<JsonStoreOptions>),
  });
  say(`open ${store.revision}`);
  let count = 0;
  async function write(key: string): Promise<void> {
    const found = await store.get(key);
    count++;
    const text =
      found !== undefined && count % 7 === 0
        ? '-'
        : `${process.pid}.${count}.${'x'.repeat((count * 131) % 900)}`;
    say(`ask ${key} ${text}`);
    const encode = (): Uint8Array => Buffer.from(text);
    let revision: number;
    if (found === undefined) revision = (await store.create(key, encode)).modRevision;
    else if (text === '-') ({ revision } = await store.delete(key, found.modRevision));
    else revision = (await store.update(key, found.modRevision, encode)).modRevision;
    say(`ack ${key} ${text} ${revision}`);
    if (count % 50 === 0) await store.compact(store.revision);
  }
  await Promise.all(
    Array.from({ length: Number(writers) }, async (_, writer) => {
      for (let i = 0; ; i++) await write(`/r/${writer}/${i % 5}`);
    }),
  );
}

main().catch((error: unknown) => {
  const { name, message } = error as Error;
  say(`end ${name} ${message}`);
});
