import { Option, type Command } from 'commander';
import { join } from 'node:path';
import type { Client } from '../../openapi/client/client.ts';
import type { Transport } from '../../openapi/client/transport.ts';
import { isJsonObject } from '../../openapi/machinery/json.ts';
import type { CliContext } from './context.ts';
import { readAccess, type Access } from './kubeconfig.ts';
import type { ServerTable } from './table.ts';

export interface AccessFlags {
  readonly kubeconfig?: string;
}

/** The kubeconfig of the server on this machine stands in its data directory. */
export const adminKubeconfig = 'admin.kubeconfig';

export function withAccessFlags(command: Command): Command {
  return command.addOption(
    new Option(
      '--kubeconfig <file>',
      "the admin's kubeconfig (default: $KUBECONFIG, else that of the server on this machine)",
    ).env('FLOTILLA_KUBECONFIG'),
  );
}

export interface Connection {
  readonly access: Access;
  readonly client: Client;
  readonly transport: Transport;
}

/** Reads the kubeconfig and connects. */
export async function connect(context: CliContext, flags: AccessFlags): Promise<Connection> {
  const access = await readAccess(kubeconfigPath(context, flags));
  return { access, ...context.connect(access) };
}

/** What was named for us comes first, then what kubectl in the same shell would use, then the server on this machine. */
function kubeconfigPath(context: CliContext, flags: AccessFlags): string {
  const { KUBECONFIG: ofKubectl = '', FLOTILLA_DATA_DIR: named } = context.env;
  const [first = ''] = ofKubectl.split(':');
  if (flags.kubeconfig === undefined && named === undefined && first !== '') return first;
  return localKubeconfigPath(context, flags);
}

/** Where the server on this machine wrote its admin's kubeconfig, unless a flag names another. */
export function localKubeconfigPath(context: CliContext, flags: AccessFlags): string {
  return (
    flags.kubeconfig ?? join(context.env['FLOTILLA_DATA_DIR'] ?? context.defaultDataDir, adminKubeconfig)
  );
}

/** Asks the server for a list as it would print it. */
export async function fetchTable(
  transport: Transport,
  url: string,
  signal: AbortSignal,
): Promise<ServerTable> {
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
  const response = await transport.request({ method: 'GET', url, headers: { accept }, signal });
  const value: unknown = JSON.parse(await bodyText(response.body));
  if (response.status !== 200 || !isJsonObject(value)) {
    const message = isJsonObject(value) ? value['message'] : undefined;
    throw new Error(`Cannot list ${url}: ${typeof message === 'string' ? message : response.status}`);
  }
  return value as unknown as ServerTable;
}

export async function bodyText(body: Uint8Array | AsyncIterable<Uint8Array>): Promise<string> {
  if (body instanceof Uint8Array) return Buffer.from(body).toString('utf8');
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
