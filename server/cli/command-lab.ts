import { Command, InvalidArgumentError } from 'commander';
import type { CliContext, LabSettings } from './context.ts';

/** Real hosts on this machine: the quickest way to try Flotilla, and where its end-to-end tests run. */
export function labCommand(context: CliContext): Command {
  const command = new Command('lab').description(
    'Real hosts on this machine (systemd, sshd, Docker), to try things on',
  );
  command.addCommand(
    withLabFlags(new Command('up').description('Make hosts, or take up those that are there'))
      .option('--hosts <n>', 'how many (default 3)', wholeNumber)
      .option('--runtime <runtime>', 'docker, or none: hosts as they come from the installer', runtimeOf)
      .action(async (flags: LabSettings) => {
        const lab = await (await context.lab()).up({ ...flags, progress: progressOf(context) });
        context.out(`${lab.hosts.map((host) => `${host.name}  ${host.address}`).join('\n')}\n`);
        context.err(`\nJoin them:   flotilla up -f ${lab.fleetFile}\nLook inside: flotilla lab ssh 1\n`);
      }),
  );
  command.addCommand(
    withLabFlags(new Command('down').description('Remove the hosts and all that was made for them')).action(
      async (flags: LabSettings) => {
        await (await context.lab()).down({ ...flags, progress: progressOf(context) });
      },
    ),
  );
  command.addCommand(
    withLabFlags(new Command('ssh').description('A shell on host N, or one command'))
      .argument('<n>', 'the number of the host, from 1', wholeNumber)
      .argument('[command...]')
      .action(async (n: number, words: readonly string[], flags: LabSettings) => {
        const code = await (await context.lab()).ssh(flags, n, words);
        if (code !== 0) throw new Error(`ssh ended with ${code}`);
      }),
  );
  return command;
}

function withLabFlags(command: Command): Command {
  return command
    .option('--name <name>', 'which lab, where there are several')
    .option('--subnet <a.b.c>', 'the first three numbers of its /24 network');
}

function progressOf(context: CliContext): (line: string) => void {
  return (line) => {
    context.err(`${line}\n`);
  };
}

function wholeNumber(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw new InvalidArgumentError('Give a whole number.');
  return Number(text);
}

function runtimeOf(text: string): string {
  if (text !== 'docker' && text !== 'none') throw new InvalidArgumentError('Give docker or none.');
  return text;
}
