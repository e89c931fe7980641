import { setMaxListeners } from 'node:events';
import type { Client } from '../../openapi/client/client.ts';
import { createEventRecorder } from '../../openapi/client/create-event-recorder.ts';
import { createInformers, type Informers } from '../../openapi/client/informers.ts';
import { keyFromText, keyText } from '../../openapi/client/object-cache.ts';
import { WorkQueue } from '../../openapi/client/work-queue.ts';
import type { Clock } from '../../openapi/machinery/clock.ts';
import { InvariantError } from '../../openapi/machinery/invariant.ts';
import type { Logger } from '../../openapi/machinery/log.ts';
import { isConflict, isStatusError } from '../../openapi/machinery/status.ts';
import type { Controller, ControllerContext, Watch } from './controller.ts';

export interface RunOptions {
  readonly controllers: readonly Controller[];
  /** A client that acts as this controller: "deployment". */
  clientFor(name: string): Client;
  /** Shared with others of the process, e.g. the scheduler; made from `clientFor('informers')` when absent. */
  readonly informers?: Informers;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

export interface RunningControllers {
  readonly names: readonly string[];
  /** Resolves when every controller has seen the whole state once. */
  readonly synced: Promise<void>;
  /** Ends the loops. Resolves when the last reconcile in flight has ended. */
  stop(): Promise<void>;
}

/** kube-controller-manager's name of who reports an event, where it is not "<name>-controller". */
const componentOf: Readonly<Record<string, string>> = {
  replicationcontroller: 'replication-controller',
  job: 'job-controller',
  nodelifecycle: 'node-controller',
  nodeipam: 'cidrAllocator',
  endpoint: 'endpoint-controller',
  endpointslice: 'endpoint-slice-controller',
  endpointslicemirroring: 'endpoint-slice-mirroring-controller',
  disruption: 'controllermanager',
};
const workersDefault = 5;

/** Runs controllers, each with a queue and workers of its own, over shared informers. */
export function runControllers(options: RunOptions): RunningControllers {
  const end = new AbortController();
  setMaxListeners(0, end.signal);
  const { clock, random, log } = options;
  const informers =
    options.informers ??
    createInformers({
      client: options.clientFor('informers'),
      clock,
      random,
      log: log.child('informers'),
      signal: end.signal,
    });
  const loops = options.controllers.map((controller) =>
    startLoop(controller, options, informers, end.signal),
  );
  return {
    names: options.controllers.map((controller) => controller.name),
    synced: Promise.all(loops.map((loop) => loop.synced)).then(() => undefined),
    async stop() {
      end.abort(new Error('The controllers were stopped'));
      await Promise.allSettled(loops.map((loop) => loop.ended));
    },
  };
}

interface Loop {
  readonly synced: Promise<void>;
  readonly ended: Promise<unknown>;
}

function startLoop(
  controller: Controller,
  options: RunOptions,
  informers: Informers,
  signal: AbortSignal,
): Loop {
  const { clock, random } = options;
  const log = options.log.child(controller.name);
  const client = options.clientFor(controller.name);
  const component = componentOf[controller.name] ?? `${controller.name}-controller`;
  const events = createEventRecorder({ client, clock, random, log, signal, component });
  const context: ControllerContext = {
    client,
    informer: (resource) => informers.of(resource),
    events,
    clock,
    random,
    log,
    signal,
  };
  const queue = new WorkQueue({ clock, signal });
  const synced = watchAll(controller, context, queue, informers);
  const ended = synced.then(async () => {
    for (const key of controller.firstKeys ?? []) queue.add(keyText(key));
    const count = controller.workers ?? workersDefault;
    const workers = Array.from({ length: count }, () => work(controller, context, queue));
    for (const worker of workers) worker.catch(rethrowBug);
    await Promise.allSettled(workers);
  });
  ended.catch(rethrowBug);
  return { synced: synced.catch(() => undefined), ended };
}

/** A stop ends loops by rejection, which is ordinary; a broken invariant must end the process. */
function rethrowBug(error: unknown): void {
  if (error instanceof InvariantError) throw error;
}

async function watchAll(
  controller: Controller,
  context: ControllerContext,
  queue: WorkQueue,
  informers: Informers,
): Promise<void> {
  const onFull = once(() => {
    context.log.log('error', 'The queue is full: what finds no room waits for its next change');
  });
  function start(watch: Watch): () => void {
    return context.informer(watch.resource).subscribe((change) => {
      for (const key of watch.keys(change, context)) if (!queue.add(keyText(key))) onFull();
    });
  }
  for (const watch of controller.watches) {
    context.signal.addEventListener('abort', start(watch), { once: true });
  }
  const endOthers = controller.follow?.((watch) => {
    const stop = start(watch);
    return () => {
      stop();
      informers.forget(watch.resource);
    };
  });
  if (endOthers !== undefined) context.signal.addEventListener('abort', endOthers, { once: true });
  await Promise.all(
    controller.watches.map((watch) => context.informer(watch.resource).waitForSync(context.signal)),
  );
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}

async function work(controller: Controller, context: ControllerContext, queue: WorkQueue): Promise<void> {
  for (;;) {
    const key = await queue.take();
    try {
      const waitMs = await controller.reconcile(keyFromText(key), context);
      queue.forget(key);
      if (waitMs !== undefined) queue.addAfter(key, waitMs);
    } catch (error) {
      if (error instanceof InvariantError) throw error;
      if (isEnded(context)) return;
      queue.retry(key);
      report(context.log, key, error, queue.failures(key));
    } finally {
      queue.done(key);
    }
  }
}

/** Asked anew each time: a stop may come while a reconcile runs. */
function isEnded({ signal }: ControllerContext): boolean {
  return signal.aborted;
}

/** A conflict only says that the informer is behind: the retry is the ordinary way. */
function report(log: Logger, key: string, error: unknown, failures: number): void {
  const ordinary = isConflict(error) || (isStatusError(error) && failures < 3);
  log.log(ordinary ? 'debug' : 'warn', 'Cannot reconcile: trying again', {
    key,
    failures,
    error: error instanceof Error ? error.message : String(error),
  });
}
