import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { request } from 'node:https';
import { Command } from 'commander';
import { nodes } from '../../openapi/generated/resources.ts';
import { connect, withAccessFlags, type AccessFlags } from './access.ts';
import { UsageError, type CliContext } from './context.ts';
import type { Access } from './kubeconfig.ts';

interface ImageFlags extends AccessFlags {
  readonly node: string[];
}

export function imageCommand(context: CliContext): Command {
  const command = new Command('image').description('Images on the hosts');
  command.addCommand(
    withAccessFlags(
      new Command('load')
        .description('Push a saved image (docker save) to the hosts, so that no registry is needed')
        .argument('<file...>')
        .option('--node <name...>', 'only to these nodes (default: all that are ready)', []),
    ).action(async (files: readonly string[], flags: ImageFlags) => {
      const { access, client } = await connect(context, flags);
      const all = (await client.list(nodes)).items.map((node) => node.metadata?.name ?? '');
      const unknown = flags.node.filter((name) => !all.includes(name));
      if (unknown.length > 0)
        throw new UsageError(`There is no node "${unknown.join('", "')}": there are ${all.join(', ')}`);
      const targets = flags.node.length === 0 ? all : flags.node;
      if (targets.length === 0)
        throw new Error('There is no node to push to: join a host first (flotilla host add)');
      for (const file of files) await loadOnAll(context, access, file, targets);
    }),
  );
  return command;
}

/** Pushes one file to every node at once; rejects when any of them failed, after all have ended. */
export async function loadOnAll(
  context: CliContext,
  access: Access,
  file: string,
  targets: readonly string[],
): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() !== true) throw new Error(`Cannot load "${file}": there is no such file`);
  const results = await Promise.allSettled(
    targets.map(async (node) => {
      const names = await loadImage(access, { file, node, signal: context.signal });
      context.err(`${node}: loaded ${names} (${(found.size / 1e6).toFixed(1)} MB)\n`);
    }),
  );
  const failed = results.flatMap((result, index) =>
    result.status === 'rejected' ? [`${targets[index] ?? ''}: ${(result.reason as Error).message}`] : [],
  );
  if (failed.length > 0) throw new Error(`Cannot load ${file}: ${failed.join('; ')}`);
}

interface Load {
  readonly file: string;
  readonly node: string;
  readonly signal: AbortSignal;
}

/** Streams the file through the API server and the node's tunnel into its runtime. Resolves with what the runtime called it. */
async function loadImage(access: Access, load: Load): Promise<string> {
  const url = new URL(`/api/v1/nodes/${encodeURIComponent(load.node)}/proxy/images/load`, access.server);
  const { ca, certificate: cert, key } = access;
  const outgoing = request(url, {
    method: 'POST',
    ca,
    cert,
    key,
    signal: load.signal,
    headers: { 'content-type': 'application/x-tar' },
  });
  const file = createReadStream(load.file);
  const answer = new Promise<{ status: number; text: string }>((resolve, reject) => {
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      const { statusCode: status = 0 } = response;
      // Refused before it was read: nobody will take the rest.
      if (status !== 200) file.unpipe(outgoing).destroy();
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status, text: Buffer.concat(chunks).toString('utf8') });
        outgoing.destroy();
      });
    });
  });
  file.on('error', (error) => outgoing.destroy(error));
  file.pipe(outgoing);
  const { status, text } = await answer;
  if (status !== 200) throw new Error(messageOf(text) ?? `the server answered ${status}`);
  return loadedNames(text);
}

/** The agent's JSON lines end in "Loaded image: NAME". An error may stand in them though the code is 200. */
function loadedNames(lines: string): string {
  const told = lines
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as { readonly line?: string; readonly error?: string });
  const error = told.find((each) => each.error !== undefined)?.error;
  if (error !== undefined) throw new Error(error);
  const names = told.flatMap((each) => /Loaded image(?: ID)?: (\S+)/.exec(each.line ?? '')?.[1] ?? []);
  return names.length === 0 ? 'the image' : names.join(', ');
}

function messageOf(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { readonly message?: string }).message;
  } catch {
    return text.trim() === '' ? undefined : text.trim();
  }
}
