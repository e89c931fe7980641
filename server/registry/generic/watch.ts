import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { StatusError } from '../../../openapi/machinery/status.ts';
import { invariant } from '../../../openapi/machinery/invariant.ts';
import { CompactedError, type StorageEvent } from '../../storage/storage.ts';
import { listPrefix } from '../keys.ts';
import { bytesOf, objectOf, parseBytes, storedResource, withRevision } from '../stored.ts';
import type { Registered } from '../strategy.ts';
import { selectorFor, type Selector } from './list.ts';
import { revisionProblem, type ListOptions } from './list-options.ts';
import type { PathOptions, PathRequest } from './path.ts';
import { waitForRevision } from './read.ts';

export type WatchType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** Gives events the form in which they go out. */
export interface Framer {
  /** Frames are shared among the watches whose framers have the same key. Undefined: never shared. */
  readonly key: string | undefined;
  frame(type: WatchType, bytes: Buffer, object: () => KubeObject): Buffer;
  /** `initialEventsEnd`: the state that was there at the beginning has been told. */
  bookmark(revision: number, initialEventsEnd: boolean): Buffer;
  error(error: StatusError): Buffer;
}

/** Where frames go. */
export interface FrameSink {
  /** Keeps the frame until the reader takes it. False: more is held than a reader may leave lying. */
  push(frame: Buffer): boolean;
  /** Resolves when little is held. */
  drained(): Promise<void>;
}

export interface WatchRun {
  readonly framer: Framer;
  readonly sink: FrameSink;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

const bookmarkIntervalMs = 60_000;
const bookmarkBeforeEndMs = 2000;
/** Initial events between two looks at how much the reader has left. */
const initialBatch = 64;

/** Checks what can be refused before the answer begins. Throws StatusError. */
export function checkWatch(wanted: ListOptions): void {
  if (wanted.resourceVersion === '') return;
  const problem = revisionProblem(wanted.resourceVersion);
  if (problem !== undefined) throw new StatusError('', problem);
}

/** Tells what happens in the collection until the time is up, the signal aborts, the reader is too slow or the store ends. */
export async function watchObjects(
  options: PathOptions,
  request: PathRequest,
  wanted: ListOptions,
  run: WatchRun,
): Promise<void> {
  const { sink, framer, signal } = run;
  try {
    const revision = await begin(options, request, wanted, run);
    if (revision !== undefined) await follow(options, request, wanted, { ...run, revision });
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof StatusError)) throw error;
    sink.push(framer.error(error));
  }
}

/** Tells the present state when that is wanted. Resolves with the revision to go on from; undefined: the watch is over. */
async function begin(
  options: PathOptions,
  request: PathRequest,
  wanted: ListOptions,
  run: WatchRun,
): Promise<number | undefined> {
  const asked = Number(wanted.resourceVersion);
  if (wanted.sendInitialEvents !== true) return asked === 0 ? options.storage.revision : asked;
  await waitForRevision(options, asked, run.signal);
  const { registered, namespace } = request;
  const selector = selectorFor(registered, wanted.labels, wanted.fields);
  const { items, revision } = await options.storage.list(listPrefix(storedResource(registered), namespace));
  let sent = 0;
  for (const item of items) {
    if (!selector.matches(item)) continue;
    const frame = run.framer.frame('ADDED', bytesOf(registered, item), () => objectOf(registered, item));
    run.sink.push(frame);
    if (++sent % initialBatch !== 0) continue;
    await run.sink.drained();
    if (run.signal.aborted) return undefined;
  }
  if (wanted.allowWatchBookmarks) run.sink.push(run.framer.bookmark(revision, true));
  return revision;
}

