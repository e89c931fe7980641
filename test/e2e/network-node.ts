/**
 * One node's network, Services and DNS without the rest of the agent: runs on a lab host, reads one JSON command a line from
 * stdin, and answers each with one JSON line. The objects that a server would send come with `world`.
 */
import { randomInt } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { cleanupClusterNetwork, startClusterNetwork } from '../../agent/cluster-network.ts';
import { realHost } from '../../agent/host/real-host.ts';
import type { PodNetwork } from '../../agent/network/pod-network.ts';
import type { SavedList } from '../../agent/network/saved-informer.ts';
import type { Change } from '../../openapi/client/informer.ts';
import type { EndpointSlice, Node, Service } from '../../openapi/generated/types.ts';
import { paths } from '../../openapi/machinery/agent-contract.ts';
import { systemClock } from '../../openapi/machinery/clock.ts';
import { lineLogger } from '../../openapi/machinery/log.ts';
import type { KubeObject } from '../../openapi/machinery/object.ts';
import type { NodeCommand } from './network-world.ts';

/** An informer whose objects are set by hand. */
class HandList<T extends KubeObject> implements SavedList<T> {
  synced = false;
  readonly #objects = new Map<string, T>();
  readonly #listeners = new Set<(change: Change<T>) => void>();
  readonly #waiting: (() => void)[] = [];

  replace(objects: readonly T[]): void {
    const keys = new Set(objects.map(keyOf));
    for (const [key, old] of [...this.#objects]) {
      if (keys.has(key)) continue;
      this.#objects.delete(key);
      for (const listener of this.#listeners) listener({ object: undefined, old });
    }
    for (const object of objects) {
      const old = this.#objects.get(keyOf(object));
      this.#objects.set(keyOf(object), object);
      for (const listener of this.#listeners) listener({ object, old });
    }
    this.synced = true;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  get(key: { readonly namespace?: string | undefined; readonly name: string }): T | undefined {
    return this.#objects.get(`${key.namespace ?? ''}/${key.name}`);
  }

  list(): readonly T[] {
    return [...this.#objects.values()];
  }

  subscribe(listener: (change: Change<T>) => void): () => void {
    this.#listeners.add(listener);
    for (const object of this.#objects.values()) listener({ object, old: undefined });
    return () => this.#listeners.delete(listener);
  }

  waitForSync(): Promise<void> {
    return this.synced ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }
}

function keyOf(object: KubeObject): string {
  return `${object.metadata?.namespace ?? ''}/${object.metadata?.name ?? ''}`;
}

const nodes = new HandList<Node>();
const services = new HandList<Service>();
const slices = new HandList<EndpointSlice>();
const stop = new AbortController();
const signal = stop.signal;
const log = lineLogger((line) => process.stderr.write(line), Date.now, 'debug');
let network: PodNetwork | undefined;

async function handle(command: NodeCommand): Promise<unknown> {
  switch (command.do) {
    case 'start':
      network = await startClusterNetwork({
        host: realHost,
        config: command.config,
        nodes,
        services,
        slices,
        clock: systemClock,
        random: () => randomInt(1_000_000) / 1_000_000,
        log,
        signal,
      });
      return {};
    case 'world':
      nodes.replace(command.world.nodes);
      services.replace(command.world.services);
      slices.replace(command.world.slices);
      return {};
    case 'attach':
      return network?.attach(command.podUid, command.pid, command.hostPorts, signal);
    case 'detach':
      await network?.detach(command.podUid, signal);
      return {};
    case 'retainOnly':
      await network?.retainOnly(new Set(command.podUids), signal);
      return {};
    case 'gateway':
      return { gateway: network?.gateway };
    case 'fakeApi':
      mkdirSync(paths.run, { recursive: true });
      rmSync(paths.apiSocket, { force: true });
      createServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => socket.end('the API server of the tunnel\n'));
      }).listen(paths.apiSocket);
      return {};
    case 'cleanup':
      stop.abort();
      await cleanupClusterNetwork({
        host: realHost,
        clock: systemClock,
        log,
        signal: new AbortController().signal,
      });
      rmSync(paths.apiSocket, { force: true });
      return {};
  }
}

let queue: Promise<void> = Promise.resolve();
createInterface({ input: process.stdin })
  .on('line', (line) => {
    queue = queue
      .then(() => handle(JSON.parse(line) as NodeCommand))
      .then(
        (result) => ({ result }),
        (error: unknown) => ({ error: String(error) }),
      )
      .then((answer) => {
        process.stdout.write(`${JSON.stringify(answer)}\n`);
      });
  })
  .on('close', () => {
    void queue.then(() => process.exit(0));
  });
