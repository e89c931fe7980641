import { execFile, spawn } from 'node:child_process';
import { createClient } from '../openapi/client/create-client.ts';
import { createHttpTransport } from '../openapi/client/http-transport.ts';
import { systemClock } from '../openapi/machinery/clock.ts';
import type { CliContext, LabTools } from './cli/context.ts';
import type { Access } from './cli/kubeconfig.ts';
import { defaultDataDir } from './config.ts';
import { gitVersion, startServer } from './serve.ts';

/** The real world, as commands see it. The first SIGINT or SIGTERM aborts `signal`; a second one ends the process at once. */
export function cliContext(): CliContext {
  const end = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      if (end.signal.aborted) process.exit(130);
      end.abort(new Error(`stopped by ${name}`));
    });
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    color: process.stderr.isTTY && process.env['NO_COLOR'] === undefined,
    clock: systemClock,
    env: process.env,
    signal: end.signal,
    defaultDataDir: defaultDataDir(),
    version: gitVersion,
    startServer: (options) => startServer(options, runProgram),
    lab: labTools,
    connect: (access) => connect(access, end.signal),
  };
}

/** npm and tar, for what has to be fetched for hosts of another processor. */
function runProgram(
  program: string,
  args: readonly string[],
  cwd: string,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd, signal, timeout: 600_000 }, (error, _stdout, stderr) => {
      if (error === null) resolve();
      else
        reject(new Error(stderr.trim() === '' ? error.message : stderr.trim().slice(-500), { cause: error }));
    });
  });
}

function connect(access: Access, signal: AbortSignal): ReturnType<CliContext['connect']> {
  const { hostname, port } = new URL(access.server);
  const transport = createHttpTransport({
    address: { host: hostname, port: Number(port === '' ? 443 : port) },
    serverName: hostname,
    ca: access.ca,
    cert: access.certificate,
    key: access.key,
  });
  return {
    transport,
    client: createClient(transport, { clock: systemClock, signal, userAgent: 'flotilla' }),
  };
}

/** The lab is no part of the server: it is loaded when a lab command asks for it. */
async function labTools(): Promise<LabTools> {
  const { labDown, labOpen, labUp } = await import('../test/lab/lab.ts');
  return {
    up: labUp,
    down: labDown,
    async ssh(settings, host, command) {
      const lab = await labOpen(settings);
      const child = spawn('ssh', ['-F', lab.sshConfigFile, lab.host(host).name, ...command], {
        stdio: 'inherit',
      });
      return await new Promise<number>((resolve) =>
        child.once('close', (code) => {
          resolve(code ?? 1);
        }),
      );
    },
  };
}