async function follow(
  options: PathOptions,
  request: PathRequest,
  wanted: ListOptions,
  run: WatchRun & { readonly revision: number },
): Promise<void> {
  const { storage, clock } = options;
  const { registered, namespace } = request;
  const selector = selectorFor(registered, wanted.labels, wanted.fields);
  const over = new AbortController();
  const end = (): void => {
    over.abort();
  };
  const stop = await storage
    .watch(listPrefix(storedResource(registered), namespace), {
      afterRevision: run.revision,
      onEvents(events) {
        for (const event of events) {
          const frame = frameOrError(registered, run.framer, selector, event);
          if (frame === undefined || over.signal.aborted) continue;
          if (!run.sink.push(frame.bytes) || frame.isLast) end();
        }
      },
      onEnd: end,
    })
    .catch((error: unknown) => {
      throw error instanceof CompactedError ? tooOld(run.revision, error.compacted) : error;
    });
  run.signal.addEventListener('abort', end, { once: true });
  if (run.signal.aborted) end();
  try {
    const deadline = clock.monotonic() + run.timeoutMs;
    await bookmarks({ ...run, wanted, deadline, options, over: over.signal });
  } finally {
    run.signal.removeEventListener('abort', end);
    stop();
  }
}

interface Bookmarking extends WatchRun {
  readonly wanted: ListOptions;
  readonly deadline: number;
  readonly options: PathOptions;
  readonly over: AbortSignal;
}

/** Waits for the end, and tells now and then how far the watch has come. */
async function bookmarks({ wanted, deadline, options, over, sink, framer }: Bookmarking): Promise<void> {
  const { clock, storage } = options;
  for (;;) {
    const left = deadline - clock.monotonic();
    if (left <= 0 || over.aborted) return;
    const beforeEnd = left - bookmarkBeforeEndMs;
    const next = Math.min(bookmarkIntervalMs, beforeEnd > 0 ? beforeEnd : left);
    const marks = wanted.allowWatchBookmarks && next < left;
    try {
      await clock.sleep(wanted.allowWatchBookmarks ? next : left, over);
    } catch {
      return;
    }
    if (marks) sink.push(framer.bookmark(storage.revision, false));
  }
}

function tooOld(requested: number, compacted: number): StatusError {
  return new StatusError('Expired', `too old resource version: ${requested} (${compacted})`);
}

/** An object that cannot be shown in the form of the watch ends it. */
function frameOrError(
  registered: Registered,
  framer: Framer,
  selector: Selector,
  event: StorageEvent,
): { readonly bytes: Buffer; readonly isLast: boolean } | undefined {
  try {
    const bytes = frameOf(registered, framer, selector, event);
    return bytes === undefined ? undefined : { bytes, isLast: false };
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return { bytes: framer.error(error), isLast: true };
  }
}

/** What a watch with this selector sees of an event; undefined: nothing. */
function frameOf(
  registered: Registered,
  framer: Framer,
  selector: Selector,
  event: StorageEvent,
): Buffer | undefined {
  const { current, previous } = event;
  const isIn = current !== undefined && selector.matches(current);
  const wasIn = previous !== undefined && selector.matches(previous);
  if (isIn) return sharedFrame(registered, framer, wasIn ? 'MODIFIED' : 'ADDED', event);
  return wasIn ? sharedFrame(registered, framer, 'DELETED', event) : undefined;
}

/** Frames of the newest events, so that a thousand watches make each once. */
const frames = new Map<StorageEvent, Map<string, Partial<Record<WatchType, Buffer>>>>();
/** All that one commit may hold. */
const sharedEventsMax = 256;

function sharedFrame(registered: Registered, framer: Framer, type: WatchType, event: StorageEvent): Buffer {
  if (framer.key === undefined) return makeFrame(registered, framer, type, event);
  let known = frames.get(event);
  if (known === undefined) {
    known = new Map<string, Partial<Record<WatchType, Buffer>>>();
    frames.set(event, known);
    const oldest = frames.size > sharedEventsMax ? frames.keys().next().value : undefined;
    if (oldest !== undefined) frames.delete(oldest);
  }
  let byType = known.get(framer.key);
  if (byType === undefined) known.set(framer.key, (byType = {}));
  return (byType[type] ??= makeFrame(registered, framer, type, event));
}

function makeFrame(
  registered: Registered,
  framer: Framer,
  type: WatchType,
  { current, previous, revision }: StorageEvent,
): Buffer {
  if (type !== 'DELETED' && current !== undefined) {
    return framer.frame(type, bytesOf(registered, current), () => objectOf(registered, current));
  }
  invariant(previous !== undefined, 'what is deleted was there', { revision });
  const bytes = withRevision(bytesOf(registered, previous), revision);
  return framer.frame('DELETED', bytes, () => parseBytes(bytes));
}
