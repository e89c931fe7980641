import { spawn } from 'node:child_process';

export interface RunOptions {
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** Called with each line of both outputs as it comes. */
  readonly onLine?: (line: string) => void;
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program without a shell and waits for its end; what it prints is kept up to 16 MiB. */
export function tryRun(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      env: { ...process.env, LC_ALL: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive', ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 600_000,
    });
    const kept = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8');
      child[name].on('data', (text: string) => {
        if (kept[name].length < 16_777_216) kept[name] += text;
        if (options.onLine !== undefined) text.split('\n').filter(Boolean).forEach(options.onLine);
      });
    }
    child.once('error', (error) => {
      resolve({ code: 127, stdout: '', stderr: error.message });
    });
    child.once('close', (code) => {
      resolve({ code: code ?? 137, ...kept });
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}

/** As tryRun, but rejects with the program's last words when it fails. */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const result = await tryRun(command, args, options);
  if (result.code === 0) return result.stdout;
  const printed = result.stderr.trim() === '' ? result.stdout : result.stderr;
  const words = printed.trim().split('\n').slice(-5).join('\n');
  throw new Error(`Cannot run "${[command, ...args].join(' ')}": exit code ${result.code}: ${words}`);
}
