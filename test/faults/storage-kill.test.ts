import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { systemClock } from '../../openapi/machinery/clock.ts';
import { silentLogger } from '../../openapi/machinery/log.ts';
import { openJsonStore } from '../../server/storage/journal/open.ts';
import { temporaryDirectory } from '../fixtures/temporary-directory.ts';

const cycles = 80;
const storeOptions = { segmentBytes: 256 * 1024, snapshotBytesMin: 512 * 1024 };

let workspace = '';
let writer = '';
let remove: () => Promise<void> = () => Promise.resolve();
beforeAll(async () => {
  ({ path: workspace, remove } = await temporaryDirectory('storage-kill'));
  writer = `${workspace}/writer.mjs`;
  await build({
    entryPoints: [new URL('storage-writer.ts', import.meta.url).pathname],
    outfile: writer,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
});
afterAll(() => remove());

/** What is known of a key from what the writers said. */
interface Key {
  /** Acknowledged last; '-' is a deletion. */
  text: string;
  revision: number;
  /** Asked for since, and not acknowledged. */
  asked: Set<string>;
}

class Ledger {
  readonly keys = new Map<string, Key>();
  newest = 0;
  acknowledged = 0;
  opened = 0;

  read(line: string): void {
    const [what = '', name = '', text = '', revision = ''] = line.split(' ');
    if (what === 'open') {
      this.opened++;
      expect(Number(name)).toBeGreaterThanOrEqual(this.newest);
    }
    if (what !== 'ask' && what !== 'ack') return;
    const key = this.keys.get(name) ?? { text: '-', revision: 0, asked: new Set() };
    this.keys.set(name, key);
    if (what === 'ask') {
      key.asked.add(text);
      return;
    }
    expect(Number(revision)).toBeGreaterThan(key.revision);
    key.text = text;
    key.revision = Number(revision);
    key.asked.clear();
    this.newest = Math.max(this.newest, key.revision);
    this.acknowledged++;
  }
}

function linesOf(child: ChildProcess, onLine: (line: string) => void): Promise<unknown> {
  if (child.stdout === null) throw new Error('the child has no standard output');
  const reader = createInterface({ input: child.stdout });
  reader.on('line', onLine);
  return once(reader, 'close');
}

/** Opens the store and holds it against what was promised. */
async function check(directory: string, ledger: Ledger): Promise<void> {
  const store = await openJsonStore({ directory, clock: systemClock, log: silentLogger, ...storeOptions });
  expect(store.revision).toBeGreaterThanOrEqual(ledger.newest);
  for (const [name, key] of ledger.keys) {
    const found = await store.get(name);
    const text = found === undefined ? '-' : Buffer.from(found.value).toString();
    if (text === key.text) continue;
    expect([name, key.text, [...key.asked]]).toEqual([name, key.text, expect.arrayContaining([text])]);
    if (found !== undefined) expect(found.modRevision).toBeGreaterThan(key.revision);
    key.text = text;
    key.revision = found?.modRevision ?? store.revision;
    key.asked.clear();
  }
  expect(await store.count('')).toBe([...ledger.keys.values()].filter(({ text }) => text !== '-').length);
  ledger.newest = store.revision;
  await store.close();
}

describe('kill -9 of a process that writes', () => {
  it(`loses no acknowledged write in ${cycles} cycles, and revisions only grow`, async () => {
    const directory = `${workspace}/killed`;
    const ledger = new Ledger();
    for (let cycle = 0; cycle < cycles; cycle++) {
      const child = spawn(process.execPath, [writer, directory, '8', JSON.stringify(storeOptions)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      // Every fourth somewhere in its start and recovery, the others in their traffic, however busy the machine is.
      const kill = (): void => void child.kill('SIGKILL');
      let timer = cycle % 4 === 0 ? setTimeout(kill, 40 + Math.random() * 100) : undefined;
      await linesOf(child, (line) => {
        ledger.read(line);
        if (line.startsWith('open')) timer ??= setTimeout(kill, Math.random() * 150);
      });
      clearTimeout(timer);
      if (cycle % 4 === 3) await check(directory, ledger);
    }
    console.log(
      `${cycles} kills, ${ledger.opened} after opening, ${ledger.acknowledged} acknowledged writes, none lost`,
    );
    expect(ledger.opened).toBeGreaterThan(cycles / 2);
    expect(ledger.acknowledged).toBeGreaterThan(cycles * 10);
  });

  it('keeps a second process out while the first lives, and lets it in when that was killed', async () => {
    const directory = `${workspace}/held`;
    const child = spawn(process.execPath, [writer, directory, '1', '{}'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const reading = linesOf(child, (line) => {
      if (line.startsWith('open')) opened();
    });
    let opened: () => void = () => undefined;
    await new Promise<void>((resolve) => (opened = resolve));
    const second = spawnSync(process.execPath, [writer, directory, '1', '{}'], {
      encoding: 'utf8',
      timeout: 5000,
    });
    expect(second.stdout).toContain(`end StoreLockedError Cannot open the store in ${directory}`);
    expect(second.stdout).toContain(`(process ${child.pid ?? 0})`);
    child.kill('SIGKILL');
    await reading;
    await (await openJsonStore({ directory, clock: systemClock, log: silentLogger })).close();
  });
});

describe('a file size limit (short writes, then EFBIG)', () => {
  it('makes the store read-only; what was acknowledged is there, and what was cut off is taken away', async () => {
    const directory = `${workspace}/limited`;
    const ledger = new Ledger();
    const options = { segmentBytes: 1024 * 1024 };
    const store = await openJsonStore({ directory, clock: systemClock, log: silentLogger, ...options });
    await store.create('/first', () => Buffer.from('x'));
    await store.close();
    // In units of 1 KiB, and in the middle of the segment that is there already: a write there comes back short.
    const child = spawn(
      'bash',
      [
        '-c',
        'ulimit -f 97; trap "" XFSZ; exec "$@"',
        '-',
        process.execPath,
        writer,
        directory,
        '8',
        JSON.stringify(options),
      ],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const ends: string[] = [];
    await linesOf(child, (line) => {
      if (line.startsWith('end ')) ends.push(line);
      else ledger.read(line);
    });
    expect(ends).toEqual([expect.stringMatching(/^end ReadOnlyError The store takes no more writes: EFBIG/)]);
    expect(ledger.acknowledged).toBeGreaterThan(20);
    ledger.keys.set('/first', { text: 'x', revision: 1001, asked: new Set() });
    await check(directory, ledger);
    expect((await readdir(directory)).filter((name) => name.endsWith('.broken'))).toHaveLength(1);
  });
});
