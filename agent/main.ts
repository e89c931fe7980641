import { setMaxListeners } from 'node:events';
import { parseConfig } from './config.ts';
import { paths, type AgentConfig } from '../openapi/machinery/agent-contract.ts';
import { systemClock } from '../openapi/machinery/clock.ts';
import { lineLogger, type Logger } from '../openapi/machinery/log.ts';
import { runAgent } from './agent.ts';
import { cleanup } from './cleanup.ts';
import { realHost } from './host/real-host.ts';
import { kubeletVersion } from './kubelet/node-object.ts';

const usage = 'usage: node agent.cjs run|cleanup|version\n';
const cleanupMsMax = 230_000;

// Of a signal that many calls share, an eleventh listener means nothing.
setMaxListeners(1_000);
void main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  const debug = process.env['FLOTILLA_LOG_LEVEL'] === 'debug';
  const log = lineLogger(
    (line) => process.stdout.write(line),
    () => systemClock.now(),
    debug ? 'debug' : 'info',
  );
  try {
    process.exitCode = await command(args, log);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
  // Sockets that hang must not keep an ended agent.
  process.exit();
}

async function command(args: readonly string[], log: Logger): Promise<number> {
  switch (args[0]) {
    case 'run':
      await run(log);
      return 0;
    case 'cleanup':
      await cleanup({
        config: await readConfig(),
        host: realHost,
        clock: systemClock,
        log,
        signal: AbortSignal.timeout(cleanupMsMax),
      });
      return 0;
    case 'version':
      process.stdout.write(`${kubeletVersion}\n`);
      return 0;
    default:
      process.stderr.write(usage);
      return 2;
  }
}

async function readConfig(): Promise<AgentConfig | undefined> {
  const text = await realHost.readFile(paths.config);
  return text === undefined ? undefined : parseConfig(text);
}

async function run(log: Logger): Promise<void> {
  const config = await readConfig();
  if (config === undefined)
    throw new Error(`Cannot run: there is no ${paths.config}; the server writes it when it joins a host`);
  const ended = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => {
      ended.abort();
    });
  }
  const { signal } = ended;
  await runAgent({ config, host: realHost, clock: systemClock, random: Math.random, log, signal });
}
