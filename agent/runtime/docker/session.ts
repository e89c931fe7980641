import { PassThrough, type Duplex } from 'node:stream';
import type { Clock } from '../../../openapi/machinery/clock.ts';
import type { AttachOptions, ExecOptions, StreamSession, TerminalSize } from '../driver.ts';
import type { EngineApi } from './api.ts';
import { demux } from './demux.ts';
import type { InspectedExec } from './wire.ts';

/** No key sequence of a user may cut his terminal off; the engine's default is ctrl-p ctrl-q. */
const detachKeys = 'ctrl-@,ctrl-@,ctrl-@,ctrl-@';
const callMsMax = 30_000;

export async function openExec(
  api: EngineApi,
  clock: Clock,
  id: string,
  request: { readonly options: ExecOptions; readonly signal: AbortSignal },
): Promise<StreamSession> {
  const { options, signal } = request;
  const created = await api.json<{ Id: string }>('POST', `/containers/${id}/exec`, {
    body: {
      AttachStdin: options.stdin,
      AttachStdout: options.stdout,
      AttachStderr: options.stderr,
      Tty: options.tty,
      DetachKeys: detachKeys,
      Cmd: options.command,
    },
    signal,
  });
  const socket = await api.hijack(`/exec/${created.Id}/start`, {
    body: { Detach: false, Tty: options.tty },
    signal,
  });
  function inspect(): Promise<InspectedExec> {
    return api.json('GET', `/exec/${created.Id}/json`, { signal: AbortSignal.timeout(callMsMax) });
  }
  return {
    ...streamsOf(socket, options),
    resize: (size) => resize(api, `/exec/${created.Id}/resize`, size),
    ended: closed(socket).then(() => exitCode(inspect, clock)),
    close() {
      socket.destroy();
      // The engine lets the command of a closed exec run on; nobody waits for this one any more.
      inspect().then(killLeftover, () => undefined);
    },
  };
}

export async function openAttach(
  api: EngineApi,
  id: string,
  options: AttachOptions,
  signal: AbortSignal,
): Promise<StreamSession> {
  const socket = await api.hijack(`/containers/${id}/attach`, {
    query: {
      stream: '1',
      detachKeys,
      stdin: options.stdin ? '1' : '0',
      stdout: options.stdout ? '1' : '0',
      stderr: options.stderr ? '1' : '0',
    },
    signal,
  });
  return {
    ...streamsOf(socket, options),
    resize: (size) => resize(api, `/containers/${id}/resize`, size),
    ended: closed(socket).then(() => 0),
    close: () => socket.destroy(),
  };
}

function streamsOf(
  socket: Duplex,
  options: AttachOptions,
): Pick<StreamSession, 'stdin' | 'stdout' | 'stderr'> {
  // Whoever holds the session hears of a broken connection by its end.
  socket.on('error', () => undefined);
  const stdin = options.stdin ? socket : undefined;
  if (!options.stdin) socket.end();
  if (!options.tty) return { stdin, ...demux(socket) };
  const stdout = new PassThrough();
  socket.pipe(stdout);
  socket.once('close', () => stdout.end());
  const stderr = new PassThrough();
  stderr.end();
  return { stdin, stdout, stderr };
}

async function resize(api: EngineApi, path: string, size: TerminalSize): Promise<void> {
  const query = { h: String(size.height), w: String(size.width) };
  await api.json('POST', path, { query, signal: AbortSignal.timeout(callMsMax) });
}

function closed(socket: Duplex): Promise<void> {
  return new Promise((resolve) => {
    socket.once('end', resolve);
    socket.once('close', resolve);
  });
}

/** The connection may end a moment before the engine has noted the code. */
async function exitCode(inspect: () => Promise<InspectedExec>, clock: Clock): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const exec = await inspect();
    if (!exec.Running && exec.ExitCode !== null) return exec.ExitCode;
    await clock.sleep(Math.min(200, 5 * 2 ** attempt));
  }
  return 0;
}

function killLeftover(exec: InspectedExec): void {
  if (!exec.Running || exec.Pid === undefined || exec.Pid <= 1) return;
  try {
    process.kill(exec.Pid, 'SIGKILL');
  } catch {
    // Ended meanwhile.
  }
}
