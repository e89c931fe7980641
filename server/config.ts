import { isIPv4 } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** What one server process needs to know, from flags, FLOTILLA_* and fleet.yaml; read once. */
export interface ServerOptions {
  readonly dataDir: string;
  readonly listen: { readonly address: string; readonly port: number };
  /** Where the admin's kubeconfig is written too; it always stands in the data directory. */
  readonly kubeconfigOut: string | undefined;
  readonly storage: 'json';
  /** As kube-controller-manager: "*" all, "-job" not that one, "job" that one. */
  readonly controllers: readonly string[];
  readonly scheduler: boolean;
  readonly nodeGracePeriodMs: number;
  readonly podCIDR: string;
  readonly serviceCIDR: string;
  readonly clusterDomain: string;
  /** More names and addresses that the server certificate answers for. */
  readonly names: readonly string[];
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

export const serverDefaults: Omit<ServerOptions, 'dataDir'> = {
  listen: { address: '0.0.0.0', port: 6443 },
  kubeconfigOut: undefined,
  storage: 'json',
  controllers: ['*'],
  scheduler: true,
  nodeGracePeriodMs: 50_000,
  podCIDR: '10.244.0.0/16',
  serviceCIDR: '10.96.0.0/16',
  clusterDomain: 'cluster.local',
  names: [],
  logLevel: 'info',
};

/** /var/lib/flotilla/server for root, else below the user's data directory. */
export function defaultDataDir(): string {
  if (process.getuid?.() === 0) return '/var/lib/flotilla/server';
  return join(process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'flotilla');
}

/** Reads "ADDRESS:PORT", "[::]:PORT" or ":PORT". Throws RangeError that says what is allowed. */
export function parseListen(text: string): ServerOptions['listen'] {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65_535)
    throw new RangeError(`Cannot listen on "${text}": give ADDRESS:PORT, for example 0.0.0.0:6443`);
  const address = match[1] ?? match[2] ?? '';
  return { address: address === '' ? '0.0.0.0' : address, port };
}

/** Checks "10.96.0.0/16". Throws RangeError with the flag's name. */
export function parseCIDR(flag: string, text: string, bits: { readonly most: number }): string {
  const [address = '', length = ''] = text.split('/');
  const prefix = Number(length);
  const good = isIPv4(address) && /^\d{1,2}$/.test(length) && prefix >= 8 && prefix <= bits.most;
  if (!good)
    throw new RangeError(
      `Cannot use ${flag} "${text}": give an IPv4 network with a prefix of 8 to ${bits.most}, for example 10.96.0.0/16`,
    );
  return text;
}

/** The address number `index` of an IPv4 network: (10.96.0.0/16, 10) is 10.96.0.10. */
export function addressIn(cidr: string, index: number): string {
  const base = (cidr.split('/')[0] ?? '').split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const value = base + index;
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
