import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import type { Host } from '../../openapi/generated/types.ts';
import { isJsonObject } from '../../openapi/machinery/json.ts';

/** fleet.yaml, checked: what the server is told, and the hosts as objects of the API. */
export interface Fleet {
  readonly server: {
    readonly listen?: string;
    readonly dataDir?: string;
    readonly podCIDR?: string;
    readonly serviceCIDR?: string;
    readonly clusterDomain?: string;
  };
  readonly hosts: readonly Host[];
}

const apiVersion = 'flotilla.dev/v1alpha1';

type Check = (value: unknown) => string | undefined;
interface Shape {
  readonly [field: string]: Check | Shape;
}

const text: Check = (value) => (typeof value === 'string' ? undefined : 'must be a string');
const flag: Check = (value) => (typeof value === 'boolean' ? undefined : 'must be true or false');
const port: Check = (value) =>
  Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536
    ? undefined
    : 'must be a port, 1 to 65535';
const texts: Check = (value) =>
  isJsonObject(value) && Object.values(value).every((each) => typeof each === 'string')
    ? undefined
    : 'must be a map of strings';
const list: Check = (value) => (Array.isArray(value) ? undefined : 'must be a list');
function oneOf(...allowed: readonly string[]): Check {
  return (value) =>
    allowed.includes(String(value))
      ? undefined
      : `must be one of ${allowed.map((each) => `"${each}"`).join(', ')}`;
}

const hostShape: Shape = {
  name: text,
  ssh: { host: text, port, user: text, identityFile: text, hostKey: text, jump: text, sudo: flag },
  labels: texts,
  taints: list,
  runtime: { install: oneOf('docker', 'containerd', '') },
  nodeName: text,
};
const fleetShape: Shape = {
  apiVersion: oneOf(apiVersion),
  kind: oneOf('Fleet'),
  server: { listen: text, dataDir: text, podCIDR: text, serviceCIDR: text, clusterDomain: text },
  hosts: list,
};

/** Reads and checks a fleet file. Rejects with one Error that lists every fault with its field; nothing is half taken. */
export async function readFleet(path: string): Promise<Fleet> {
  let source: string;
  try {
    source = await readFile(path, 'utf8');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : String(error);
    throw new Error(`Cannot read ${path}: ${why}`, { cause: error });
  }
  return parseFleet(source, path);
}

/** As readFleet, from text; relative paths in it are taken from the file's folder. */
export function parseFleet(source: string, path: string): Fleet {
  const lineCounter = new LineCounter();
  const document = parseDocument(source, { lineCounter });
  const fault = document.errors[0];
  if (fault !== undefined) throw new Error(`Cannot read ${path}: ${fault.message.split('\n')[0] ?? ''}`);
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  const faults = isJsonObject(value) ? faultsOf(value) : ['it must be a map with apiVersion, kind and hosts'];
  if (faults.length > 0) throw new Error(`Cannot use ${path}: ${faults.join('; ')}`);
  const fleet = value as FleetSource;
  const folder = dirname(resolve(path));
  const server = { ...fleet.server };
  if (server.dataDir !== undefined && !isAbsolute(server.dataDir))
    server.dataDir = resolve(folder, server.dataDir);
  return { server, hosts: (fleet.hosts ?? []).map((host) => hostObject(host, folder)) };
}

interface HostSource {
  readonly name: string;
  readonly ssh: { readonly host: string; readonly identityFile?: string };
  readonly labels?: Record<string, string>;
  readonly taints?: object[];
  readonly runtime?: { readonly install: string };
  readonly nodeName?: string;
}
interface FleetSource {
  readonly server?: { listen?: string; dataDir?: string; podCIDR?: string; serviceCIDR?: string };
  readonly hosts?: readonly HostSource[];
}

function faultsOf(value: object): string[] {
  const faults = checkShape('', value, fleetShape);
  for (const field of ['apiVersion', 'kind']) if (!(field in value)) faults.push(`${field}: is missing`);
  const hosts: unknown = (value as { hosts?: unknown }).hosts;
  if (!Array.isArray(hosts)) return faults;
  const seen = new Set<string>();
  hosts.forEach((host: unknown, index) => {
    const at = `hosts[${index}]`;
    if (!isJsonObject(host)) {
      faults.push(`${at}: must be a map`);
      return;
    }
    faults.push(...checkShape(`${at}.`, host, hostShape));
    const { name, ssh } = host;
    if (typeof name !== 'string' || name === '') faults.push(`${at}.name: is missing`);
    else if (seen.has(name)) faults.push(`${at}.name: "${name}" stands twice`);
    else seen.add(name);
    if (!isJsonObject(ssh) || typeof ssh['host'] !== 'string') faults.push(`${at}.ssh.host: is missing`);
  });
  return faults;
}

function checkShape(at: string, value: object, shape: Shape): string[] {
  return Object.entries(value).flatMap(([field, each]: [string, unknown]) => {
    const check = Object.hasOwn(shape, field) ? shape[field] : undefined;
    if (check === undefined)
      return [`${at}${field}: is not known here; known are ${Object.keys(shape).join(', ')}`];
    if (typeof check !== 'function')
      return isJsonObject(each)
        ? checkShape(`${at}${field}.`, each, check)
        : [`${at}${field}: must be a map`];
    const problem = check(each);
    return problem === undefined ? [] : [`${at}${field}: ${problem}`];
  });
}

function hostObject(source: HostSource, folder: string): Host {
  const { name, ssh, labels, taints, runtime, nodeName } = source;
  const identityFile = ssh.identityFile;
  const placed =
    identityFile === undefined || isAbsolute(identityFile) || identityFile.startsWith('~')
      ? ssh
      : { ...ssh, identityFile: resolve(folder, identityFile) };
  return {
    apiVersion,
    kind: 'Host',
    metadata: { name },
    spec: {
      ssh: placed,
      ...(labels === undefined ? {} : { labels }),
      ...(taints === undefined ? {} : { taints }),
      ...(runtime === undefined ? {} : { runtime }),
      ...(nodeName === undefined ? {} : { nodeName }),
    },
  } as Host;
}
