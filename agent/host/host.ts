import type { Duplex } from 'node:stream';

export interface RunOptions {
  readonly input?: string | Uint8Array;
  /** Kills the program after it; 30,000 by default. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Resolve also when the program ends with another code than 0. */
  readonly allowFailure?: boolean;
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What the agent may do to its host. The only code of the agent that runs programs; tests pass a fake that keeps the contract. */
export interface Host {
  /** Runs a program without a shell. Rejects with RunError (its stderr in the message) unless it ends with 0. */
  run(command: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Undefined when there is no such file. */
  readFile(path: string): Promise<string | undefined>;
  /** Writes beside it, fsyncs, renames. */
  writeFile(path: string, content: string | Uint8Array, mode: number): Promise<void>;
  connect(socketPath: string): Promise<Duplex>;
}
