/** One write, as the log keeps it. */
export interface Change {
  readonly key: string;
  readonly revision: number;
  /** Undefined: the key is deleted. */
  readonly value: Uint8Array | undefined;
}

/** Where the store's writes become durable. Its one caller stages changes in the order of their revisions. */
export interface CommitLog {
  /** Undefined when there is room for a change now; else resolves when to ask again. Rejects with ReadOnlyError when there will be none. */
  room(kind: 'put' | 'delete'): Promise<void> | undefined;
  /** Takes a change for the next flush. Throws RangeError, and takes nothing, when it is larger than the log can hold. */
  stage(change: Change): void;
  /**
   * Resolves when all that was staged before the call is durable. Not called again before. After a rejection nothing is known of
   * what was staged, and the log is used no more.
   */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** A log that forgets: for tests, and for stores that need not outlive their process. */
export function memoryCommitLog(): CommitLog {
  return {
    room: () => undefined,
    stage: () => undefined,
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
