import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startCluster, type Cluster } from './cluster.ts';
import { eventually } from './kubectl.ts';
import { idle, podOf, shell } from './pod-objects.ts';

const bigBytes = 20_000_000;
const serve = `mkdir /www; head -c ${bigBytes} /dev/urandom > /www/big; exec httpd -f -p 8080 -h /www`;

let cluster: Cluster;
let namespace: string;
let folder: string;

beforeAll(async () => {
  cluster = await startCluster();
  namespace = await cluster.namespace('streams');
  folder = await mkdtemp(join(tmpdir(), 'flotilla-streams-'));
  const items = [
    podOf('web', {
      containers: [
        shell(serve, {
          readinessProbe: { httpGet: { path: '/big', port: 8080 }, periodSeconds: 1, timeoutSeconds: 10 },
        }),
        shell('cat', { name: 'echo', stdin: true }),
      ],
    }),
    podOf('again', {
      containers: [shell('echo first; while [ ! -e /tmp/go ]; do sleep 0.2; done; echo last; exit 1')],
    }),
  ];
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  expect(await cluster.kubectl.attempt(['apply', '-n', namespace, '-f', '-'], { input })).toMatchObject({
    code: 0,
  });
  await kubectl('wait', '--for=condition=Ready', 'pod/web', 'pod/again', '--timeout=180s');
});
afterAll(async () => {
  await cluster.kubectl('delete', 'namespace', namespace);
  await rm(folder, { recursive: true });
  await cluster.stop();
});

const kubectl = (...args: string[]): Promise<string> => cluster.kubectl('-n', namespace, ...args);
const inNamespace = (...args: string[]): string[] => ['-n', namespace, ...args];
const digestOf = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

/** The bytes of one HTTP/1.0 answer over a connection of its own. */
function fetchBytes(port: number, path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`GET ${path} HTTP/1.0\r\n\r\n`));
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('end', () => {
      const all = Buffer.concat(chunks);
      resolve(all.subarray(all.indexOf('\r\n\r\n') + 4));
    });
  });
}

describe('kubectl exec', () => {
  it('carries megabytes of input and output, whole', async () => {
    const text = randomBytes(4_000_000).toString('base64');
    const both = await cluster.kubectl.attempt(
      inNamespace('exec', '-i', 'web', '-c', 'c', '--', 'sh', '-c', 'tee /tmp/in | wc -c >&2; cat /tmp/in'),
      {
        input: text,
      },
    );
    expect(both.stderr.trim()).toBe(String(text.length));
    expect(digestOf(Buffer.from(both.stdout))).toBe(digestOf(Buffer.from(text)));
  });

  it('ends the command when kubectl goes away', async () => {
    const child = cluster.kubectl.start(
      ...inNamespace(
        'exec',
        'web',
        '-c',
        'c',
        '--',
        'sh',
        '-c',
        'while :; do echo x; sleep 0.5; done; : mark',
      ),
    );
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    child.kill('SIGKILL');
    await eventually(async () => {
      expect(await kubectl('exec', 'web', '-c', 'c', '--', 'sh', '-c', "ps | grep -c '[m]ark' || true")).toBe(
        '0\n',
      );
    });
  });
});

describe('kubectl logs', () => {
  it('follow a container to its end, and show the one before', async () => {
    const following = cluster.kubectl.start(...inNamespace('logs', '-f', 'again'));
    let seen = '';
    following.stdout?.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    const ended = new Promise((resolve) => following.once('exit', resolve));
    await eventually(() => {
      expect(seen).toBe('first\n');
    });
    await kubectl('exec', 'again', '--', 'touch', '/tmp/go');
    expect(await ended).toBe(0);
    expect(seen).toBe('first\nlast\n');
    await eventually(async () => {
      expect(await kubectl('logs', 'again', '--previous', '--tail=1')).toBe('last\n');
      expect(await kubectl('logs', 'again')).toBe('first\n');
    });
  });
});

