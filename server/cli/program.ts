import { Command, CommanderError } from 'commander';
import { hostCommand } from './command-host.ts';
import { imageCommand } from './command-image.ts';
import { kubeconfigCommand } from './command-kubeconfig.ts';
import { labCommand } from './command-lab.ts';
import { serverCommand } from './command-server.ts';
import { statusCommand } from './command-status.ts';
import { upCommand } from './command-up.ts';
import { versionCommand } from './command-version.ts';
import { UsageError, type CliContext } from './context.ts';

const examples = `
Examples:
  flotilla up -f fleet.yaml                         start the server and join the hosts of the file
  flotilla host add admin@192.168.1.10 --sudo       join one more host
  flotilla image load web.tar                       push a saved image to all hosts
  flotilla lab up                                   three real hosts on this machine, to try it all

Every flag of server and up may be given as FLOTILLA_… too: --data-dir is FLOTILLA_DATA_DIR.`;

function program(context: CliContext): Command {
  const root = new Command('flotilla')
    .description('The Kubernetes API for hosts you already have: one server, agents pushed over SSH.')
    .addHelpText('after', examples);
  const commands = [
    upCommand(context),
    serverCommand(context),
    hostCommand(context),
    kubeconfigCommand(context),
    statusCommand(context),
    imageCommand(context),
    labCommand(context),
    versionCommand(context),
  ];
  for (const command of commands) root.addCommand(command);
  for (const command of allOf(root))
    command.exitOverride().configureOutput({
      writeOut: (text) => {
        context.out(text);
      },
      writeErr: (text) => {
        context.err(text);
      },
    });
  return root;
}

function allOf(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allOf)];
}

/** Runs one command line. Resolves with the exit code: 0, 1 (it failed; one line on stderr says why) or 2 (bad usage). */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  try {
    await program(context).parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (context.signal.aborted) return 0;
    context.err(`flotilla: ${(error as Error).message}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}
