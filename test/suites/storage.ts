import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Storage, StorageEvent, Versioned } from '../../server/storage/storage.ts';

/** Opens a new, empty storage. */
export type OpenStorage = () => Promise<Storage>;

/** The contract of `Storage`. */
export function describeStorage(name: string, open: OpenStorage): void {
  describe(`${name} as a Storage`, () => {
    let storage: Storage;
    beforeEach(async () => {
      storage = await open();
    });
    afterEach(async () => {
      await storage.close();
    });
    const it_ = (title: string, test: (storage: Storage) => Promise<void>): void => {
      it(title, () => test(storage));
    };
    describeWrites(it_);
    describeConcurrentWrites(it_);
    describeLists(it_);
    describeWatches(it_);
    describeCompaction(it_);
    describeClose(it_);
  });
  describe(`${name} against a model`, () => {
    it('answers every history of writes, lists, watches and compactions as a plain map does', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(stepArbitrary, { maxLength: 40 }), (steps) => play(open, steps)),
        {
          numRuns: 60,
        },
      );
    }, 60_000);
  });
}

type It = (title: string, test: (storage: Storage) => Promise<void>) => void;

function bytes(text: string): () => Uint8Array {
  return () => Buffer.from(text);
}

function textOf(found: Versioned | undefined): string | undefined {
  return found === undefined ? undefined : Buffer.from(found.value).toString();
}

function keysOf(found: { readonly items: readonly Versioned[] }): string[] {
  return found.items.map(({ key }) => key);
}

interface Told {
  readonly calls: (readonly StorageEvent[])[];
  readonly progress: number[];
  readonly ends: (Error | undefined)[];
  readonly stop: () => void;
  readonly lines: () => string[];
}

async function watch(storage: Storage, prefix: string, afterRevision = storage.revision): Promise<Told> {
  const calls: (readonly StorageEvent[])[] = [];
  const progress: number[] = [];
  const ends: (Error | undefined)[] = [];
  const stop = await storage.watch(prefix, {
    afterRevision,
    onEvents: (events) => calls.push([...events]),
    onProgress: (revision) => progress.push(revision),
    onEnd: (error) => ends.push(error),
  });
  return { calls, progress, ends, stop, lines: () => calls.flat().map(lineOf) };
}

function lineOf({ type, key, revision, current, previous }: StorageEvent): string {
  return `${type} ${key} ${revision} ${textOf(previous) ?? '-'} > ${textOf(current) ?? '-'}`;
}

