import { setMaxListeners } from 'node:events';
import type { Duplex } from 'node:stream';
import { hosts } from '../../openapi/generated/resources.ts';
import { deleteNode, HostWorker } from './host-worker.ts';
import { Joiner, nodeNameOf } from './join.ts';
import type { FleetOptions } from './options.ts';
import { Slots } from './slots.ts';

const joiningMaxDefault = 8;

/** The hosts that are joined over SSH. */
export interface Fleet {
  /** Opens streams to nodes' agents. */
  readonly dialer: { dial(nodeName: string, signal: AbortSignal): Promise<Duplex> };
  /** Lets go of all hosts; their agents and pods go on. */
  stop(): Promise<void>;
}

/** Watches Hosts and runs one worker for each. Hosts do not wait for each other, and one that fails harms no other. */
export function startFleet(options: FleetOptions): Fleet {
  const end = new AbortController();
  setMaxListeners(0, end.signal);
  const joiner = new Joiner(options);
  const slots = new Slots(options.joiningMax ?? joiningMaxDefault);
  const workers = new Map<string, HostWorker>();
  const log = options.log.child('fleet');

  function start(name: string): void {
    const worker = new HostWorker({ fleet: options, joiner, slots, log, name, signal: end.signal });
    workers.set(name, worker);
    void worker.ended.then(() => {
      if (workers.get(name) === worker) workers.delete(name);
      const left = informer.get({ name });
      // Made again while the old one was being removed.
      if (!end.signal.aborted && left?.metadata?.deletionTimestamp === undefined && left !== undefined)
        start(name);
    });
  }

  const informer = options.informers.of(hosts);
  const unsubscribe = informer.subscribe(({ object, old }) => {
    const name = (object ?? old)?.metadata?.name ?? '';
    const worker = workers.get(name);
    if (worker !== undefined) worker.notify();
    else if (object !== undefined) start(name);
    // A Host whose finalizer was taken off by force leaves its node behind.
    if (object === undefined && old !== undefined)
      void deleteNode(options, nodeNameOf(old)).catch((error: unknown) => {
        log.log('warn', 'Cannot delete the node of a host', { host: name, error: String(error) });
      });
  });

  return {
    dialer: {
      async dial(nodeName, signal) {
        signal.throwIfAborted();
        await informer.waitForSync(signal);
        const worker = [...workers.values()].find((each) => each.nodeName === nodeName);
        if (worker === undefined) throw new Error(`node "${nodeName}" is not joined through a Host`);
        const stream = await worker.dial(signal);
        if (signal.aborted) stream.destroy();
        signal.throwIfAborted();
        return stream;
      },
    },
    async stop() {
      unsubscribe();
      end.abort(new Error('The server stops'));
      await Promise.allSettled([...workers.values()].map((worker) => worker.ended));
    },
  };
}
