import type { Files, OpenFile, OpenMode } from '../../server/storage/journal/files.ts';

const SECTOR_BYTES = 512;

/** What a disk holds. */
export interface Image {
  readonly contents: ReadonlyMap<string, Buffer>;
}

/** A call that is about to be made. `bytes` is what a write would take. */
export interface Call {
  readonly what: 'open' | 'read' | 'write' | 'sync' | 'rename' | 'remove' | 'copy' | 'syncDirectory';
  readonly path: string;
  readonly bytes: number;
}

interface Inode {
  /** Zeros behind `size`. */
  space: Buffer;
  size: number;
}

interface InFlight {
  readonly inode: Inode;
  readonly bytes: Buffer;
  readonly position: number;
}

/**
 * A disk in memory that keeps what a real one promises and no more: a write is there when it has resolved, of one that has not any
 * sector may be there or not; names are there when the directory was synced, of later changes any.
 */
export class MemoryFiles implements Files {
  readonly #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  /** Changes of names since the directory was synced. */
  #renames: ((names: Map<string, Inode>) => void)[] = [];
  readonly #inFlight = new Set<InFlight>();
  /** Called before each call: what it throws, the call rejects with; when it gives a number, a write does only so many bytes first. */
  before: (call: Call) => number | undefined;
  #isDead = false;

  constructor(image?: Image) {
    for (const [path, bytes] of image?.contents ?? []) this.#names.set(path, inodeOf(bytes));
    this.#durableNames = new Map(this.#names);
    this.before = () => undefined;
  }

  /** All as it is now. */
  image(): Image {
    return contentsOf(this.#names);
  }

  /** The power goes: no call ends any more. Gives what a disk may hold then, as `choose` (a number below its argument) decides. */
  crash(choose: (below: number) => number): Image {
    this.#isDead = true;
    const names = new Map(this.#durableNames);
    for (const change of this.#renames) if (choose(2) === 0) change(names);
    for (const { inode, bytes, position } of this.#inFlight) {
      for (let at = 0; at < bytes.byteLength;) {
        const end = Math.min(bytes.byteLength, at + SECTOR_BYTES - ((position + at) % SECTOR_BYTES));
        if (choose(2) === 0) put(inode, bytes.subarray(at, end), position + at);
        at = end;
      }
    }
    return contentsOf(names);
  }

  async open(path: string, mode: OpenMode): Promise<OpenFile> {
    await this.#call({ what: 'open', path, bytes: 0 });
    const existing = this.#names.get(path);
    if (mode === 'create') {
      const inode = inodeOf(Buffer.alloc(0));
      this.#rename((names) => names.set(path, inode));
      return this.#file(inode);
    }
    if (existing === undefined) throw failure('ENOENT', path);
    return this.#file(existing);
  }

  list(directory: string): Promise<string[]> {
    const names = [...this.#names.keys()].filter((path) => path.startsWith(`${directory}/`));
    return Promise.resolve(names.map((path) => path.slice(directory.length + 1)));
  }

  size(path: string): Promise<number> {
    return Promise.resolve(this.#names.get(path)?.size ?? 0);
  }

  makeDirectory(): Promise<void> {
    return Promise.resolve();
  }

  async copy(from: string, to: string): Promise<void> {
    await this.#call({ what: 'copy', path: to, bytes: 0 });
    const inode = inodeOf(contentOf(this.#names.get(from)));
    this.#rename((names) => names.set(to, inode));
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#call({ what: 'rename', path: to, bytes: 0 });
    const inode = this.#names.get(from);
    if (inode === undefined) throw failure('ENOENT', from);
    // It is this file that moves, whatever of the changes before it the disk has.
    this.#rename((names) => {
      if (names.get(from) === inode) names.delete(from);
      names.set(to, inode);
    });
  }

  async remove(path: string): Promise<void> {
    await this.#call({ what: 'remove', path, bytes: 0 });
    this.#rename((names) => names.delete(path));
  }

  async syncDirectory(directory: string): Promise<void> {
    await this.#call({ what: 'syncDirectory', path: directory, bytes: 0 });
    this.#durableNames = new Map(this.#names);
    this.#renames = [];
  }

  #rename(change: (names: Map<string, Inode>) => void): void {
    change(this.#names);
    this.#renames.push(change);
  }

  async #call(call: Call): Promise<number | undefined> {
    const bytes = this.before(call);
    // A turn, as a trip to the disk takes.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#isDead) await new Promise(() => undefined);
    return bytes;
  }

  /** The name that an open file has now. */
  #pathOf(inode: Inode): string {
    return [...this.#names].find(([, other]) => other === inode)?.[0] ?? '(removed)';
  }

  #file(inode: Inode): OpenFile {
    return {
      read: async (into, position) => {
        await this.#call({ what: 'read', path: this.#pathOf(inode), bytes: into.byteLength });
        return contentOf(inode).copy(into, 0, position, position + into.byteLength);
      },
      write: async (bytes, position) => {
        const flying = { inode, bytes: Buffer.from(bytes), position };
        this.#inFlight.add(flying);
        try {
          const done = await this.#call({
            what: 'write',
            path: this.#pathOf(inode),
            bytes: bytes.byteLength,
          });
          put(inode, flying.bytes.subarray(0, done), position);
          if (done !== undefined) throw failure('ENOSPC', this.#pathOf(inode));
        } finally {
          if (!this.#isDead) this.#inFlight.delete(flying);
        }
      },
      sync: async () => {
        await this.#call({ what: 'sync', path: this.#pathOf(inode), bytes: 0 });
      },
      close: () => Promise.resolve(),
    };
  }
}

/** An error as the file system gives it. */
export function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: a fault of the test, '${path}'`), { code });
}

function put(inode: Inode, bytes: Buffer, position: number): void {
  const end = position + bytes.byteLength;
  if (end > inode.space.byteLength) {
    const larger = Buffer.alloc(end * 2);
    inode.space.copy(larger, 0, 0, inode.size);
    inode.space = larger;
  }
  bytes.copy(inode.space, position);
  inode.size = Math.max(inode.size, end);
}

function inodeOf(bytes: Uint8Array): Inode {
  return { space: Buffer.from(bytes), size: bytes.byteLength };
}

function contentOf(inode: Inode | undefined): Buffer {
  return inode === undefined ? Buffer.alloc(0) : inode.space.subarray(0, inode.size);
}

function contentsOf(names: ReadonlyMap<string, Inode>): Image {
  return { contents: new Map([...names].map(([path, inode]) => [path, Buffer.from(contentOf(inode))])) };
}
