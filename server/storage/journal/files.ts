import { close, constants, fsync, open, read, stat, write } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { promisify } from 'node:util';

/** An open file. Positions and lengths in bytes. */
export interface OpenFile {
  /** Resolves with how much was read: less than asked at the end of the file only. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Resolves when all of `bytes` is on disk. After a rejection nothing is known of it, and trying again would lie. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Resolves when the file's size is on disk too. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** `create`: for writing, new or emptied, 0600; `write`: an existing one. */
export type OpenMode = 'read' | 'create' | 'write';

/** The only way from the journal to the disk: a test puts its faults here. */
export interface Files {
  open(path: string, mode: OpenMode): Promise<OpenFile>;
  /** Names of what is in `directory`. */
  list(directory: string): Promise<string[]>;
  size(path: string): Promise<number>;
  /** Makes `directory` and what is above it, and closes it to others (0700). */
  makeDirectory(directory: string): Promise<void>;
  copy(from: string, to: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; one that is not there is fine. */
  remove(path: string): Promise<void>;
  /** Resolves when the names in `directory` are on disk. */
  syncDirectory(directory: string): Promise<void>;
}

const openFlags: Record<OpenMode, number> = {
  read: constants.O_RDONLY,
  // O_DSYNC: one call for a write and its fdatasync, a trip to the thread pool less for each commit. For the large files that are
  // made in the background it keeps the disk's queue short, so that a commit never waits behind them.
  create: constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC | constants.O_DSYNC,
  write: constants.O_RDWR | constants.O_DSYNC,
};

export const systemFiles: Files = {
  async open(path, mode) {
    return openFile(await promisify(open)(path, openFlags[mode], 0o600));
  },
  list: (directory) => readdir(directory),
  async size(path) {
    return (await promisify(stat)(path)).size;
  },
  async makeDirectory(directory) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await chmod(directory, 0o700);
  },
  async copy(from, to) {
    await copyFile(from, to);
    await chmod(to, 0o600);
  },
  rename,
  remove: (path) => rm(path, { force: true }),
  async syncDirectory(directory) {
    const descriptor = await promisify(open)(directory, constants.O_RDONLY);
    try {
      await promisify(fsync)(descriptor);
    } finally {
      await promisify(close)(descriptor);
    }
  },
};

function openFile(descriptor: number): OpenFile {
  return {
    async read(into, position) {
      let done = 0;
      while (done < into.byteLength) {
        const count = await readOnce(descriptor, into, done, position + done);
        if (count === 0) break;
        done += count;
      }
      return done;
    },
    async write(bytes, position) {
      // The kernel may take less than all: a file size limit, a full disk, a signal.
      for (let done = 0; done < bytes.byteLength;) {
        done += await writeOnce(descriptor, bytes, done, position + done);
      }
    },
    sync: () => promisify(fsync)(descriptor),
    close: () => promisify(close)(descriptor),
  };
}

function readOnce(descriptor: number, into: Uint8Array, offset: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(descriptor, into, offset, into.byteLength - offset, position, (error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
}

function writeOnce(descriptor: number, bytes: Uint8Array, offset: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(descriptor, bytes, offset, bytes.byteLength - offset, position, (error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
}
