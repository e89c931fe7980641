import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { systemClock, type Clock } from '../../../openapi/machinery/clock.ts';
import { silentLogger } from '../../../openapi/machinery/log.ts';
import { FakeClock } from '../../../test/fakes/clock.ts';
import { failure, MemoryFiles, type Call, type Image } from '../../../test/fakes/memory-files.ts';
import type { JsonStore } from './json-store.ts';
import { openJsonStore } from './open.ts';

function open(
  files: MemoryFiles,
  snapshotBytesMin = Infinity,
  clock: Clock = systemClock,
): Promise<JsonStore> {
  return openJsonStore({
    directory: '/store',
    files,
    clock,
    snapshotBytesMin,
    log: silentLogger,
    segmentBytes: 8192,
    lock: () => Promise.resolve(() => Promise.resolve()),
  });
}

function bytes(text: string): () => Uint8Array {
  return () => Buffer.from(text);
}

function isCommit({ what, path }: Call): boolean {
  return what === 'write' && path.endsWith('.log');
}

describe('when a commit cannot be written', () => {
  const faults = [
    { name: 'EIO', fault: () => failThe('EIO') },
    { name: 'EROFS', fault: () => failThe('EROFS') },
    { name: 'a short write and then ENOSPC', fault: () => 100 },
  ];
  function failThe(code: string): never {
    throw failure(code, 'journal');
  }
  for (const { name, fault } of faults) {
    it(`(${name}) acknowledges neither it nor anything after it, and goes on reading`, async () => {
      const files = new MemoryFiles();
      const store = await open(files);
      const kept = await store.create('/r/kept', bytes('1'));
      const told: string[] = [];
      await store.watch('/r/', {
        afterRevision: store.revision,
        onEvents: (events) => told.push(...events.map(({ key }) => key)),
      });
      let faults = 0;
      files.before = (call) => (isCommit(call) && faults++ === 0 ? fault() : undefined);
      const outcomes = await Promise.allSettled([
        store.create('/r/a', bytes('x'.repeat(300))),
        store.create('/r/a', bytes('y')),
        store.update('/r/kept', kept.modRevision, bytes('z')),
      ]);
      const later = await Promise.allSettled([
        store.create('/r/b', bytes('b')),
        store.delete('/r/kept', kept.modRevision),
      ]);
      for (const outcome of [...outcomes, ...later]) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'ReadOnlyError' } });
      }
      expect(told).toEqual([]);
      expect(store.health()).toContain('takes no more writes');
      expect(await store.get('/r/kept')).toBe(kept);
      expect(store.revision).toBe(kept.modRevision);
      await store.close();
      const again = await open(new MemoryFiles(files.image()));
      expect((await again.list('')).items.map(({ key }) => key)).toEqual(['/r/kept']);
      expect(again.health()).toBeUndefined();
      await again.create('/r/b', bytes('b'));
      await again.close();
    });
  }
});