function describeWrites(test: It): void {
  test('gives what was created, with the bytes that were encoded for its revision', async (storage) => {
    const before = storage.revision;
    const created = await storage.create('/registry/pods/d/a', (revision) => Buffer.from(`at ${revision}`));
    expect(created.createRevision).toBe(before + 1);
    expect(created.modRevision).toBe(before + 1);
    expect(textOf(created)).toBe(`at ${before + 1}`);
    expect(storage.revision).toBe(before + 1);
    expect(textOf(await storage.get('/registry/pods/d/a'))).toBe(`at ${before + 1}`);
  });
  test('hands out the same object each time', async (storage) => {
    const created = await storage.create('/r/a', bytes('1'));
    expect(await storage.get('/r/a')).toBe(created);
    expect((await storage.list('/r/')).items[0]).toBe(created);
  });
  test('keeps its own copy of the bytes', async (storage) => {
    const scratch = Buffer.from('first');
    const created = await storage.create('/r/a', () => scratch);
    scratch.write('other');
    expect(textOf(created)).toBe('first');
  });
  test('has nothing under a key that was never written', async (storage) => {
    expect(await storage.get('/r/a')).toBeUndefined();
  });
  test('refuses to create what is there, and gives it', async (storage) => {
    const created = await storage.create('/r/a', bytes('1'));
    await expect(storage.create('/r/a', bytes('2'))).rejects.toMatchObject({
      name: 'KeyExistsError',
      current: created,
    });
  });
  test('updates what is as expected, and keeps its createRevision', async (storage) => {
    const created = await storage.create('/r/a', bytes('1'));
    const updated = await storage.update('/r/a', created.modRevision, bytes('2'));
    expect(updated.createRevision).toBe(created.createRevision);
    expect(updated.modRevision).toBe(created.modRevision + 1);
    expect(textOf(await storage.get('/r/a'))).toBe('2');
  });
  test('refuses to update what has changed, and gives what is there', async (storage) => {
    const created = await storage.create('/r/a', bytes('1'));
    const updated = await storage.update('/r/a', created.modRevision, bytes('2'));
    await expect(storage.update('/r/a', created.modRevision, bytes('3'))).rejects.toMatchObject({
      name: 'RevisionConflictError',
      current: updated,
    });
    expect(storage.revision).toBe(updated.modRevision);
  });
  test('refuses to update or delete what is not there', async (storage) => {
    const want = { name: 'RevisionConflictError', current: undefined };
    await expect(storage.update('/r/a', 5, bytes('1'))).rejects.toMatchObject(want);
    await expect(storage.delete('/r/a', 5)).rejects.toMatchObject(want);
  });
  test('deletes with a revision of its own, and gives what went away', async (storage) => {
    const created = await storage.create('/r/a', bytes('1'));
    await expect(storage.delete('/r/a', created.modRevision - 1)).rejects.toThrow('found');
    const deleted = await storage.delete('/r/a', created.modRevision);
    expect(deleted).toEqual({ revision: created.modRevision + 1, previous: created });
    expect(await storage.get('/r/a')).toBeUndefined();
    const again = await storage.create('/r/a', bytes('2'));
    expect(again.createRevision).toBe(deleted.revision + 1);
  });
  test('keeps an empty value, and a large one', async (storage) => {
    const large = Buffer.alloc(400_000, 'x');
    await storage.create('/r/empty', bytes(''));
    await storage.create('/r/large', () => large);
    expect((await storage.get('/r/empty'))?.value.byteLength).toBe(0);
    expect(large.equals((await storage.get('/r/large'))?.value ?? Buffer.alloc(0))).toBe(true);
  });
  test('refuses a key that has no UTF-8 form', async (storage) => {
    await expect(storage.create('/r/\ud800', bytes('1'))).rejects.toThrow(RangeError);
  });
}

function describeConcurrentWrites(test: It): void {
  test('lets exactly one of many updates of the same revision win', async (storage) => {
    const created = await storage.create('/r/a', bytes('0'));
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => storage.update('/r/a', created.modRevision, bytes(String(i)))),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(storage.revision).toBe(created.modRevision + 1);
  });
  test('lets exactly one of many creates of a key win, and tells the others of it', async (storage) => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => storage.create('/r/a', bytes(String(i)))),
    );
    const winner = outcomes.find((outcome) => outcome.status === 'fulfilled')?.value;
    expect(winner).toBeDefined();
    const reasons = outcomes
      .filter((o) => o.status === 'rejected')
      .map((o) => o.reason as { current: Versioned });
    expect(reasons).toHaveLength(19);
    for (const { current } of reasons) expect(current).toBe(winner);
  });
  test('checks a write against those before it that are not yet durable', async (storage) => {
    const created = await storage.create('/r/a', bytes('1'));
    const deleted = storage.delete('/r/a', created.modRevision);
    const late = storage.update('/r/a', created.modRevision, bytes('late'));
    const again = storage.create('/r/a', bytes('2'));
    const twice = storage.create('/r/a', bytes('3'));
    await expect(late).rejects.toMatchObject({ name: 'RevisionConflictError', current: undefined });
    await expect(twice).rejects.toMatchObject({ name: 'KeyExistsError' });
    expect((await again).createRevision).toBe((await deleted).revision + 1);
    expect(textOf(await storage.get('/r/a'))).toBe('2');
  });
  test('shows a write to no reader and no watcher before it is acknowledged', async (storage) => {
    const told = await watch(storage, '/r/');
    const before = storage.revision;
    const writing = storage.create('/r/a', bytes('1'));
    expect(storage.revision).toBe(before);
    expect(await storage.get('/r/a')).toBeUndefined();
    expect((await storage.list('/r/')).items).toEqual([]);
    expect(told.calls).toEqual([]);
    await writing;
    expect(told.lines()).toEqual([`create /r/a ${before + 1} - > 1`]);
  });
  test('gives a refusal that tells of a write only when that write is durable', async (storage) => {
    const first = storage.create('/r/a', bytes('1'));
    let isDurable = false;
    void first.then(() => (isDurable = true));
    await storage.create('/r/a', bytes('2')).catch(() => undefined);
    expect(storage.revision).toBe((await first).modRevision);
    expect(isDurable).toBe(true);
  });
  test('numbers many writes without a gap', async (storage) => {
    const before = storage.revision;
    const written = await Promise.all(
      Array.from({ length: 500 }, (_, i) => storage.create(`/r/${String(i)}`, bytes(String(i)))),
    );
    const revisions = written.map(({ modRevision }) => modRevision).sort((a, b) => a - b);
    expect(revisions).toEqual(Array.from({ length: 500 }, (_, i) => before + 1 + i));
    expect(storage.revision).toBe(before + 500);
  });
}

