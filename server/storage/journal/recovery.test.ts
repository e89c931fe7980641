import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { systemClock } from '../../../openapi/machinery/clock.ts';
import { silentLogger } from '../../../openapi/machinery/log.ts';
import { MemoryFiles, type Image } from '../../../test/fakes/memory-files.ts';
import type { JsonStore } from './json-store.ts';
import { openJsonStore, type JsonStoreOptions } from './open.ts';
import { RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES } from './record.ts';
import { segmentName } from './segment-names.ts';

const directory = '/store';

function open(files: MemoryFiles, options: Partial<JsonStoreOptions> = {}): Promise<JsonStore> {
  return openJsonStore({
    directory,
    files,
    lock: () => Promise.resolve(() => Promise.resolve()),
    clock: systemClock,
    log: silentLogger,
    segmentBytes: 8192,
    snapshotBytesMin: Infinity,
    ...options,
  });
}

function bytes(text: string): () => Uint8Array {
  return () => Buffer.from(text);
}

type Contents = Record<string, string>;

async function contentsOf(store: JsonStore): Promise<Contents> {
  const { items } = await store.list('');
  return Object.fromEntries(items.map(({ key, value }) => [key, Buffer.from(value).toString()]));
}

/** A store that holds what `write` does, closed, and what it was then. */
async function storeOf(
  write: (store: JsonStore) => Promise<void>,
  options: Partial<JsonStoreOptions> = {},
): Promise<{ image: Image; contents: Contents; revision: number }> {
  const files = new MemoryFiles();
  const store = await open(files, options);
  await write(store);
  const contents = await contentsOf(store);
  const { revision } = store;
  await store.close();
  return { image: files.image(), contents, revision };
}

