import { architectures, nodeMajorMin } from './doctor.ts';
import type { Probe } from './probe.ts';
import { fileSha256 } from './ssh/copy.ts';
import { HostFailure } from './ssh/failure.ts';

/** A Node.js program for a processor, on this machine's disk. */
export interface NodeFile {
  readonly file: string;
  readonly sha256: string;
}

export interface NodeRuntimeOptions {
  /** The program that runs this process, and its processor as Node names it. */
  readonly ownPath: string;
  readonly ownArch: string;
  /** Gets the program for another processor, and returns its path; undefined: there is no way. */
  readonly fetch: ((arch: 'x64' | 'arm64', signal: AbortSignal) => Promise<string>) | undefined;
}

/** Node 20's official builds run on glibc from here on. */
const glibcMin = [2, 28] as const;

function hasGlibc(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > glibcMin[0] || (major === glibcMin[0] && minor >= glibcMin[1]);
}

function archOf(probe: Probe): 'x64' | 'arm64' {
  return architectures[probe.machine] === 'arm64' ? 'arm64' : 'x64';
}

/** Finds programs to push, and keeps their sums. */
export class NodeRuntimes {
  readonly #options: NodeRuntimeOptions;
  readonly #sums = new Map<string, Promise<string>>();
  readonly #fetched = new Map<string, Promise<string>>();

  constructor(options: NodeRuntimeOptions) {
    this.#options = options;
  }

  /** What this process runs on, when it fits the host's processor. A host without a new enough glibc gets none: rejects with what to do. */
  async own(probe: Probe): Promise<NodeFile | undefined> {
    if (!hasGlibc(probe.glibc))
      throw new HostFailure(
        'NodeRuntimeMissing',
        `The host has no Node.js ${nodeMajorMin} or newer, and ${probe.glibc === '' ? 'no glibc' : `glibc ${probe.glibc}`}, so that Flotilla's own does not run there. Install Node.js ${nodeMajorMin} or newer on it.`,
      );
    return archOf(probe) === this.#options.ownArch ? this.#known(this.#options.ownPath) : undefined;
  }

  /** For other processors, and for when this process's program does not run there (it may need libraries that the host lacks). */
  async fetched(probe: Probe, signal: AbortSignal): Promise<NodeFile> {
    return this.#known(await this.#fetch(archOf(probe), signal));
  }

  async #fetch(arch: 'x64' | 'arm64', signal: AbortSignal): Promise<string> {
    const { fetch } = this.#options;
    const advice = `Install Node.js ${nodeMajorMin} or newer on the host.`;
    if (fetch === undefined)
      throw new HostFailure('NodeRuntimeMissing', `There is no Node.js for ${arch} to push. ${advice}`);
    const pending = this.#fetched.get(arch) ?? fetch(arch, signal);
    this.#fetched.set(arch, pending);
    try {
      return await pending;
    } catch (error) {
      this.#fetched.delete(arch);
      throw new HostFailure(
        'NodeRuntimeMissing',
        `Cannot get Node.js for ${arch}: ${(error as Error).message}. ${advice}`,
        {
          cause: error,
        },
      );
    }
  }

  async #known(file: string): Promise<NodeFile> {
    const sum = this.#sums.get(file) ?? fileSha256(file);
    this.#sums.set(file, sum);
    return { file, sha256: await sum };
  }
}