function describeLists(test: It): void {
  async function fill(storage: Storage, keys: readonly string[]): Promise<void> {
    await Promise.all(keys.map((key) => storage.create(key, bytes(key))));
  }
  test('lists keys of a prefix in the order of their bytes', async (storage) => {
    // In UTF-16 the emoji (a surrogate pair) would stand before U+FF5E.
    const ordered = ['/r/-', '/r/.', '/r/A', '/r/a', '/r/a-b', '/r/a/b', '/r/aa', '/r/é', '/r/～', '/r/😀'];
    await fill(storage, [...ordered.toReversed(), '/q/x', '/s/x', '/r']);
    expect(keysOf(await storage.list('/r/'))).toEqual(ordered);
    expect(await storage.count('/r/')).toBe(ordered.length);
    expect(await storage.count('/r')).toBe(ordered.length + 1);
    expect(await storage.count('')).toBe(ordered.length + 3);
    expect(await storage.count('/none/')).toBe(0);
  });
  test('pages through a list', async (storage) => {
    const keys = Array.from({ length: 25 }, (_, i) => `/r/${String(i).padStart(2, '0')}`);
    await fill(storage, keys);
    const { revision } = storage;
    const pages: string[][] = [];
    let startKey: string | undefined;
    for (let remaining = 1; remaining > 0;) {
      const page = await storage.list('/r/', { limit: 10, startKey, revision });
      pages.push(keysOf(page));
      ({ remaining } = page);
      expect(remaining).toBe(25 - pages.flat().length);
      startKey = `${page.items.at(-1)?.key ?? ''}\0`;
      await storage.create(`/r/${String(pages.length)}5x`, bytes('later'));
    }
    expect(pages.map((page) => page.length)).toEqual([10, 10, 5]);
    expect(pages.flat()).toEqual(keys);
  });
  test('takes a start key before or behind the prefix', async (storage) => {
    await fill(storage, ['/r/a', '/r/b']);
    expect(keysOf(await storage.list('/r/', { startKey: '/a' }))).toEqual(['/r/a', '/r/b']);
    expect(keysOf(await storage.list('/r/', { startKey: '/r/b' }))).toEqual(['/r/b']);
    expect(await storage.list('/r/', { startKey: '/z', limit: 1 })).toMatchObject({
      items: [],
      remaining: 0,
    });
  });
  test('lists what was at a revision of the past', async (storage) => {
    const a = await storage.create('/r/a', bytes('a1'));
    const b = await storage.create('/r/b', bytes('b1'));
    await storage.update('/r/a', a.modRevision, bytes('a2'));
    const gone = await storage.delete('/r/b', b.modRevision);
    const again = await storage.create('/r/b', bytes('b2'));
    await storage.create('/r/c', bytes('c1'));
    const at = async (revision: number): Promise<unknown> =>
      (await storage.list('/r/', { revision })).items.map((item) => textOf(item));
    expect(await at(a.modRevision)).toEqual(['a1']);
    expect(await at(b.modRevision)).toEqual(['a1', 'b1']);
    expect(await at(gone.revision)).toEqual(['a2']);
    expect(await at(again.modRevision)).toEqual(['a2', 'b2']);
    expect(await storage.list('/r/', { revision: b.modRevision, limit: 1 })).toMatchObject({ remaining: 1 });
  });
  test('refuses a revision that is not there yet', async (storage) => {
    const { revision } = storage;
    await expect(storage.list('/r/', { revision: revision + 1 })).rejects.toMatchObject({
      name: 'FutureRevisionError',
      requested: revision + 1,
      current: revision,
    });
  });
}

