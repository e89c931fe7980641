import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ApiTarget } from './kubeconfig.ts';

/** The limit of what is measured: node:https alone, in a process of its own, with the same bytes. */
export interface BareServer {
  readonly target: ApiTarget;
  /** What it answers at GET /NAME. */
  setBody(name: 'get' | 'list' | 'page', body: Buffer): Promise<void>;
  stop(): Promise<void>;
}

export async function startBareServer(): Promise<BareServer> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-bare-'));
  const keys = ['-keyout', join(directory, 'key.pem'), '-out', join(directory, 'cert.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await promisify(execFile)('openssl', [
    'req',
    '-x509',
    ...curve,
    ...keys,
    '-days',
    '2',
    '-subj',
    '/CN=bare',
  ]);
  const program = new URL('bare-server.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [...process.execArgv, program, directory], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    target: {
      host: '127.0.0.1',
      port: Number(line.toString()),
      rejectUnauthorized: false,
      authorization: '',
    },
    setBody: (name, body) => writeFile(join(directory, name), body),
    async stop() {
      const gone = once(child, 'exit');
      child.kill();
      await gone;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
