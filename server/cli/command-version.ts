import { Command } from 'commander';
import type { CliContext } from './context.ts';

export function versionCommand(context: CliContext): Command {
  return new Command('version').description('Print the version').action(() => {
    context.out(`flotilla ${context.version} (Node ${process.version})\n`);
  });
}