function describeWatches(test: It): void {
  test('tells each change below its prefix, with the value before', async (storage) => {
    const told = await watch(storage, '/r/');
    const a = await storage.create('/r/a', bytes('1'));
    await storage.create('/q/a', bytes('x'));
    const b = await storage.update('/r/a', a.modRevision, bytes('2'));
    const c = await storage.delete('/r/a', b.modRevision);
    expect(told.lines()).toEqual([
      `create /r/a ${a.modRevision} - > 1`,
      `update /r/a ${b.modRevision} 1 > 2`,
      `delete /r/a ${c.revision} 2 > -`,
    ]);
    expect(told.calls.flat()[0]?.current).toBe(a);
    expect(told.calls.flat()[1]?.previous).toBe(a);
  });
  test('tells a commit in one call, and its progress after it', async (storage) => {
    const order: string[] = [];
    await storage.watch('/r/', {
      afterRevision: storage.revision,
      onEvents: (events) => order.push(`${events.length} events to ${events.at(-1)?.revision ?? 0}`),
      onProgress: (revision) => order.push(`progress ${revision}`),
    });
    const before = storage.revision;
    await Promise.all([1, 2, 3].map((i) => storage.create(`/r/${i}`, bytes('x'))));
    await storage.create('/q/a', bytes('x'));
    expect(order).toEqual([`3 events to ${before + 3}`, `progress ${before + 3}`, `progress ${before + 4}`]);
  });
  test('tells the past first, then the present, without gap or repetition', async (storage) => {
    const start = storage.revision;
    for (let i = 0; i < 5; i++) await storage.create(`/r/${i}`, bytes('x'));
    const pending = storage.create('/r/5', bytes('x'));
    const told = await watch(storage, '/r/', start + 2);
    await pending;
    await storage.create('/r/6', bytes('x'));
    expect(told.calls.flat().map(({ revision }) => revision)).toEqual([3, 4, 5, 6, 7].map((i) => start + i));
  });
  test('tells nothing older than it was asked for when that is still to come', async (storage) => {
    const told = await watch(storage, '/r/', storage.revision + 2);
    const inOneCommit = await watch(storage, '/r/', storage.revision + 2);
    await Promise.all([0, 1, 2, 3].map((i) => storage.create(`/r/${i}`, bytes('x'))));
    await storage.create('/r/4', bytes('x'));
    expect(told.calls.flat().map(({ key }) => key)).toEqual(['/r/2', '/r/3', '/r/4']);
    expect(inOneCommit.calls).toEqual(told.calls);
  });
  test('tells many watchers of many prefixes, each what is its own', async (storage) => {
    const prefixes = ['', '/', '/r/', '/r/a', '/r/a/', '/r/a/x', '/r/b/', '/r/ab', '/q'];
    const watches = await Promise.all([...prefixes, ...prefixes].map((prefix) => watch(storage, prefix)));
    const keys = ['/r/a/x', '/r/a/y', '/r/b/x', '/r/ab', '/q', '/r/a/xy'];
    await Promise.all(keys.map((key) => storage.create(key, bytes('x'))));
    for (const [i, told] of watches.entries()) {
      const prefix = prefixes[i % prefixes.length] ?? '';
      expect(told.calls.flat().map(({ key }) => key)).toEqual(keys.filter((key) => key.startsWith(prefix)));
    }
  });
  test('tells nothing after it was stopped', async (storage) => {
    const told = await watch(storage, '/r/');
    told.stop();
    told.stop();
    await storage.create('/r/a', bytes('x'));
    expect(told.calls).toEqual([]);
    expect(told.progress).toEqual([]);
    await storage.close();
    expect(told.ends).toEqual([]);
  });
  test('may be stopped, and another begun, out of a call', async (storage) => {
    const seen: string[] = [];
    let inner: Promise<() => void> | undefined;
    const stop = await storage.watch('/r/', {
      afterRevision: storage.revision,
      onEvents(events) {
        seen.push(...events.map(({ key }) => `outer ${key}`));
        stop();
        inner ??= storage.watch('/r/', {
          afterRevision: (events[0]?.revision ?? 0) - 1,
          onEvents: (more) => seen.push(...more.map(({ key }) => `inner ${key}`)),
        });
      },
    });
    await storage.create('/r/a', bytes('x'));
    await inner;
    await storage.create('/r/b', bytes('x'));
    expect(seen).toEqual(['outer /r/a', 'inner /r/a', 'inner /r/b']);
  });
  test('ends a watcher that throws, and tells the others all the same', async (storage) => {
    const ends: (Error | undefined)[] = [];
    await storage.watch('/r/', {
      afterRevision: storage.revision,
      onEvents() {
        throw new Error('mine');
      },
      onEnd: (error) => ends.push(error),
    });
    const told = await watch(storage, '/r/');
    await storage.create('/r/a', bytes('x'));
    await storage.create('/r/b', bytes('x'));
    expect(ends.map((error) => error?.message)).toEqual(['mine']);
    expect(told.calls.flat()).toHaveLength(2);
  });
}

