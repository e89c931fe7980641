import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../openapi/machinery/clock.ts';
import type { CliContext } from './context.ts';
import { runCli } from './program.ts';

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function run(...args: string[]): Promise<Ended> {
  return runWith({}, ...args);
}

async function runWith(env: NodeJS.ProcessEnv, ...args: string[]): Promise<Ended> {
  let out = '';
  let err = '';
  const context: CliContext = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    color: false,
    clock: systemClock,
    env,
    signal: new AbortController().signal,
    defaultDataDir: '/nonexistent/flotilla',
    version: 'v1.36.3+flotilla.test',
    startServer: () => Promise.reject(new Error('Cannot start: this is a test')),
    lab: () => Promise.reject(new Error('no lab here')),
    connect: () => {
      throw new Error('no server here');
    },
  };
  const code = await runCli(args, context);
  return { code, out, err };
}

describe('flotilla', () => {
  const cases = [
    { name: 'prints its version', args: ['version'], code: 0, out: /^flotilla v1\.36\.3\+flotilla\.test/ },
    {
      name: 'teaches with --help',
      args: ['--help'],
      code: 0,
      out: /Examples:[\s\S]*flotilla up -f fleet.yaml/,
    },
    {
      name: 'teaches about each command',
      args: ['host', 'add', '--help'],
      code: 0,
      out: /--host-key <fingerprint>/,
    },
    { name: 'names an unknown command', args: ['uq'], code: 2, err: /unknown command 'uq'/ },
    {
      name: 'names an unknown flag',
      args: ['server', '--prot', '1'],
      code: 2,
      err: /unknown option '--prot'/,
    },
    {
      name: 'refuses an address to listen on that is none',
      args: ['server', '--listen', 'x'],
      code: 2,
      err: /Cannot listen on "x": give ADDRESS:PORT/,
    },
    {
      name: 'refuses a network that is none',
      args: ['up', '--pod-cidr', '10.0.0.0/33'],
      code: 2,
      err: /Cannot use --pod-cidr "10\.0\.0\.0\/33": give an IPv4 network/,
    },
    {
      name: 'refuses a fleet file that is not there',
      args: ['up', '-f', '/nonexistent.yaml'],
      code: 1,
      err: /^flotilla: Cannot read \/nonexistent\.yaml: there is no such file\n$/,
    },
    {
      name: 'says in one line why it cannot start',
      args: ['server'],
      code: 1,
      err: /^flotilla: Cannot start: this is a test\n$/,
    },
    {
      name: 'says what to do without a server',
      args: ['status'],
      code: 1,
      err: /Start a server first \(flotilla up\), or name its kubeconfig/,
    },
    {
      name: 'refuses a label without a value',
      args: ['host', 'add', 'a@b', '--label', 'x'],
      code: 2,
      err: /Cannot use --label "x": give KEY=VALUE/,
    },
    {
      name: 'refuses a port that is none',
      args: ['host', 'add', 'a@b', '--port', '0'],
      code: 2,
      err: /give a number from 1 to 65535/,
    },
  ];
  for (const { name, args, code, out, err } of cases)
    it(name, async () => {
      const result = await run(...args);
      expect(result.code).toBe(code);
      if (out !== undefined) expect(result.out).toMatch(out);
      if (err !== undefined) expect(result.err).toMatch(err);
    });
});

describe('the kubeconfig of a command', () => {
  const KUBECONFIG = '/nonexistent/kubectl.yaml:/nonexistent/second.yaml';
  const cases = [
    {
      name: 'is what --kubeconfig names',
      env: { KUBECONFIG },
      flags: ['--kubeconfig', '/nonexistent/flag'],
      path: 'flag',
    },
    {
      name: "is else that of FLOTILLA_DATA_DIR's server",
      env: { KUBECONFIG, FLOTILLA_DATA_DIR: '/nonexistent/d' },
      flags: [],
      path: 'd/admin.kubeconfig',
    },
    { name: 'is else the first that kubectl uses', env: { KUBECONFIG }, flags: [], path: 'kubectl.yaml' },
    { name: "is else that of this machine's server", env: {}, flags: [], path: 'flotilla/admin.kubeconfig' },
  ];
  for (const { name, env, flags, path } of cases)
    it(name, async () => {
      expect((await runWith(env, 'status', ...flags)).err).toContain(`kubeconfig "/nonexistent/${path}"`);
    });
});
