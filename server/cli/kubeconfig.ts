import { readFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import { isJsonObject } from '../../openapi/machinery/json.ts';

/** How to reach one API server with one client certificate; certificates and key are PEM. */
export interface Access {
  readonly server: string;
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

const name = 'flotilla';

/** A kubeconfig with one cluster, one user and one context. */
export function kubeconfigText(access: Access): string {
  return stringify(kubeconfigOf(access));
}

function kubeconfigOf(access: Access): Kubeconfig {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: access.server, 'certificate-authority-data': base64(access.ca) } }],
    users: [
      {
        name,
        user: {
          'client-certificate-data': base64(access.certificate),
          'client-key-data': base64(access.key),
        },
      },
    ],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
}

interface Named {
  readonly name: string;
}
interface Kubeconfig {
  readonly apiVersion: string;
  readonly kind: string;
  readonly clusters: readonly (Named & { readonly cluster: Record<string, string> })[];
  readonly users: readonly (Named & { readonly user: Record<string, string> })[];
  readonly contexts: readonly (Named & { readonly context: Record<string, string> })[];
  readonly 'current-context': string;
}

/** Reads the current context of a kubeconfig. Rejects with a line that says what is wrong and what to do. */
export async function readAccess(path: string): Promise<Access> {
  const config = await readKubeconfig(path);
  const current = config.contexts.find((each) => each.name === config['current-context'])?.context;
  const cluster = config.clusters.find((each) => each.name === current?.['cluster'])?.cluster;
  const user = config.users.find((each) => each.name === current?.['user'])?.user;
  const text = (value: string | undefined): string => Buffer.from(value ?? '', 'base64').toString('utf8');
  const access = {
    server: cluster?.['server'] ?? '',
    ca: text(cluster?.['certificate-authority-data']),
    certificate: text(user?.['client-certificate-data']),
    key: text(user?.['client-key-data']),
  };
  if (Object.values(access).some((value) => value === ''))
    throw new Error(
      `Cannot use kubeconfig "${path}": its current context has no server with CA and client certificate; take the one that flotilla wrote`,
    );
  return access;
}

async function readKubeconfig(path: string): Promise<Kubeconfig> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'it is not there' : String(error);
    throw new Error(
      `Cannot read kubeconfig "${path}": ${why}. Start a server first (flotilla up), or name its kubeconfig with --kubeconfig`,
      { cause: error },
    );
  }
  const parsed: unknown = parse(text);
  if (!isJsonObject(parsed) || !Array.isArray(parsed['clusters']))
    throw new Error(`Cannot use kubeconfig "${path}": it is no kubeconfig`);
  return { users: [], contexts: [], ...parsed } as unknown as Kubeconfig;
}

/** `into` (a kubeconfig's text, or empty) with our cluster, user and context in it, made current. Others' entries stay. */
export function mergedKubeconfig(into: string, access: Access): string {
  const own = kubeconfigOf(access);
  const parsed: unknown = into.trim() === '' ? {} : parse(into);
  if (!isJsonObject(parsed)) throw new Error('Cannot merge: what is there is no kubeconfig');
  const old = parsed as Partial<Kubeconfig>;
  const others = <T extends Named>(list: readonly T[] | undefined): T[] =>
    (list ?? []).filter((each) => each.name !== name);
  return stringify({
    ...old,
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [...others(old.clusters), ...own.clusters],
    users: [...others(old.users), ...own.users],
    contexts: [...others(old.contexts), ...own.contexts],
    'current-context': name,
  });
}