describe('when the disk is full', () => {
  it('takes deletions only, says so, and takes all again when there is room', async () => {
    const files = new MemoryFiles();
    const clock = new FakeClock();
    let store = await open(files, Infinity, clock);
    let isFull = true;
    files.before = ({ what, path }) => {
      if (isFull && what === 'write' && path.endsWith('.tmp')) throw failure('ENOSPC', path);
      return undefined;
    };
    const made: string[] = [];
    const refused = async (): Promise<unknown> => {
      for (let i = 0; i < 100; i++) {
        try {
          await store.create(`/r/${String(made.length)}`, bytes('x'.repeat(300)));
          made.push(`/r/${String(made.length)}`);
        } catch (error) {
          return error;
        }
      }
      return undefined;
    };
    expect(await refused()).toMatchObject({
      name: 'ReadOnlyError',
      message: expect.stringContaining('no more than deletions: no room for the journal') as unknown,
    });
    expect(made.length).toBeGreaterThan(2);
    expect(store.health()).toContain('ENOSPC');
    const first = await store.get('/r/0');
    await store.delete('/r/0', first?.modRevision ?? 0);
    await clock.advance(10_000);
    expect(await refused()).toMatchObject({ name: 'ReadOnlyError' });
    isFull = false;
    await clock.advance(10_000);
    expect(store.health()).toBeUndefined();
    expect(await refused()).toBeUndefined();
    await store.close();
    store = await open(new MemoryFiles(files.image()));
    expect(await store.count('')).toBe(made.length - 1);
    await store.close();
  });

  it('makes room by a snapshot, which frees segments', async () => {
    const files = new MemoryFiles();
    const clock = new FakeClock();
    const store = await open(files, Infinity, clock);
    let found = await store.create('/r/a', bytes('0'));
    const update = async (): Promise<void> => {
      found = await store.update('/r/a', found.modRevision, bytes('x'.repeat(500)));
    };
    const limit = 8 * 8192;
    files.before = ({ what, path, bytes: more }) => {
      const used = [...files.image().contents.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
      if (what === 'write' && path.endsWith('.tmp') && used + more > limit) throw failure('ENOSPC', path);
      return undefined;
    };
    let refusals = 0;
    for (let i = 0; i < 500; i++) {
      await update().catch(async () => {
        refusals++;
        await clock.advance(5000);
      });
    }
    expect(refusals).toBeGreaterThan(0);
    expect(refusals).toBeLessThan(50);
    await store.close();
    const again = await open(new MemoryFiles(files.image()));
    expect((await again.get('/r/a'))?.modRevision).toBe(found.modRevision);
    await again.close();
  });

  it('goes on without a snapshot that cannot be written', async () => {
    const files = new MemoryFiles();
    const store = await open(files, 8192);
    files.before = ({ what, path }) => {
      if (what === 'write' && path.includes('snapshot-')) throw failure('EIO', path);
      return undefined;
    };
    for (let i = 0; i < 100; i++) await store.create(`/r/${i}`, bytes('x'.repeat(300)));
    await expect(store.snapshot()).rejects.toThrow('EIO');
    await store.close();
    const again = await open(new MemoryFiles(files.image()));
    expect(await again.count('')).toBe(100);
    expect([...files.image().contents.keys()].filter((path) => path.includes('snapshot'))).toEqual([]);
    await again.close();
  });
});

/** What one key was told to be. */
interface Known {
  readonly text: string | undefined;
  readonly revision: number;
}

/** Writes to `store` from several sides until it stops answering; notes what was acknowledged, and what was asked for. */
function load(
  store: JsonStore,
  choose: (below: number) => number,
): { known: Map<string, Known>; asked: Set<string> } {
  const known = new Map<string, Known>();
  const asked = new Set<string>();
  let count = 0;
  async function write(key: string): Promise<void> {
    const text = `${key} ${count++} ${'x'.repeat(choose(200))}`;
    const found = await store.get(key);
    if (found === undefined) {
      asked.add(text);
      const { modRevision } = await store.create(key, bytes(text));
      known.set(key, { text, revision: modRevision });
    } else if (choose(4) === 0) {
      const { revision } = await store.delete(key, found.modRevision);
      known.set(key, { text: undefined, revision });
    } else {
      asked.add(text);
      const { modRevision } = await store.update(key, found.modRevision, bytes(text));
      known.set(key, { text, revision: modRevision });
    }
  }
  for (let writer = 0; writer < 6; writer++) {
    void (async () => {
      for (let i = 0; i < 400; i++) {
        await write(`/r/${writer}/${choose(5)}`);
        if (choose(60) === 0) await store.compact(store.revision);
      }
    })().catch(() => undefined);
  }
  return { known, asked };
}

/** Pulls the plug at the call number `calls` of a store under load. Gives what the disk has then, and what was promised. */
async function crashAfter(
  calls: number,
  image: Image | undefined,
  choose: (below: number) => number,
): Promise<{ image: Image; known: Map<string, Known>; asked: Set<string>; lowest: number }> {
  const files = new MemoryFiles(image);
  let seen = 0;
  const crashed = new Promise<Image>((resolve) => {
    files.before = () => {
      if (++seen === calls) resolve(files.crash(choose));
      return undefined;
    };
  });
  const opening = open(files, 2 * 8192);
  const promised = opening.then((store) => ({ ...load(store, choose), lowest: store.revision }));
  const nothing = { known: new Map<string, Known>(), asked: new Set<string>(), lowest: 0 };
  const after = await crashed;
  // A crash while opening: nothing was promised, and the opening never ends.
  const result = await Promise.race([promised, new Promise<typeof nothing>((r) => setImmediate(r, nothing))]);
  return { image: after, ...result };
}

describe('a power cut at any call', () => {
  it('loses nothing that was acknowledged, tells of nothing that was not asked for, and needs nobody to start again', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 3 }),
        fc.gen(),
        async (cuts, gen) => {
          const choose = (below: number): number => gen(fc.nat, { max: below - 1 });
          let image: Image | undefined;
          const known = new Map<string, Known>();
          const asked = new Set<string>();
          let newest = 0;
          for (const cut of cuts) {
            const result = await crashAfter(cut, image, choose);
            ({ image } = result);
            expect(result.lowest === 0 || result.lowest >= newest).toBe(true);
            for (const [key, value] of result.known) known.set(key, value);
            for (const text of result.asked) asked.add(text);
            const store = await open(new MemoryFiles(image));
            for (const [key, { text, revision }] of known) {
              newest = Math.max(newest, revision);
              const found = await store.get(key);
              const foundText = found === undefined ? undefined : Buffer.from(found.value).toString();
              if (foundText === text) continue;
              // Something later had been asked for when the plug was pulled, and may have happened.
              if (found === undefined) expect(store.revision).toBeGreaterThan(revision);
              else expect(found.modRevision > revision && asked.has(foundText ?? '')).toBe(true);
            }
            for (const { value } of (await store.list('')).items) {
              expect(asked.has(Buffer.from(value).toString())).toBe(true);
            }
            expect(store.revision).toBeGreaterThanOrEqual(newest);
            await store.close();
          }
        },
      ),
      { numRuns: 150 },
    );
  }, 120_000);
});
