import { Command, Option } from 'commander';
import { resolve } from 'node:path';
import { parseCIDR, parseListen, serverDefaults, type ServerOptions } from '../config.ts';
import { UsageError, type CliContext } from './context.ts';

interface ServerFlags {
  readonly dataDir: string;
  readonly listen: string;
  readonly kubeconfigOut?: string;
  readonly storage: string;
  readonly controllers: string;
  readonly scheduler: string;
  readonly nodeGracePeriod: string;
  readonly podCidr: string;
  readonly serviceCidr: string;
  readonly clusterDomain: string;
  readonly tlsSan: string[];
  readonly logLevel: ServerOptions['logLevel'];
}

/** Adds the flags that `server` and `up` share; each may come from FLOTILLA_… too. */
export function withServerFlags(command: Command, context: CliContext): Command {
  const option = (flags: string, text: string, env: string, value?: string): Option => {
    const made = new Option(flags, text).env(env);
    return value === undefined ? made : made.default(value);
  };
  const { address, port } = serverDefaults.listen;
  return command
    .addOption(
      option(
        '--data-dir <dir>',
        'where the store, keys and kubeconfig stand',
        'FLOTILLA_DATA_DIR',
        context.defaultDataDir,
      ),
    )
    .addOption(
      option('--listen <address:port>', 'where the API is served', 'FLOTILLA_LISTEN', `${address}:${port}`),
    )
    .addOption(
      option('--kubeconfig-out <file>', "write the admin's kubeconfig here too", 'FLOTILLA_KUBECONFIG_OUT'),
    )
    .addOption(
      option('--storage <kind>', 'json: a journal in the data directory', 'FLOTILLA_STORAGE', 'json').choices(
        ['json'],
      ),
    )
    .addOption(
      option(
        '--controllers <list>',
        'which controllers run: "*" all, "-job" not that one, "-*" none',
        'FLOTILLA_CONTROLLERS',
        '*',
      ),
    )
    .addOption(
      option('--scheduler <bool>', 'run the scheduler', 'FLOTILLA_SCHEDULER', 'true').choices([
        'true',
        'false',
      ]),
    )
    .addOption(
      option(
        '--node-grace-period <seconds>',
        'a node without a lease for so long is not ready',
        'FLOTILLA_NODE_GRACE_PERIOD',
        '50',
      ),
    )
    .addOption(
      option(
        '--pod-cidr <cidr>',
        'addresses of pods; a /24 of it for each node',
        'FLOTILLA_POD_CIDR',
        serverDefaults.podCIDR,
      ),
    )
    .addOption(
      option(
        '--service-cidr <cidr>',
        'addresses of Services',
        'FLOTILLA_SERVICE_CIDR',
        serverDefaults.serviceCIDR,
      ),
    )
    .addOption(
      option(
        '--cluster-domain <domain>',
        'the DNS domain of the cluster',
        'FLOTILLA_CLUSTER_DOMAIN',
        serverDefaults.clusterDomain,
      ),
    )
    .addOption(
      new Option('--tls-san <name...>', 'more names or addresses in the server certificate')
        .env('FLOTILLA_TLS_SAN')
        .default([]),
    )
    .addOption(
      option('--log-level <level>', 'how much is told on stderr', 'FLOTILLA_LOG_LEVEL', 'info').choices([
        'debug',
        'info',
        'warn',
        'error',
      ]),
    );
}

/** Checks the flags. Throws UsageError. */
export function serverOptions(flags: ServerFlags): ServerOptions {
  try {
    return {
      dataDir: resolve(flags.dataDir),
      listen: parseListen(flags.listen),
      kubeconfigOut: flags.kubeconfigOut === undefined ? undefined : resolve(flags.kubeconfigOut),
      storage: 'json',
      controllers: flags.controllers.split(',').map((each) => each.trim()),
      scheduler: flags.scheduler === 'true',
      nodeGracePeriodMs: seconds('--node-grace-period', flags.nodeGracePeriod) * 1000,
      podCIDR: parseCIDR('--pod-cidr', flags.podCidr, { most: 22 }),
      serviceCIDR: parseCIDR('--service-cidr', flags.serviceCidr, { most: 24 }),
      clusterDomain: domain(flags.clusterDomain),
      names: flags.tlsSan,
      logLevel: flags.logLevel,
    };
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

function seconds(flag: string, text: string): number {
  const value = Number(text.replace(/s$/, ''));
  if (!(value > 0 && value <= 86_400))
    throw new RangeError(`Cannot use ${flag} "${text}": give seconds, for example 50`);
  return value;
}

function domain(text: string): string {
  if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(text))
    throw new RangeError(`Cannot use --cluster-domain "${text}": give a DNS name, for example cluster.local`);
  return text;
}

export function serverCommand(context: CliContext): Command {
  const command = new Command('server').description(
    'Run the API server, controllers and scheduler alone, in the foreground',
  );
  return withServerFlags(command, context).action(async (flags: ServerFlags) => {
    const server = await context.startServer(serverOptions(flags));
    context.err(`Serving ${server.access.server}\nexport KUBECONFIG=${server.kubeconfigPath}\n`);
    await untilAborted(context.signal);
    await server.stop();
  });
}

export function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((done) => {
    signal.addEventListener(
      'abort',
      () => {
        done();
      },
      { once: true },
    );
  });
}
