import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { Client } from '../../openapi/client/client.ts';
import { createClient } from '../../openapi/client/create-client.ts';
import { createHttpTransport } from '../../openapi/client/http-transport.ts';
import { configMaps } from '../../openapi/generated/resources.ts';
import type { ConfigMap } from '../../openapi/generated/types.ts';
import { systemClock } from '../../openapi/machinery/clock.ts';
import { isNotFound, isStatusError } from '../../openapi/machinery/status.ts';
import { readAccess } from '../../server/cli/kubeconfig.ts';
import { freePort, serverProcess, type ServerProcess } from '../e2e/cluster.ts';

const cycles = 200;
/** Each takes a second; on a busy machine with one slow disk, six. */
const timeoutMs = 2_400_000;
const writesMax = 100;
const writers = 8;
const namespace = 'default';

/** What the server said of one object: the newest acknowledged value, or that it is deleted. `unsure` was under way at the kill. */
interface Acknowledged {
  value: string | undefined;
  revision: number;
  unsure: string | undefined;
  mayBeDeleted: boolean;
}

describe('kill -9 of the server', () => {
  let directory = '';
  let port = 0;
  let server: ServerProcess | undefined;
  afterAll(async () => {
    await server?.stop('SIGKILL');
    await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });

  it(
    `loses no acknowledged write in ${cycles} cycles under load`,
    async () => {
      directory = await mkdtemp(join(tmpdir(), 'flotilla-kill-'));
      port = await freePort(directory);
      server = serverProcess(directory, port, ['--controllers', '-*', '--scheduler', 'false']);
      const known = new Map<string, Acknowledged>();
      let acknowledged = 0;
      let newest = 0;
      for (let cycle = 0; cycle < cycles; cycle++) {
        await server.start();
        const end = new AbortController();
        const client = await connect(directory, port, end.signal);
        newest = await check(client, known, newest);
        // By writes and not by time, so that every kill falls into the load of a machine of any speed.
        const enough = acknowledged + 1 + Math.floor(Math.random() * writesMax);
        let onEnough: () => void = () => undefined;
        const loaded = new Promise<void>((resolve) => (onEnough = resolve));
        const onAcknowledged = (): void => {
          if (++acknowledged === enough) onEnough();
        };
        const load = Array.from({ length: writers }, (_, writer) =>
          write(client, { cycle, writer, known, signal: end.signal, onAcknowledged }),
        );
        await Promise.race([loaded, Promise.all(load)]);
        await server.stop('SIGKILL');
        end.abort(new Error('killed'));
        await Promise.all(load);
      }
      await server.start();
      await check(await connect(directory, port, new AbortController().signal), known, newest);
      await server.stop();
      expect(acknowledged).toBeGreaterThanOrEqual(cycles);
    },
    timeoutMs,
  );
});

async function connect(directory: string, port: number, signal: AbortSignal): Promise<Client> {
  const access = await readAccess(join(directory, 'data/admin.kubeconfig'));
  const transport = createHttpTransport({
    address: { host: '127.0.0.1', port },
    serverName: 'localhost',
    ca: access.ca,
    cert: access.certificate,
    key: access.key,
  });
  return createClient(transport, { clock: systemClock, signal, userAgent: 'kill-test' });
}

interface Writer {
  readonly cycle: number;
  readonly writer: number;
  readonly known: Map<string, Acknowledged>;
  readonly signal: AbortSignal;
  readonly onAcknowledged: () => void;
}

/** Creates, updates and deletes objects of its own until the server is gone, and notes what was acknowledged. */
async function write(
  client: Client,
  { cycle, writer, known, signal, onAcknowledged }: Writer,
): Promise<void> {
  for (let round = 0; !signal.aborted; round++) {
    const name = `w${writer}-${round % 5}`;
    const entry = known.get(name) ?? { value: undefined, revision: 0, unsure: undefined, mayBeDeleted: true };
    known.set(name, entry);
    const value = `${cycle}.${round}`;
    const object: ConfigMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace },
      data: { value },
    };
    const remove = entry.value !== undefined && round % 7 === 6;
    try {
      if (remove) entry.mayBeDeleted = true;
      else entry.unsure = value;
      if (remove) await client.delete(configMaps, { namespace, name });
      const stored = remove
        ? undefined
        : entry.value === undefined
          ? await client.create(configMaps, object)
          : await client.update(configMaps, object);
      entry.value = stored === undefined ? undefined : value;
      entry.revision = Number(stored?.metadata?.resourceVersion ?? entry.revision);
      entry.unsure = undefined;
      entry.mayBeDeleted = stored === undefined;
      onAcknowledged();
    } catch (error) {
      // A refusal would be a lost or an invented write; a broken connection is the kill.
      if (isStatusError(error) && !isNotFound(error)) throw error;
      if (isNotFound(error)) entry.value = undefined;
      return;
    }
  }
}

/** Every acknowledged value is there, or the one that was under way. Resolves with the store's revision, which never falls. */
async function check(client: Client, known: Map<string, Acknowledged>, before: number): Promise<number> {
  const list = await client.list(configMaps, { namespace });
  const found = new Map(list.items.map((each) => [each.metadata?.name ?? '', each]));
  for (const [name, entry] of known) {
    const object = found.get(name);
    const value = object?.data?.['value'];
    const allowed = [entry.value, entry.unsure, ...(entry.mayBeDeleted ? [undefined] : [])];
    if (!allowed.includes(value))
      throw new Error(`${name} is ${String(value)}, acknowledged was ${String(entry.value)}`);
    entry.value = value;
    entry.unsure = undefined;
    entry.mayBeDeleted = value === undefined;
    const revision = Number(object?.metadata?.resourceVersion ?? entry.revision);
    expect(revision).toBeGreaterThanOrEqual(entry.revision);
    entry.revision = revision;
  }
  const revision = Number(list.metadata.resourceVersion);
  expect(revision).toBeGreaterThanOrEqual(before);
  return revision;
}
