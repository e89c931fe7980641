import { PassThrough } from 'node:stream';
import type { Host, RunOptions, RunResult } from './host.ts';

export interface FakeRun {
  readonly command: string;
  readonly args: readonly string[];
  readonly input: string;
}

export interface FakeHost extends Host {
  readonly runs: FakeRun[];
  readonly files: Map<string, string>;
}

/** A host in memory: remembers what was run, answers by `answer` (success without output where it yields undefined). */
export function createFakeHost(
  answer: (run: FakeRun) => Partial<RunResult> | undefined = () => undefined,
): FakeHost {
  const runs: FakeRun[] = [];
  const files = new Map<string, string>();
  return {
    runs,
    files,
    run(command, args, options: RunOptions = {}) {
      const input = options.input === undefined ? '' : Buffer.from(options.input).toString();
      const each = { command, args, input };
      runs.push(each);
      const result = { code: 0, stdout: '', stderr: '', ...answer(each) };
      if (result.code === 0 || options.allowFailure === true) return Promise.resolve(result);
      return Promise.reject(new Error(`Cannot run ${command}: exit code ${result.code}: ${result.stderr}`));
    },
    readFile: (path) => Promise.resolve(files.get(path)),
    writeFile(path, content) {
      files.set(path, Buffer.from(content).toString());
      return Promise.resolve();
    },
    connect: () => Promise.resolve(new PassThrough()),
  };
}
