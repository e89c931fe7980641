import type { Readable, Writable } from 'node:stream';

export interface CommandOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** The client's end of an exec or attach, whatever protocol it speaks. */
export interface CommandStreams {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  /** JSON texts `{"Width":80,"Height":24}`, one a chunk. */
  readonly resize: Readable | undefined;
  /** Aborts when the client has gone. */
  readonly gone: AbortSignal;
  /** Tells how the command ended, after all output, and closes. */
  finish(status: CommandStatus): Promise<void>;
}

/** The part of metav1.Status that says how a command ended: Success, or Failure with NonZeroExitCode and its cause. */
export interface CommandStatus {
  readonly metadata?: object;
  readonly status?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly details?: object;
  readonly code?: number;
}

export const commandSucceeded: CommandStatus = { metadata: {}, status: 'Success' };

export function commandFailed(message: string): CommandStatus {
  return { metadata: {}, status: 'Failure', message, reason: 'InternalError', code: 500 };
}