function describeCompaction(test: It): void {
  test('counts what was before its first write as compacted', async (storage) => {
    await storage.create('/r/a', bytes('x'));
    expect(storage.revision).toBeGreaterThan(100);
    const want = { name: 'CompactedError', requested: 1, compacted: storage.compactedRevision };
    await expect(storage.list('/r/', { revision: 1 })).rejects.toMatchObject(want);
    await expect(watch(storage, '/r/', 1)).rejects.toMatchObject(want);
  });
  test('forgets the past, and keeps what lives', async (storage) => {
    const a = await storage.create('/r/a', bytes('a1'));
    const b = await storage.create('/r/b', bytes('b1'));
    const a2 = await storage.update('/r/a', a.modRevision, bytes('a2'));
    await storage.compact(a2.modRevision);
    expect(storage.compactedRevision).toBe(a2.modRevision);
    await expect(storage.list('/r/', { revision: b.modRevision })).rejects.toThrow('compacted');
    await expect(watch(storage, '/r/', b.modRevision)).rejects.toThrow('compacted');
    const { items } = await storage.list('/r/', { revision: a2.modRevision });
    expect(items.map((item) => textOf(item))).toEqual(['a2', 'b1']);
    expect(await storage.get('/r/a')).toBe(a2);
  });
  test('still shows the compacted revision itself', async (storage) => {
    const a = await storage.create('/r/a', bytes('a1'));
    const b = await storage.create('/r/b', bytes('b1'));
    await storage.update('/r/a', a.modRevision, bytes('a2'));
    await storage.delete('/r/b', b.modRevision);
    await storage.compact(b.modRevision);
    const { items } = await storage.list('/r/', { revision: b.modRevision });
    expect(items.map((item) => textOf(item))).toEqual(['a1', 'b1']);
  });
  test('tells a watch from the compacted revision of the deletion that follows', async (storage) => {
    const a = await storage.create('/r/a', bytes('a1'));
    const gone = await storage.delete('/r/a', a.modRevision);
    await storage.compact(a.modRevision);
    const told = await watch(storage, '/r/', a.modRevision);
    expect(told.lines()).toEqual([`delete /r/a ${gone.revision} a1 > -`]);
    await storage.compact(gone.revision);
    expect(await storage.list('/r/', { revision: gone.revision })).toMatchObject({ items: [] });
  });
  test('refuses to compact the future, and what is compacted already', async (storage) => {
    await storage.create('/r/a', bytes('x'));
    await expect(storage.compact(storage.revision + 1)).rejects.toThrow('newest');
    await storage.compact(storage.revision);
    await storage.compact(storage.revision);
    await expect(storage.compact(storage.revision - 1)).rejects.toThrow('compacted');
  });
  test('disturbs no watch that is up to date', async (storage) => {
    const told = await watch(storage, '/r/');
    for (let i = 0; i < 10; i++) {
      await storage.create(`/r/${i}`, bytes('x'));
      await storage.compact(storage.revision);
    }
    expect(told.calls.flat()).toHaveLength(10);
    expect(told.ends).toEqual([]);
  });
  test('keeps every byte of what lives while much around it dies', async (storage) => {
    const keep = await storage.create('/r/keep', bytes('k'.repeat(3000)));
    let churn = await storage.create('/r/churn', bytes('0'));
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 300; i++) {
        churn = await storage.update('/r/churn', churn.modRevision, bytes(`${i}${'x'.repeat(5000)}`));
      }
      await storage.compact(storage.revision);
    }
    expect(await storage.get('/r/keep')).toBe(keep);
    expect(textOf(keep)).toBe('k'.repeat(3000));
    expect(textOf(await storage.get('/r/churn'))).toBe(`299${'x'.repeat(5000)}`);
  });
}

