import type { Pod } from '../../openapi/generated/types.ts';
import type { Clock } from '../../openapi/machinery/clock.ts';
import { linkSignals, withinTime } from '../../openapi/machinery/link-signals.ts';
import type { RuntimeDriver } from '../runtime/driver.ts';

export interface CommandResult {
  readonly exitCode: number;
  readonly output: string;
  readonly timedOut: boolean;
}

const outputBytesMax = 10 * 1024;

/** Runs a command in a container and collects what it prints, up to 10 KiB, until it ends or `timeoutMs` is over. */
export async function runInContainer(
  driver: RuntimeDriver,
  id: string,
  command: readonly string[],
  limits: { readonly timeoutMs: number; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<CommandResult> {
  const { clock, signal, timeoutMs } = limits;
  const options = { command, stdin: false, stdout: true, stderr: true, tty: false };
  // The session ends with the call that opened it, so its signal outlives the time of the command.
  const opened = linkSignals(signal);
  try {
    const session = await driver.exec(id, options, opened.signal);
    let output = '';
    const collect = (chunk: Buffer): void => {
      if (output.length < outputBytesMax)
        output += chunk.toString('utf8').slice(0, outputBytesMax - output.length);
    };
    session.stdout.on('data', collect);
    session.stderr.on('data', collect);
    const end = await withinTime(signal, timeoutMs, clock, (limit) =>
      Promise.race([session.ended, aborted(limit)]),
    );
    if (end !== 'aborted') return { exitCode: end, output, timedOut: false };
    session.ended.catch(() => undefined);
    session.close();
    signal.throwIfAborted();
    return { exitCode: -1, output, timedOut: true };
  } finally {
    opened.release();
  }
}

function aborted(signal: AbortSignal): Promise<'aborted'> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('aborted');
    signal.addEventListener(
      'abort',
      () => {
        resolve('aborted');
      },
      { once: true },
    );
  });
}

/** A port by number, or by the name that one of the container's ports has. */
export function portOf(pod: Pod, containerName: string, port: string | number): number {
  if (typeof port === 'number') return port;
  const numeric = Number(port);
  if (Number.isInteger(numeric)) return numeric;
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const container = containers.find(({ name }) => name === containerName);
  const found = container?.ports?.find(({ name }) => name === port);
  if (found === undefined) throw new Error(`couldn't find port: ${port}`);
  return found.containerPort;
}