/** What opening `image` gives: the contents, or the name of the refusal. */
async function reopened(image: Image): Promise<Contents | string> {
  try {
    const store = await open(new MemoryFiles(image));
    const contents = await contentsOf(store);
    await store.close();
    return contents;
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

function changed(image: Image, name: string, change: (bytes: Buffer) => Buffer | undefined): Image {
  const path = `${directory}/${name}`;
  const contents = new Map(image.contents);
  const after = change(Buffer.from(contents.get(path) ?? []));
  if (after === undefined) contents.delete(path);
  else contents.set(path, after);
  return { contents };
}

function contentOf(image: Image, name: string): Buffer {
  return image.contents.get(`${directory}/${name}`) ?? Buffer.alloc(0);
}

/** Where the records begin, and where the last ends. */
function boundsOf(segment: Buffer): number[] {
  const bounds = [SEGMENT_HEADER_BYTES];
  for (
    let at = SEGMENT_HEADER_BYTES;
    at + RECORD_HEADER_BYTES < segment.length && segment.readUInt32LE(at) !== 0;
  ) {
    at += (RECORD_HEADER_BYTES + segment.readUInt32LE(at + 28) + segment.readUInt32LE(at + 32) + 7) & ~7;
    bounds.push(at);
  }
  return bounds;
}

async function writeSome(store: JsonStore, count: number, size = 100, prefix = '/r/'): Promise<void> {
  for (let i = 0; i < count; i++) {
    await store.create(`${prefix}${String(i).padStart(3, '0')}`, bytes(`${i}${'x'.repeat(size)}`));
  }
}

const FIRST = segmentName(1);

describe('recovery', () => {
  it('finds all that was written, through many segments', async () => {
    const { image, contents, revision } = await storeOf(async (store) => {
      await writeSome(store, 200, 300);
      for (let i = 0; i < 50; i++) {
        const found = await store.get(`/r/${String(i).padStart(3, '0')}`);
        await store.delete(found?.key ?? '', found?.modRevision ?? 0);
      }
      await Promise.all(
        Array.from({ length: 100 }, (_, i) => store.create(`/q/${i}`, bytes('y'.repeat(i * 8)))),
      );
    });
    expect([...image.contents.keys()].filter((path) => path.endsWith('.log')).length).toBeGreaterThan(10);
    const store = await open(new MemoryFiles(image));
    expect(await contentsOf(store)).toEqual(contents);
    expect(store.revision).toBe(revision);
    await store.close();
  });

  it('resumes a watch from before the restart', async () => {
    const { image, revision } = await storeOf((store) => writeSome(store, 10));
    const store = await open(new MemoryFiles(image));
    const keys: string[] = [];
    await store.watch('/r/', {
      afterRevision: revision - 3,
      onEvents: (events) => keys.push(...events.map(({ key }) => key)),
    });
    expect(keys).toEqual(['/r/007', '/r/008', '/r/009']);
    await store.close();
  });

  it('does not mind segments that a crash kept from being removed', async () => {
    const files = new MemoryFiles();
    const store = await open(files);
    await writeSome(store, 100, 300);
    const before = files.image();
    await store.snapshot();
    await writeSome(store, 30, 300, '/q/');
    await store.snapshot();
    const contents = await contentsOf(store);
    await store.close();
    const image = changed(files.image(), FIRST, () => contentOf(before, FIRST));
    expect(image.contents.has(`${directory}/${segmentName(2)}`)).toBe(false);
    const again = new MemoryFiles(image);
    expect(await reopened(image)).toEqual(contents);
    const third = await open(again);
    await third.create('/r/more', bytes('x'));
    await third.snapshot();
    await third.close();
    expect(again.image().contents.has(`${directory}/${FIRST}`)).toBe(false);
  });

  it('keeps createRevision and modRevision', async () => {
    const files = new MemoryFiles();
    let store = await open(files);
    const created = await store.create('/r/a', bytes('1'));
    const updated = await store.update('/r/a', created.modRevision, bytes('2'));
    await store.close();
    store = await open(new MemoryFiles(files.image()));
    expect(await store.get('/r/a')).toMatchObject({
      createRevision: created.createRevision,
      modRevision: updated.modRevision,
    });
    await store.close();
  });

  const cuts = [
    { name: 'cut off', cut: (segment: Buffer, at: number) => segment.subarray(0, at) },
    { name: 'zero from there on', cut: (segment: Buffer, at: number) => Buffer.from(segment).fill(0, at) },
  ];
  for (const { name, cut } of cuts) {
    it(`starts when the last segment is ${name} at any byte of its last three records`, async () => {
      const { image, contents } = await storeOf((store) => writeSome(store, 6));
      const bounds = boundsOf(contentOf(image, FIRST));
      const keys = Object.keys(contents);
      expect(bounds).toHaveLength(keys.length + 1);
      for (let at = bounds.at(-4) ?? 0; at <= (bounds.at(-1) ?? 0); at++) {
        const files = new MemoryFiles(changed(image, FIRST, (segment) => cut(segment, at)));
        const store = await open(files);
        // Padding is zero anyway: a cut in it loses nothing when it reads as zeros.
        const whole = bounds.filter((bound) => bound <= at).length - 1;
        const found = Object.keys(await contentsOf(store));
        expect(found.length - whole === 0 || (at % 8 !== 0 && found.length - whole === 1)).toBe(true);
        expect(found).toEqual(keys.slice(0, found.length));
        const isClean = bounds.includes(at) || found.length > whole;
        expect([...files.image().contents.keys()].some((path) => path.endsWith('.broken'))).toBe(!isClean);
        await store.create('/r/later', bytes('z'));
        await store.close();
        expect(await reopened(files.image())).toEqual({ ...(await contentsOf(store)) });
      }
    }, 60_000);
  }

  it('starts when any sectors of the last write are missing, with a first part of it', async () => {
    const before = await storeOf((store) => writeSome(store, 3));
    const kept = Object.keys(before.contents).length;
    const start = boundsOf(contentOf(before.image, FIRST)).at(-1) ?? 0;
    const files = new MemoryFiles(before.image);
    const store = await open(files);
    await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        store.create(`/s/${String(i).padStart(2, '0')}`, bytes('y'.repeat(i * 50))),
      ),
    );
    const keys = Object.keys(await contentsOf(store));
    await store.close();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 16, maxLength: 16 }), async (missing) => {
        const image = changed(files.image(), FIRST, (segment) => {
          for (const [sector, isMissing] of missing.entries()) {
            if (isMissing)
              segment.fill(0, Math.max(start, sector * 512), Math.max(start, (sector + 1) * 512));
          }
          return segment;
        });
        const found = await reopened(image);
        const foundKeys = Object.keys(found);
        expect(typeof found).toBe('object');
        expect(foundKeys.length).toBeGreaterThanOrEqual(kept);
        expect(foundKeys).toEqual(keys.slice(0, foundKeys.length));
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});

describe('recovery refuses', () => {
  const flips = [
    { name: 'a sealed segment', segment: 1 },
    { name: 'the last segment', segment: 3 },
  ];
  for (const { name, segment } of flips) {
    it(`a flipped bit in any byte of ${name}, naming the file`, async () => {
      const { image } = await storeOf((store) => writeSome(store, 70, 250));
      const file = segmentName(segment);
      const end = boundsOf(contentOf(image, file)).at(-1) ?? 0;
      expect(image.contents.has(`${directory}/${segmentName(4)}`)).toBe(false);
      for (let at = 0; at < end; at += segment === 3 ? 1 : 5) {
        const found = await reopened(
          changed(image, file, (content) => {
            content.writeUInt8((content[at] ?? 0) ^ (1 << ((at * 7) % 8)), at);
            return content;
          }),
        );
        expect(found).toMatch(/^CorruptStoreError: .*journal-000000000\d\.log at offset \d+: /);
      }
    }, 120_000);
  }

  it('nothing for a flipped bit behind the last record, and loses nothing', async () => {
    const { image, contents } = await storeOf((store) => writeSome(store, 5));
    const end = boundsOf(contentOf(image, FIRST)).at(-1) ?? 0;
    for (const at of [end, end + 1, end + 39, end + 40, end + 500, 8191]) {
      const found = await reopened(
        changed(image, FIRST, (content) => {
          content.writeUInt8(16, at);
          return content;
        }),
      );
      expect(found).toEqual(contents);
    }
  });

  const damages: { name: string; damage: (image: Image, other: Image) => Image; want: RegExp }[] = [
    {
      name: 'a missing segment in the middle',
      damage: (image) => changed(image, segmentName(2), () => undefined),
      want: /CorruptStoreError: .*journal-0000000002\.log at offset 0: the file is missing/,
    },
    {
      name: 'a missing first segment',
      damage: (image) => changed(image, FIRST, () => undefined),
      want: /CorruptStoreError: .*journal-0000000002.*what was written from 1001 on is missing/,
    },
    {
      name: 'a missing last segment',
      damage: (image) => changed(image, segmentName(3), () => undefined),
      want: /CorruptStoreError: .*journal-0000000003\.log at offset 0: the file is missing/,
    },
    {
      name: 'two segments that were swapped',
      damage: (image) => {
        const one = contentOf(image, FIRST);
        const two = contentOf(image, segmentName(2));
        return changed(
          changed(image, FIRST, () => two),
          segmentName(2),
          () => one,
        );
      },
      want: /CorruptStoreError: .*its header says that it is segment 2, its name says 1/,
    },
    {
      name: 'the segment of another store',
      damage: (image, other) => changed(image, segmentName(2), () => contentOf(other, segmentName(2))),
      want: /CorruptStoreError: .*journal-0000000002.*it belongs to the store/,
    },
    {
      name: 'a sealed segment that was cut',
      damage: (image) => changed(image, segmentName(2), (content) => content.subarray(0, 4000)),
      want: /CorruptStoreError: .*journal-0000000002/,
    },
    {
      name: 'a sector that was lost in the middle of the last segment, though it looks like a torn write',
      damage: (image) => changed(image, segmentName(3), (content) => content.fill(0, 1024, 1536)),
      want: /CorruptStoreError: .*journal-0000000003\.log at offset \d+: /,
    },
    {
      name: 'a segment that is longer than it says',
      damage: (image) =>
        changed(image, segmentName(3), (content) => Buffer.concat([content, Buffer.alloc(1)])),
      want: /CorruptStoreError: .*longer than its header says/,
    },
    {
      name: 'a file that is no segment',
      damage: (image) => changed(image, segmentName(3), () => Buffer.from('hello')),
      want: /CorruptStoreError: .*journal-0000000003.*shorter than its header/,
    },
  ];
  for (const { name, damage, want } of damages) {
    it(name, async () => {
      const { image } = await storeOf((store) => writeSome(store, 70, 250));
      const other = await storeOf((store) => writeSome(store, 70, 250));
      const damaged = damage(image, other.image);
      const files = new MemoryFiles(damaged);
      await expect(open(files)).rejects.toThrow();
      expect(await reopened(damaged)).toMatch(want);
      expect(files.image()).toEqual(damaged);
    });
  }

  it('a journal that ends before the snapshot', async () => {
    const early = await storeOf((store) => writeSome(store, 5));
    const files = new MemoryFiles(early.image);
    const store = await open(files);
    await store.create('/r/x', bytes('x'));
    await store.snapshot();
    await store.close();
    const image = changed(files.image(), FIRST, () => contentOf(early.image, FIRST));
    expect(await reopened(image)).toMatch(
      /CorruptStoreError: .*ends at revision 1005, and the snapshot has revision 1006/,
    );
  });

  it('a snapshot without a journal', async () => {
    const { image } = await storeOf(async (store) => {
      await writeSome(store, 5);
      await store.snapshot();
    });
    expect(await reopened(changed(image, FIRST, () => undefined))).toMatch(
      /there is a snapshot, but no journal/,
    );
  });

  it('a segment of a newer format, and says so', async () => {
    const { image } = await storeOf((store) => writeSome(store, 5));
    const { crc32 } = await import('node:zlib');
    const newer = changed(image, FIRST, (content) => {
      content.writeUInt32LE(2, 8);
      content.writeUInt32LE(crc32(content.subarray(0, 60)), 60);
      return content;
    });
    expect(await reopened(newer)).toMatch(
      /^NewerFormatError: .*format 2.*Start the version of Flotilla that wrote it/,
    );
  });
});

describe('a snapshot', () => {
  async function withSnapshots(count: number): Promise<{ image: Image; contents: Contents }> {
    return storeOf(async (store) => {
      for (let round = 0; round < count; round++) {
        for (let i = 0; i < 60; i++) await store.create(`/r/${round}/${i}`, bytes(`${i}${'x'.repeat(250)}`));
        await store.snapshot();
      }
      await store.create('/r/last', bytes('after all snapshots'));
    });
  }
  const snapshotsOf = (image: Image): string[] =>
    [...image.contents.keys()].filter((path) => path.endsWith('.jsonl')).sort();

  it('stands for the segments before the one before it, which go', async () => {
    const { image, contents } = await withSnapshots(3);
    expect(snapshotsOf(image).map((path) => path.slice(directory.length + 1))).toEqual([
      'snapshot-0000000000001120.jsonl',
      'snapshot-0000000000001180.jsonl',
    ]);
    expect(image.contents.has(`${directory}/${FIRST}`)).toBe(false);
    expect(await reopened(image)).toEqual(contents);
  });

  it('is lines that say what they are', async () => {
    const { image } = await storeOf(async (store) => {
      await store.create('/r/a', bytes('{"kind":"Pod"}'));
      await store.snapshot();
    });
    const lines = (image.contents.get(snapshotsOf(image)[0] ?? '') ?? Buffer.alloc(0)).toString().split('\n');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ format: 1, revision: 1001, count: 1 });
    expect(JSON.parse(lines[1] ?? '')).toEqual({ key: '/r/a', created: 1001, modified: 1001, bytes: 14 });
    expect(lines[2]).toBe('{"kind":"Pod"}');
    expect(lines[4]).toBe('');
  });

  it('keeps any bytes and any key, and values larger than its blocks', async () => {
    const large = Buffer.alloc(700_000, '\n').toString();
    const files = new MemoryFiles();
    const options = { segmentBytes: 16 * 1024 * 1024 };
    const store = await open(files, options);
    await store.create('/r/é😀"\\', bytes('\n\0\r\n{'));
    for (let i = 0; i < 9; i++) await store.create(`/r/large${i}`, bytes(large + large));
    await store.create('/r/empty', bytes(''));
    await store.snapshot();
    const contents = await contentsOf(store);
    await store.close();
    expect(await reopened(files.image())).toEqual(contents);
  });

  it('counts what is older as compacted after a restart', async () => {
    const { image } = await withSnapshots(1);
    const store = await open(new MemoryFiles(image));
    expect(store.compactedRevision).toBe(1060);
    await expect(store.list('', { revision: 1059 })).rejects.toMatchObject({ name: 'CompactedError' });
    expect((await store.list('', { revision: 1060 })).items).toHaveLength(60);
    await store.close();
  });

  it('is passed over for the one before when any byte of it is damaged', async () => {
    const { image, contents } = await withSnapshots(2);
    const newest = (snapshotsOf(image)[1] ?? '').slice(directory.length + 1);
    const size = contentOf(image, newest).byteLength;
    for (let at = 0; at < size; at += 101) {
      const damaged = changed(image, newest, (content) => {
        content.writeUInt8((content[at] ?? 0) ^ (1 << (at % 8)), at);
        return content;
      });
      expect(await reopened(damaged)).toEqual(contents);
    }
  }, 60_000);

  it('can be passed over wherever it and the one before it stand in the journal', async () => {
    for (let count = 1; count < 60; count++) {
      const { image, contents } = await storeOf(async (store) => {
        for (let i = 0; i < 3; i++) {
          for (let j = 0; j < count; j++) await store.create(`/r/${i}/${j}`, bytes('x'.repeat(250)));
          await store.snapshot();
        }
      });
      const newest = (snapshotsOf(image)[1] ?? '').slice(directory.length + 1);
      expect(await reopened(image)).toEqual(contents);
      expect(await reopened(changed(image, newest, (content) => content.subarray(0, -1)))).toEqual(contents);
    }
  }, 60_000);

  it('is refused when it is damaged and there is no way without it', async () => {
    const { image } = await withSnapshots(3);
    let damaged = image;
    for (const path of snapshotsOf(image)) {
      damaged = changed(damaged, path.slice(directory.length + 1), (content) => content.subarray(0, -30));
    }
    expect(await reopened(damaged)).toMatch(/^CorruptStoreError: .*snapshot-/);
  });

  it('of a newer format is refused, whatever is before it', async () => {
    const { image } = await withSnapshots(2);
    const newest = (snapshotsOf(image)[1] ?? '').slice(directory.length + 1);
    const newer = changed(image, newest, (content) =>
      Buffer.from(content.toString('latin1').replace('"format":1', '"format":2'), 'latin1'),
    );
    expect(await reopened(newer)).toMatch(/^NewerFormatError: /);
  });

  it('comes by itself when the journal has grown enough, while writes go on', async () => {
    const { image, contents } = await storeOf(
      async (store) => {
        let found = await store.create('/r/a', bytes('0'));
        for (let i = 0; i < 400; i++)
          found = await store.update('/r/a', found.modRevision, bytes('x'.repeat(300)));
      },
      { snapshotBytesMin: 3 * 8192 },
    );
    expect(snapshotsOf(image)).toHaveLength(2);
    expect([...image.contents.keys()].filter((path) => path.endsWith('.log')).length).toBeLessThan(10);
    expect(await reopened(image)).toEqual(contents);
  });
});
