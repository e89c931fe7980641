import { existsSync } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { Client } from '../../openapi/client/client.ts';
import { allResources, deployments, hosts, nodes } from '../../openapi/generated/resources.ts';
import type { JsonValue } from '../../openapi/machinery/json.ts';
import type { KubeObject } from '../../openapi/machinery/object.ts';
import { apiVersionOf } from '../../openapi/machinery/resource.ts';
import { isNotFound } from '../../openapi/machinery/status.ts';
import { fetchTable } from '../../server/cli/access.ts';
import { loadOnAll } from '../../server/cli/command-image.ts';
import { untilAborted } from '../../server/cli/command-server.ts';
import { joinFleet, nextSteps } from '../../server/cli/command-up.ts';
import type { CliContext, RunningServer } from '../../server/cli/context.ts';
import { readFleet } from '../../server/cli/fleet-file.ts';
import { serverTableText } from '../../server/cli/table.ts';
import { serverDefaults } from '../../server/config.ts';
import { cliContext } from '../../server/context.ts';
import { buildImage } from '../lab/images.ts';
import { labDown, labUp } from '../lab/lab.ts';
import { labObstacle } from '../lab/platform.ts';
import { forgetThisMachine, thisMachine } from './this-machine.ts';

const root = join(import.meta.dirname, '..');
const dataDir = '/var/lib/flotilla-try';
const lab = { name: 'try', hosts: 3 };
const nodePort = 30_080;
const images = ['front-end', 'redis'];

/** `npm start`: the main job on a fresh machine, shown. `npm start -- --down` removes what it made. */
async function main(): Promise<void> {
  const context = cliContext();
  const args = process.argv.slice(2);
  if (args.includes('--down')) {
    await tearDown(context);
    return;
  }
  const noLab = args.includes('--no-lab');
  if (args.length > (noLab ? 1 : 0)) {
    context.err('usage: npm start            bring up a lab, join it, run the guestbook example\n');
    context.err('       npm start -- --no-lab  the server, with this machine as its host\n');
    context.err('       npm start -- --down    remove all that it made\n');
    process.exitCode = 2;
    return;
  }
  const obstacle = noLab ? '--no-lab was given' : await labObstacle();
  if (obstacle === undefined) await tryOnLab(context);
  else await tryWithoutLab(context, obstacle);
}

async function tearDown(context: CliContext): Promise<void> {
  await labDown({
    ...lab,
    progress: (line) => {
      context.err(`${line}\n`);
    },
  });
  const directory = tryDirectory(context);
  if (existsSync(join(directory, 'this-machine'))) await leaveThisMachine(context, directory);
  await forgetThisMachine();
  await rm(directory, { recursive: true, force: true });
  context.err('Everything that npm start made is removed.\n');
}

async function tryOnLab(context: CliContext): Promise<void> {
  const made = await labUp({
    ...lab,
    progress: (line) => {
      context.err(`${line}\n`);
    },
  });
  const server = await context.startServer({ ...serverDefaults, dataDir, logLevel: 'warn' });
  try {
    await joinFleet(context, server, await readFleet(made.fleetFile));
    await loadImages(context, server);
    await applyFolder(server.client, join(root, 'examples/guestbook'));
    await showGuestbook(
      context,
      server,
      made.hosts.map((host) => host.address),
    );
    await showTables(context, server);
    context.err(nextSteps(server));
    context.err(`The guestbook: http://${made.hosts[0]?.address ?? ''}:${nodePort}/\n`);
    context.err('Take all of it away again: npm start -- --down\n');
    await untilAborted(context.signal);
  } finally {
    await server.stop();
  }
}

function tryDirectory(context: CliContext): string {
  return process.getuid?.() === 0 ? dataDir : join(context.defaultDataDir, 'try');
}

/** Takes the agent off this machine, as `host rm` does. */
async function leaveThisMachine(context: CliContext, directory: string): Promise<void> {
  const server = await context.startServer({ ...serverDefaults, dataDir: directory, logLevel: 'warn' });
  try {
    const names = (await server.client.list(hosts)).items.map((host) => host.metadata?.name ?? '');
    for (const name of names) await server.client.delete(hosts, { name });
    await eventually(context, 'this machine is not cleaned', async () => {
      const left = (await server.client.list(hosts)).items;
      if (left.length > 0) throw new Error(`${names.join(', ')} is still being removed`);
    });
  } finally {
    await server.stop();
  }
}

/** The server with this machine as its only host where that can be, else alone, and how to go on. */
async function tryWithoutLab(context: CliContext, obstacle: string): Promise<void> {
  const directory = tryDirectory(context);
  const host = await thisMachine(directory);
  const only = typeof host === 'string' ? `alone, since ${host}` : 'with this machine as its only host';
  context.err(`No lab here: ${obstacle}. Starting the server ${only}.\n`);
  const server = await context.startServer({ ...serverDefaults, dataDir: directory, logLevel: 'warn' });
  try {
    if (typeof host !== 'string') await joinFleet(context, server, { server: {}, hosts: [host] });
    await showTables(context, server);
    context.err(nextSteps(server));
    context.err('Add a host that has SSH and Docker: node dist/flotilla.js host add USER@ADDRESS --sudo\n');
    await untilAborted(context.signal);
  } finally {
    await server.stop();
  }
}

