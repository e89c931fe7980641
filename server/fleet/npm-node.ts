import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Runs a program in a directory and waits for its end; rejects with its words when it fails. */
export type RunProgram = (
  program: string,
  args: readonly string[],
  directory: string,
  signal: AbortSignal,
) => Promise<void>;

export interface NpmNodeOptions {
  /** Where fetched programs are kept. */
  readonly cacheDirectory: string;
  /** The version to get: "20.20.2". */
  readonly version: string;
  readonly run: RunProgram;
}

/**
 * Gets Node.js for another processor from the npm packages that carry it, through the user's own npm, hence through the
 * registry and proxy that are configured there. npm checks the package's integrity. Kept, so that it is fetched once.
 */
export function npmNode(
  options: NpmNodeOptions,
): (arch: 'x64' | 'arm64', signal: AbortSignal) => Promise<string> {
  const { cacheDirectory, version, run } = options;
  return async (arch, signal) => {
    const file = join(cacheDirectory, `node-v${version}-linux-${arch}`);
    if (existsSync(file)) return file;
    await mkdir(cacheDirectory, { recursive: true });
    const work = await mkdtemp(join(cacheDirectory, 'fetch-'));
    try {
      await run(
        'npm',
        ['pack', '--silent', '--pack-destination', work, `node-linux-${arch}@${version}`],
        work,
        signal,
      );
      const archive = (await readdir(work)).find((name) => name.endsWith('.tgz'));
      if (archive === undefined) throw new Error(`npm has no node-linux-${arch}@${version}`);
      await run('tar', ['-xzf', archive, 'package/bin/node'], work, signal);
      await rename(join(work, 'package/bin/node'), file);
      return file;
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  };
}
