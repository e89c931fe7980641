import { spawn } from 'node:child_process';
import { Command, InvalidArgumentError } from 'commander';
import { buildImage } from './images.ts';
import { labDown, labList, labOpen, LabRefusal, labUp, type Lab } from './lab.ts';
import type { LabRuntime } from './options.ts';

interface Flags {
  readonly name?: string;
  readonly hosts?: number;
  readonly runtime?: LabRuntime;
  readonly subnet?: string;
  readonly directory?: string;
  readonly cache?: string;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('a whole number is wanted');
  return Number(text);
}

function runtimeOf(text: string): LabRuntime {
  if (text !== 'docker' && text !== 'none') throw new InvalidArgumentError('docker or none is wanted');
  return text;
}

const program = new Command('lab').description('Real hosts on this machine: systemd, sshd and Docker each.');

function command(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option('--name <name>', 'which lab (default: lab, or LAB of the environment)')
    .option('--subnet <a.b.c>', 'first three numbers of its /24')
    .option('--directory <dir>', 'where its keys and disks stand');
}

command('up', 'make hosts, or take up those that are there')
  .option('--hosts <n>', 'how many (default 3)', wholeNumber)
  .option('--runtime <runtime>', 'docker or none', runtimeOf)
  .option('--cache <dir>', 'where root file systems are kept')
  .action(async (flags: Flags) => {
    const lab = await labUp({ ...flags, progress: say });
    process.stdout.write(
      `${lab.hosts.map((host) => `${host.name} ${host.address} ssh -F ${lab.sshConfigFile} ${host.name}`).join('\n')}\nfleet file: ${lab.fleetFile}\n`,
    );
  });
command('down', 'remove hosts and all that was made for them').action((flags: Flags) =>
  labDown({ ...flags, progress: say }),
);
program
  .command('ls')
  .description('the labs of this machine')
  .action(async () => {
    for (const { name, hosts, bridge, directory } of await labList())
      process.stdout.write(`${name} ${hosts} hosts ${bridge} ${directory}\n`);
  });
program
  .command('image')
  .description('build the image of a directory with image.yaml into a docker-archive')
  .argument('<directory>')
  .argument('<file>', 'the .tar to write')
  .action(async (directory: string, file: string) => {
    process.stdout.write(`${await buildImage(directory, file)}\n`);
  });
command('ssh', 'a shell on host N, or one command')
  .argument('<n>', 'host number, from 1', wholeNumber)
  .argument('[command...]')
  .action(async (n: number, words: string[], flags: Flags) => {
    const lab = await labOpen(flags);
    const child = spawn('ssh', ['-F', lab.sshConfigFile, lab.host(n).name, ...words], { stdio: 'inherit' });
    process.exitCode = await new Promise<number>((resolve) => {
      child.once('close', (code) => {
        resolve(code ?? 1);
      });
    });
  });
for (const [name, description, act] of [
  ['off', 'pull the plug of host N', (lab: Lab, n: number) => lab.host(n).powerOff()],
  ['on', 'boot host N', (lab: Lab, n: number) => lab.host(n).powerOn()],
  ['disconnect', 'take the cable of host N out', (lab: Lab, n: number) => lab.host(n).disconnect()],
  ['reconnect', 'put the cable of host N back', (lab: Lab, n: number) => lab.host(n).reconnect()],
  ['reset', 'make host N as new', (lab: Lab, n: number) => lab.host(n).reset()],
] as const)
  command(name, description)
    .argument('<n>', 'host number, from 1', wholeNumber)
    .action(async (n: number, flags: Flags) => act(await labOpen(flags), n));

try {
  await program.parseAsync();
} catch (error) {
  say(error instanceof LabRefusal ? `Cannot run a lab here: ${error.message}` : (error as Error).message);
  process.exitCode = 1;
}