/** Builds the example's images from Debian packages, once, and pushes them to the nodes that lack them. */
async function loadImages(context: CliContext, server: RunningServer): Promise<void> {
  for (const name of images) {
    const folder = join(root, 'examples/guestbook/images', name);
    const file = join(root, '.cache/images', `${name}.tar`);
    if (!existsSync(file) || (await changed(folder)) > (await stat(file)).mtimeMs) {
      context.err(`Building the image guestbook/${name} …\n`);
      await buildImage(folder, file);
    }
    const missing = await nodesWithout(server.client, `guestbook/${name}:1`);
    if (missing.length > 0) await loadOnAll(context, server.access, file, missing);
  }
}

async function changed(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true });
  const times = await Promise.all(entries.map(async (name) => (await stat(join(folder, name))).mtimeMs));
  return Math.max(...times);
}

async function nodesWithout(client: Client, image: string): Promise<string[]> {
  const all = (await client.list(nodes)).items;
  const has = (names: readonly string[] | undefined): boolean =>
    (names ?? []).some((name) => name.endsWith(image));
  return all
    .filter((node) => !(node.status?.images ?? []).some((each) => has(each.names)))
    .map((node) => node.metadata?.name ?? '');
}

/** Creates what the folder's manifests hold; what is there already is brought to them by a merge patch. */
async function applyFolder(client: Client, folder: string): Promise<void> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.yaml')).sort();
  for (const name of files)
    for (const document of parseAllDocuments(await readFile(join(folder, name), 'utf8')))
      await applyObject(client, document.toJS() as KubeObject);
}

async function applyObject(client: Client, object: KubeObject): Promise<void> {
  const resource = allResources.find(
    (each) => each.kind === object.kind && apiVersionOf(each) === object.apiVersion,
  );
  if (resource === undefined)
    throw new RangeError(`Cannot apply a ${object.kind ?? 'document without kind'}`);
  const namespace = resource.namespaced ? (object.metadata?.namespace ?? 'default') : undefined;
  const placed = {
    ...object,
    metadata: { ...object.metadata, ...(namespace === undefined ? {} : { namespace }) },
  };
  const key = { namespace, name: object.metadata?.name ?? '' };
  try {
    await client.get(resource, key);
    await client.patch(resource, key, placed as unknown as JsonValue, { type: 'merge' });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await client.create(resource, placed);
  }
}

async function showGuestbook(
  context: CliContext,
  server: RunningServer,
  addresses: readonly string[],
): Promise<void> {
  context.err('\nWaiting for the guestbook …\n');
  await eventually(context, 'the guestbook is not available', async () => {
    for (const name of ['redis', 'front-end']) {
      const { spec, status } = await server.client.get(deployments, { namespace: 'default', name });
      if (status?.availableReplicas !== spec?.replicas) throw new Error(`${name} has no pods ready yet`);
    }
  });
  for (const address of addresses) {
    const url = `http://${address}:${nodePort}/`;
    const page = await eventually(context, `there is no whole page at ${address}`, async () => {
      const text = readable(await fetchText(url));
      if (text.includes('cannot be read')) throw new Error('it has no entries yet: redis does not answer');
      return text;
    });
    context.out(`${url}\n${indented(page)}\n\n`);
  }
}

const patienceMs = 120_000;

/** Tries until it works; after two minutes it rejects with what was wrong last. */
async function eventually<T>(context: CliContext, what: string, attempt: () => Promise<T>): Promise<T> {
  const until = context.clock.monotonic() + patienceMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (context.clock.monotonic() > until)
        throw new Error(`After two minutes ${what}: ${(error as Error).message}`, { cause: error });
    }
    await context.clock.sleep(500, context.signal);
  }
}

function fetchText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = get(url, { timeout: 5000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`it answered ${response.statusCode ?? 0}`));
      });
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer in 5 s')));
    asked.on('error', reject);
  });
}

/** What a browser would show of a page, roughly. */
function readable(page: string): string {
  const body = page.replaceAll(/<style>[\s\S]*?<\/style>|<title>[\s\S]*?<\/title>|<[^>]*>/g, '');
  return body
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');
}

function indented(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}

async function showTables(context: CliContext, server: RunningServer): Promise<void> {
  for (const [url, namespace] of [
    ['/api/v1/nodes', false],
    ['/api/v1/pods', true],
  ] as const) {
    const table = await fetchTable(server.transport, url, context.signal);
    context.out(`${serverTableText(table, { wide: true, namespace })}\n`);
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`npm start: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