function describeClose(test: It): void {
  test('ends watches and takes no more writes, but still reads', async (storage) => {
    const told = await watch(storage, '/r/');
    const last = storage.create('/r/a', bytes('1'));
    await new Promise((resolve) => setImmediate(resolve));
    await storage.close();
    expect(textOf(await last)).toBe('1');
    expect(told.ends).toEqual([undefined]);
    expect(told.calls.flat()).toHaveLength(1);
    await expect(storage.create('/r/b', bytes('1'))).rejects.toMatchObject({ name: 'ReadOnlyError' });
    expect(textOf(await storage.get('/r/a'))).toBe('1');
    await storage.close();
  });
}

type Step =
  | { readonly do: 'write'; readonly writes: readonly Write[] }
  | {
      readonly do: 'list';
      readonly back: number;
      readonly prefix: string;
      readonly limit: number | undefined;
    }
  | { readonly do: 'watch'; readonly back: number; readonly prefix: string }
  | { readonly do: 'compact'; readonly back: number };
interface Write {
  readonly kind: 'create' | 'update' | 'delete';
  readonly key: string;
  /** How far the expected revision is off. */
  readonly off: number;
}

const prefixArbitrary = fc.constantFrom('', '/r/', '/r/a', '/q/', '/r/b/');
const writeArbitrary = fc.record({
  kind: fc.constantFrom('create' as const, 'update' as const, 'delete' as const),
  key: fc.constantFrom('/r/a', '/r/b', '/r/b/c', '/r/aa', '/q/a'),
  off: fc.constantFrom(0, 0, 0, 0, -1, 1),
});
const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      writes: fc.array(writeArbitrary, { maxLength: 6 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('list' as const),
      back: fc.nat(20),
      prefix: prefixArbitrary,
      limit: fc.constantFrom(undefined, 1, 2, 10),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('watch' as const), back: fc.nat(20), prefix: prefixArbitrary }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('compact' as const), back: fc.nat(20) }) },
);

type State = ReadonlyMap<
  string,
  { readonly text: string; readonly created: number; readonly modified: number }
>;

/** A store as simple as can be: every state that there was, by revision. */
class Model {
  readonly states: State[] = [];
  readonly events: { readonly revision: number; readonly key: string; readonly line: string }[] = [];
  readonly first: number;
  compacted: number;

  constructor(first: number) {
    this.first = first;
    this.compacted = first;
    this.states.push(new Map());
  }

  get revision(): number {
    return this.first + this.states.length - 1;
  }

