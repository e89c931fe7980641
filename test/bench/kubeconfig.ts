import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';

/** Where an API server is, and how to speak to it. */
export interface ApiTarget {
  readonly host: string;
  readonly port: number;
  /** TLS options. */
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly rejectUnauthorized: boolean;
  /** For the Authorization header; empty: none. */
  readonly authorization: string;
}

interface Named<T> {
  readonly name: string;
  readonly cluster?: T;
  readonly user?: T;
  readonly context?: T;
}
type Fields = Readonly<Record<string, string | boolean | undefined>>;
interface Config {
  readonly 'current-context': string;
  readonly clusters: readonly Named<Fields>[];
  readonly users: readonly Named<Fields>[];
  readonly contexts: readonly Named<Fields>[];
}

/** Reads the current context of a kubeconfig: certificate data or files, or a token. */
export async function readTarget(path: string): Promise<ApiTarget> {
  const config = parse(await readFile(path, 'utf8')) as Config;
  const context = config.contexts.find((each) => each.name === config['current-context'])?.context ?? {};
  const cluster = config.clusters.find((each) => each.name === context['cluster'])?.cluster ?? {};
  const user = config.users.find((each) => each.name === context['user'])?.user ?? {};
  const url = new URL(String(cluster['server']));
  const ca = await bytesOf(cluster, 'certificate-authority');
  const cert = await bytesOf(user, 'client-certificate');
  const key = await bytesOf(user, 'client-key');
  return {
    host: url.hostname,
    port: Number(url.port === '' ? '443' : url.port),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    rejectUnauthorized: cluster['insecure-skip-tls-verify'] !== true,
    authorization: typeof user['token'] === 'string' ? `Bearer ${user['token']}` : '',
  };
}

async function bytesOf(fields: Fields, name: string): Promise<Buffer | undefined> {
  const data = fields[`${name}-data`];
  if (typeof data === 'string') return Buffer.from(data, 'base64');
  const file = fields[name];
  return typeof file === 'string' ? readFile(file) : undefined;
}
