import type { Adapter } from 'lowdb';
import type { Slabs } from '../mvcc/slabs.ts';
import type { Value } from '../mvcc/version.ts';
import { BlockWriter } from './block-writer.ts';
import { CorruptStoreError, NewerFormatError } from './corrupt-store-error.ts';
import type { Files } from './files.ts';
import { LineReader } from './line-reader.ts';

/** What the last line of a snapshot says of the lines before. */
interface Sealed {
  readonly sha256: string;
  readonly hashed: number;
}

/** All that lived at one revision. */
export interface Snapshot {
  readonly storeId: string;
  readonly revision: number;
  readonly values: readonly Value[];
}

export interface SnapshotFileOptions {
  readonly files: Files;
  readonly directory: string;
  readonly name: string;
  /** Where the values go that are read. */
  readonly slabs: Slabs;
}

const FORMAT_VERSION = 1;

/**
 * lowdb's way to a snapshot on disk. A large store is longer than a string may be, so it is lines, written and read in blocks:
 * what it is; then for each value a line of facts and its bytes as they are; last a SHA-256 of all lines before.
 *
 *     {"format":1,"store":"5e0c…","revision":1042,"count":1}
 *     {"key":"/registry/pods/default/web","created":1041,"modified":1042,"bytes":4711}
 *     {"apiVersion":"v1","kind":"Pod",…}
 *     {"sha256":"90ab…"}
 */
export class SnapshotFile implements Adapter<Snapshot> {
  readonly #files: Files;
  readonly #directory: string;
  readonly #path: string;
  readonly #slabs: Slabs;

  constructor({ files, directory, name, slabs }: SnapshotFileOptions) {
    this.#files = files;
    this.#directory = directory;
    this.#path = `${directory}/${name}`;
    this.#slabs = slabs;
  }

  /** Rejects with CorruptStoreError if it is not wholly as it was written. */
  async read(): Promise<Snapshot> {
    const file = await this.#files.open(this.#path, 'read');
    try {
      return await readSnapshot(
        new LineReader(file, this.#path, await this.#files.size(this.#path)),
        this.#slabs,
      );
    } finally {
      await file.close();
    }
  }

  /** Resolves when it is on disk under its name, and was read again and found right. */
  async write(snapshot: Snapshot): Promise<void> {
    const temporary = `${this.#path}.tmp`;
    try {
      await this.#verify(temporary, await this.#writeTo(temporary, snapshot));
      await this.#files.rename(temporary, this.#path);
      await this.#files.syncDirectory(this.#directory);
    } catch (error) {
      await this.#files.remove(temporary).catch(() => undefined);
      throw error;
    }
  }

  async #writeTo(path: string, snapshot: Snapshot): Promise<Sealed> {
    const file = await this.#files.open(path, 'create');
    try {
      const writer = new BlockWriter(file);
      const { storeId, revision, values } = snapshot;
      await writer.line({ format: FORMAT_VERSION, store: storeId, revision, count: values.length });
      for (const { key, value, createRevision, modRevision } of values) {
        await writer.line({ key, created: createRevision, modified: modRevision, bytes: value.byteLength });
        await writer.bytes(value);
      }
      const sealed = await writer.end((sha256) => ({ sha256 }));
      await file.sync();
      return sealed;
    } finally {
      await file.close();
    }
  }

  async #verify(path: string, { sha256, hashed }: Sealed): Promise<void> {
    const file = await this.#files.open(path, 'read');
    try {
      const found = await new LineReader(file, path, hashed).hashUpTo(hashed);
      if (found !== sha256) throw new CorruptStoreError(path, 0, 'it reads otherwise than it was written');
    } finally {
      await file.close();
    }
  }
}

async function readSnapshot(reader: LineReader, slabs: Slabs): Promise<Snapshot> {
  const head = await reader.line();
  const format = reader.numberOf(head, 'format');
  if (format > FORMAT_VERSION) {
    throw new NewerFormatError(reader.path, format, FORMAT_VERSION);
  }
  const count = reader.numberOf(head, 'count');
  const values: Value[] = [];
  for (let i = 0; i < count; i++) {
    const facts = await reader.line();
    const value = await reader.bytes(reader.numberOf(facts, 'bytes'));
    const revisions = { create: reader.numberOf(facts, 'created'), mod: reader.numberOf(facts, 'modified') };
    values.push(slabs.add(reader.textOf(facts, 'key'), value, revisions));
  }
  const sha256 = reader.hash();
  if (reader.textOf(await reader.line(), 'sha256') !== sha256) throw reader.corrupt('its checksum is wrong');
  reader.expectEnd();
  return { storeId: reader.textOf(head, 'store'), revision: reader.numberOf(head, 'revision'), values };
}
