import { runCli } from './cli/program.ts';
import { cliContext } from './context.ts';

process.exitCode = await runCli(process.argv.slice(2), cliContext());