describe('kubectl attach', () => {
  it('gives input to a running container, and shows what it prints', async () => {
    const child = cluster.kubectl.start(...inNamespace('attach', '-i', 'web', '-c', 'echo'));
    let seen = '';
    child.stdout?.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    await eventually(
      () => {
        child.stdin?.write('hello\n');
        expect(seen).toContain('hello');
      },
      60_000,
      1_000,
    );
    child.kill('SIGKILL');
  });
});

describe('kubectl cp', () => {
  it('copies a tree of hundreds of files both ways', async () => {
    const there = join(folder, 'there');
    for (let i = 0; i < 10; i++) {
      await mkdir(join(there, `d${i}`), { recursive: true });
      for (let j = 0; j < 40; j++)
        await writeFile(join(there, `d${i}/f${j}`), `${i} ${j} ${'x'.repeat(i * j * 50)}`);
    }
    await writeFile(join(there, 'large'), randomBytes(10_000_000));
    await kubectl('cp', there, 'web:/tmp/tree', '-c', 'c');
    const back = join(folder, 'back');
    await kubectl('cp', 'web:/tmp/tree', back, '-c', 'c');
    for (const name of [
      'large',
      ...Array.from({ length: 400 }, (_, n) => `d${n % 10}/f${Math.floor(n / 10)}`),
    ])
      expect([name, digestOf(await readFile(join(back, name)))]).toEqual([
        name,
        digestOf(await readFile(join(there, name))),
      ]);
  });
});

describe('kubectl port-forward', () => {
  it('carries many large transfers side by side', async () => {
    const want = (await kubectl('exec', 'web', '-c', 'c', '--', 'sha256sum', '/www/big')).split(' ')[0];
    const child = cluster.kubectl.start(...inNamespace('port-forward', 'pod/web', ':8080'));
    let told = '';
    child.stdout?.on('data', (chunk: Buffer) => (told += chunk.toString()));
    try {
      const port = await eventually(() => {
        expect(told).toMatch(/127\.0\.0\.1:\d+/);
        return Number(/127\.0\.0\.1:(\d+)/.exec(told)?.[1]);
      });
      const all = await Promise.all(Array.from({ length: 12 }, () => fetchBytes(port, '/big')));
      expect(new Set(all.map(digestOf))).toEqual(new Set([want]));
    } finally {
      child.kill();
    }
  });
});

describe('kubectl debug', () => {
  it('adds a container to a running pod, which sees the processes of the one it is aimed at', async () => {
    const { code, stdout, stderr } = await cluster.kubectl.attempt(
      inNamespace(
        'debug',
        'web',
        '--image=busybox:1',
        '--image-pull-policy=IfNotPresent',
        '--target=c',
        '-c',
        'look',
        '--',
        'sh',
        '-c',
        idle,
      ),
    );
    expect([code, stdout, stderr]).toEqual([0, expect.anything(), expect.anything()]);
    await eventually(async () => {
      expect(await kubectl('exec', 'web', '-c', 'look', '--', 'ps')).toContain('httpd');
    });
    expect(
      await kubectl('get', 'pod', 'web', '-o', 'jsonpath={.status.ephemeralContainerStatuses[0].state}'),
    ).toContain('running');
  });

  it('copies a pod, and looks into a node', async () => {
    const flags = ['--image=busybox:1', '--image-pull-policy=IfNotPresent'];
    await kubectl(
      'debug',
      'again',
      '--copy-to=copy',
      '--share-processes',
      ...flags,
      '-c',
      'look',
      '--',
      'sh',
      '-c',
      idle,
    );
    await eventually(async () => {
      expect(await kubectl('exec', 'copy', '-c', 'look', '--', 'ps')).toContain('pause');
    });
    const { name } = cluster.lab.host(1);
    const told = await kubectl('debug', `node/${name}`, ...flags, '--', 'chroot', '/host', 'hostname');
    const pod = /pod (node-debugger-\S+)/.exec(told)?.[1] ?? '';
    await eventually(async () => {
      expect(await kubectl('logs', pod)).toBe(`${name}\n`);
    });
  });
});

describe('kubectl top', () => {
  it('says that there are no metrics', async () => {
    const { code, stderr } = await cluster.kubectl.attempt(['top', 'nodes']);
    expect([code, stderr]).toEqual([1, 'error: Metrics API not available\n']);
  });
});
