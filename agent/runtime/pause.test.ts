import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pauseProgram } from './pause.ts';

function ended(child: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
  return new Promise((resolve) =>
    child.once('exit', (code, signal) => {
      resolve({ code, signal });
    }),
  );
}

/** Resolves when the process has told the kernel all that it does before it waits: SIGCHLD, the last, is ignored. */
async function ignoresOrphans(pid: number): Promise<void> {
  for (;;) {
    const status = await readFile(`/proc/${pid}/status`, 'latin1');
    const ignored = BigInt(`0x${/^SigIgn:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
    if ((ignored & (1n << 16n)) !== 0n) return;
  }
}

describe('pauseProgram()', () => {
  const runs = process.platform === 'linux' && process.arch === 'x64';
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flotilla-pause-'));
    await writeFile(join(folder, 'pause'), pauseProgram('amd64'), { mode: 0o755 });
  });
  afterAll(() => rm(folder, { recursive: true }));

  for (const architecture of ['amd64', 'arm64'] as const) {
    it(`is an ELF file for ${architecture} under a kilobyte`, () => {
      const program = pauseProgram(architecture);
      expect(program.subarray(0, 4).toString('latin1')).toBe('\x7fELF');
      expect(program.length).toBeLessThan(1024);
      expect(Number(program.readBigUInt64LE(96))).toBe(program.length);
    });
  }
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    (runs ? it : it.skip)(
      `waits, and ends with 0 on ${name} (a machine of another architecture cannot run it)`,
      async () => {
        const child = spawn(join(folder, 'pause'), [], { stdio: 'ignore' });
        const end = ended(child);
        await ignoresOrphans(child.pid ?? 0);
        child.kill(name);
        expect(await end).toEqual({ code: 0, signal: null });
      },
    );
  }
});
