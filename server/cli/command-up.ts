import { Command } from 'commander';
import type { Client } from '../../openapi/client/client.ts';
import { hosts } from '../../openapi/generated/resources.ts';
import type { Host } from '../../openapi/generated/types.ts';
import { isNotFound } from '../../openapi/machinery/status.ts';
import type { ServerOptions } from '../config.ts';
import { parseListen } from '../config.ts';
import { serverOptions, untilAborted, withServerFlags } from './command-server.ts';
import type { CliContext, RunningServer } from './context.ts';
import { readFleet, type Fleet } from './fleet-file.ts';
import { followHosts } from './host-progress.ts';

/** How long `up` shows progress before it says which hosts are late; the server goes on trying. */
const patienceMs = 10 * 60_000;

export function upCommand(context: CliContext): Command {
  const command = new Command('up')
    .description('Start the server in the foreground and bring the hosts of a fleet file to Ready')
    .option('-f, --file <fleet.yaml>', 'the hosts, and settings of the server');
  return withServerFlags(command, context).action(
    async (flags: Parameters<typeof serverOptions>[0] & { readonly file?: string }) => {
      const fleet = flags.file === undefined ? { server: {}, hosts: [] } : await readFleet(flags.file);
      const given = (name: string): boolean => command.getOptionValueSource(name) !== 'default';
      const options = withFleet(serverOptions(flags), fleet, given);
      const server = await context.startServer(options);
      try {
        await joinFleet(context, server, fleet);
        context.err(nextSteps(server));
        await untilAborted(context.signal);
      } finally {
        await server.stop();
      }
    },
  );
}

/** What the file says holds where no flag says otherwise. */
function withFleet(options: ServerOptions, fleet: Fleet, given: (name: string) => boolean): ServerOptions {
  const { listen, dataDir, podCIDR, serviceCIDR, clusterDomain } = fleet.server;
  return {
    ...options,
    ...(listen === undefined || given('listen') ? {} : { listen: parseListen(listen) }),
    ...(dataDir === undefined || given('dataDir') ? {} : { dataDir }),
    ...(podCIDR === undefined || given('podCidr') ? {} : { podCIDR }),
    ...(serviceCIDR === undefined || given('serviceCidr') ? {} : { serviceCIDR }),
    ...(clusterDomain === undefined || given('clusterDomain') ? {} : { clusterDomain }),
  };
}

/** Writes the file's hosts and shows how they join. Hosts that are not in the file stay as they are. */
export async function joinFleet(context: CliContext, server: RunningServer, fleet: Fleet): Promise<void> {
  for (const host of fleet.hosts) await applyHost(server.client, host);
  const names = fleet.hosts.map((host) => host.metadata?.name ?? '');
  if (names.length === 0) {
    context.err('No hosts yet: flotilla host add USER@ADDRESS, or flotilla up -f fleet.yaml\n');
    return;
  }
  const late = await followHosts(context, server.client, names, patienceMs);
  if (late.length > 0 && !context.signal.aborted)
    context.err(`Not Ready yet: ${late.join(', ')}. The server goes on trying; see flotilla host doctor\n`);
}

/** Creates the host, or brings the one of that name to the same spec. */
export async function applyHost(client: Client, host: Host): Promise<void> {
  const name = host.metadata?.name ?? '';
  try {
    const found = await client.get(hosts, { name });
    await client.update(hosts, { ...found, spec: host.spec });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await client.create(hosts, host);
  }
}

export function nextSteps(server: RunningServer): string {
  return [
    '',
    `Flotilla serves ${server.access.server}. Next:`,
    `  export KUBECONFIG=${server.kubeconfigPath}`,
    '  kubectl get nodes -o wide',
    '  kubectl get pods -A -o wide',
    'Ctrl-C stops the server; pods keep running.',
    '',
  ].join('\n');
}