  at(revision: number): State {
    return this.states[revision - this.first] ?? new Map();
  }

  expectedOf({ key, off }: Write): number {
    return (this.at(this.revision).get(key)?.modified ?? this.revision) + off;
  }

  /** The outcome that the write must have. */
  write(write: Write): string {
    const before = this.at(this.revision).get(write.key);
    if (write.kind === 'create' && before !== undefined) return `exists ${before.modified}`;
    if (write.kind !== 'create' && before?.modified !== this.expectedOf(write)) {
      return `conflict ${String(before?.modified)}`;
    }
    const revision = this.revision + 1;
    const next = new Map(this.at(this.revision));
    const text = `${write.key}@${revision}`;
    if (write.kind === 'delete') next.delete(write.key);
    else next.set(write.key, { text, created: before?.created ?? revision, modified: revision });
    this.states.push(next);
    const line = `${write.kind} ${write.key} ${revision} ${before?.text ?? '-'} > ${write.kind === 'delete' ? '-' : text}`;
    this.events.push({ revision, key: write.key, line });
    return `done ${revision}`;
  }
}

async function outcomeOf(storage: Storage, write: Write, expected: number): Promise<string> {
  const encode = (revision: number): Uint8Array => Buffer.from(`${write.key}@${revision}`);
  try {
    if (write.kind === 'create') return `done ${(await storage.create(write.key, encode)).modRevision}`;
    if (write.kind === 'update')
      return `done ${(await storage.update(write.key, expected, encode)).modRevision}`;
    return `done ${(await storage.delete(write.key, expected)).revision}`;
  } catch (error) {
    const { name, current } = error as { name: string; current: Versioned | undefined };
    return `${name === 'KeyExistsError' ? 'exists' : 'conflict'} ${String(current?.modRevision)}`;
  }
}

async function play(open: OpenStorage, steps: readonly Step[]): Promise<void> {
  const storage = await open();
  const model = new Model(storage.revision);
  const watches: { readonly told: Told; readonly prefix: string; readonly after: number }[] = [];
  for (const step of steps) {
    const revision = step.do === 'write' ? 0 : Math.max(model.first, model.revision - step.back);
    if (step.do === 'write') {
      // All at once: their order is that of the calls, however they are flushed.
      const pairs = step.writes.map((write) => {
        const expected = model.expectedOf(write);
        return { want: model.write(write), got: outcomeOf(storage, write, expected) };
      });
      for (const { want, got } of pairs) expect(await got).toBe(want);
    } else if (step.do === 'list') await checkList(storage, model, revision, step);
    else if (step.do === 'watch') {
      const watching = watch(storage, step.prefix, revision);
      if (revision < model.compacted) await expect(watching).rejects.toThrow('compacted');
      else watches.push({ told: await watching, prefix: step.prefix, after: revision });
    } else if (revision >= model.compacted) {
      await storage.compact(revision);
      model.compacted = revision;
    }
  }
  for (const { told, prefix, after } of watches) {
    const want = model.events
      .filter((e) => e.revision > after && e.key.startsWith(prefix))
      .map((e) => e.line);
    expect(told.lines()).toEqual(want);
  }
  await storage.close();
}

async function checkList(
  storage: Storage,
  model: Model,
  revision: number,
  { prefix, limit }: { readonly prefix: string; readonly limit: number | undefined },
): Promise<void> {
  const listing = storage.list(prefix, { revision, limit });
  if (revision < model.compacted) {
    await expect(listing).rejects.toThrow('compacted');
    return;
  }
  const all = [...model.at(revision)]
    .filter(([key]) => key.startsWith(prefix))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const found = await listing;
  expect(
    found.items.map((item) => [
      item.key,
      { text: textOf(item), created: item.createRevision, modified: item.modRevision },
    ]),
  ).toEqual(all.slice(0, limit));
  expect(found.remaining).toBe(Math.max(0, all.length - (limit ?? Infinity)));
  expect(await storage.count(prefix)).toBe(
    [...model.at(model.revision).keys()].filter((key) => key.startsWith(prefix)).length,
  );
}
