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
  readonly tlsSan: string;
  readonly logLevel: ServerOptions['logLevel'];
}

/** Flag, what --help says of it, and its default; FLOTILLA_… follows from the flag's name. */
type Flag = readonly [flags: string, text: string, value?: string, choices?: readonly string[]];

function flagsOf(context: CliContext): readonly Flag[] {
  const { listen, podCIDR, serviceCIDR, clusterDomain } = serverDefaults;
  return [
    ['--data-dir <dir>', 'where the store, keys and kubeconfig stand', context.defaultDataDir],
    ['--listen <address:port>', 'where the API is served', `${listen.address}:${listen.port}`],
    ['--kubeconfig-out <file>', "write the admin's kubeconfig here too"],
    ['--storage <kind>', 'json: a journal in the data directory', 'json', ['json']],
    ['--controllers <list>', 'which controllers run: "*" all, "-job" not that one, "-*" none', '*'],
    ['--scheduler <bool>', 'run the scheduler', 'true', ['true', 'false']],
    ['--node-grace-period <seconds>', 'a node without a lease for so long is not ready', '50'],
    ['--pod-cidr <cidr>', 'addresses of pods; a /24 of it for each node', podCIDR],
    ['--service-cidr <cidr>', 'addresses of Services', serviceCIDR],
    ['--cluster-domain <domain>', 'the DNS domain of the cluster', clusterDomain],
    ['--tls-san <names>', 'more names or addresses in the server certificate, with commas', ''],
    ['--log-level <level>', 'how much is told on stderr', 'info', ['debug', 'info', 'warn', 'error']],
  ];
}

/** Adds the flags that `server` and `up` share; each may come from FLOTILLA_… too. */
export function withServerFlags(command: Command, context: CliContext): Command {
  for (const [flags, text, value, choices] of flagsOf(context)) {
    const option = new Option(flags, text);
    option.env(`FLOTILLA_${option.name().replaceAll('-', '_').toUpperCase()}`);
    if (value !== undefined) option.default(value);
    if (choices !== undefined) option.choices(choices);
    command.addOption(option);
  }
  return command;
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
      names: flags.tlsSan.split(',').filter((name) => name !== ''),
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
