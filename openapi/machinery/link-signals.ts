import { setMaxListeners } from 'node:events';
import type { Clock } from './clock.ts';

export interface LinkedSignal {
  /** Aborts with the first of the parents that does. */
  readonly signal: AbortSignal;
  /** Cuts the link. Without it a parent that lives on would keep a trace of each of its children. */
  readonly release: () => void;
}

/** As the `any` of AbortSignal, which leaks in Node 20: for work that happens again and again below a signal that lives long. */
export function linkSignals(...parents: readonly AbortSignal[]): LinkedSignal {
  const own = new AbortController();
  function abort(this: AbortSignal): void {
    own.abort(this.reason);
  }
  for (const parent of parents) {
    // Hundreds of children at a time are ordinary, and no leak.
    setMaxListeners(0, parent);
    if (parent.aborted) own.abort(parent.reason);
    else parent.addEventListener('abort', abort, { once: true });
  }
  return {
    signal: own.signal,
    release() {
      for (const parent of parents) parent.removeEventListener('abort', abort);
    },
  };
}

/** Runs `work` with a signal that aborts with `parent`, and by itself after `timeoutMs`. */
export async function withinTime<T>(
  parent: AbortSignal,
  timeoutMs: number,
  clock: Clock,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController();
  const done = new AbortController();
  function abort(): void {
    own.abort(parent.reason);
  }
  if (parent.aborted) abort();
  setMaxListeners(0, parent);
  parent.addEventListener('abort', abort, { once: true });
  clock.sleep(timeoutMs, done.signal).then(
    () => {
      own.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
    },
    () => undefined,
  );
  try {
    return await work(own.signal);
  } finally {
    done.abort();
    parent.removeEventListener('abort', abort);
  }
}
